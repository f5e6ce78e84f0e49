# SPDX-License-Identifier: MIT
"""One configuration with its forces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """One configuration of a System with the forces that act in it."""

    positions: Array
    """Positions, nm, shape (particles, 3); in any periodic image."""
    box: Array | None
    """Periodic box vectors a, b, c as rows in OpenMM's reduced form, nm, shape (3, 3); None if not periodic."""
    forces: Array
    """Forces, kJ/mol/nm, shape (particles, 3)."""
    potentialEnergy: float
    """Potential energy, kJ/mol."""
    virial: Array | None = None
    """-dU/d(ln L) for stretching the box and all positions along x, y and z, kJ/mol, shape (3,); None if not recorded.

    For pair forces these are the sums of r_a F_a over pairs; their sum over 3 V is their part of the pressure."""


def check_frame(frame: Frame, numParticles: int, periodic: bool, recordsVirial: bool, where: str) -> None:
    """Raise ValueError, beginning with where, if shapes do not fit the data set or a number is not finite."""
    _check_array(frame.positions, (numParticles, 3), f"{where}: positions")
    _check_array(frame.forces, (numParticles, 3), f"{where}: forces")
    if not np.isfinite(frame.potentialEnergy):
        raise ValueError(f"{where}: the potential energy is {frame.potentialEnergy}")
    for name, value, wanted, size in (
        ("box", frame.box, periodic, (3, 3)),
        ("virial", frame.virial, recordsVirial, (3,)),
    ):
        if wanted != (value is not None):
            raise ValueError(f"{where}: a {name} is {'needed' if wanted else 'given, but the data set has none'}")
        if value is not None:
            _check_array(value, size, f"{where}: {name}")
    if frame.box is not None and not (np.diag(frame.box) > 0.0).all():
        raise ValueError(f"{where}: the box vectors {frame.box.tolist()} nm are not in reduced form")


def _check_array(values: Array, shape: tuple[int, ...], name: str) -> None:
    if np.shape(values) != shape:
        raise ValueError(f"{name} have shape {np.shape(values)} instead of {shape}")
    if not np.isfinite(values).all():
        bad = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(f"{name} are not finite: {values[tuple(bad)]} at index {tuple(int(i) for i in bad)}")
