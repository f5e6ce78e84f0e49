# SPDX-License-Identifier: MIT
"""The virial of any forces, from energy differences."""

from __future__ import annotations

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import unit

Array = NDArray[np.float64]

# Relative change of an edge. Smaller steps magnify the rounding of energies, larger ones the curvature and the jump of
# a force at its cutoff. Measured for 2,048 Lennard-Jones atoms against the sum over pairs, relative to the sum of
# magnitudes: 2e-5 with energies in single precision, 7e-6 in double.
STEP = 1e-3


def computeVirial(context: openmm.Context, positions: Array, box: Array, groups: int = -1) -> Array:
    """Compute -dU/d(ln L) for stretching the box and all positions along each axis, by central differences.

    Where an energy is cut off without a shift, pairs that cross the cutoff contribute the jump: the virial is the
    derivative of the energy as it is. The Context is left with other positions and box vectors than before.

    Parameters
    ----------
    context
        of a periodic System
    positions
        nm, shape (particles, 3)
    box
        box vectors as rows in reduced form, nm, shape (3, 3)
    groups
        the force groups to count, one bit each

    Returns
    -------
    array
        kJ/mol, shape (3,)
    """
    result = np.empty(3)
    for axis in range(3):
        energies = []
        for factor in (1.0 + STEP, 1.0 - STEP):
            stretch = np.ones(3)
            stretch[axis] = factor
            context.setPeriodicBoxVectors(*(box * stretch))
            context.setPositions(positions * stretch)
            energy = context.getState(energy=True, groups=groups).getPotentialEnergy()
            energies.append(energy.value_in_unit(unit.kilojoule_per_mole))
        result[axis] = -(energies[0] - energies[1]) / (np.log1p(STEP) - np.log1p(-STEP))
    return result
