# SPDX-License-Identifier: MIT
"""OpenMM's CustomNonbondedForce with a tabulated function: how a user would tabulate a pair force in OpenMM today."""

import numpy as np
import openmm
from common.argon import liquid_argon

from contestants.openmm_md import OpenMMContestant

POINTS = 2000
SMALLEST_DISTANCE = 0.25  # nm


def createTabulated(numAtoms: int) -> list[openmm.Force]:
    """Return Lennard-Jones as a table."""
    r = np.linspace(SMALLEST_DISTANCE, liquid_argon.CUTOFF, POINTS)
    energies = liquid_argon.lennardJonesEnergy(r)
    force = openmm.CustomNonbondedForce("table(r)")
    force.addTabulatedFunction("table", openmm.Continuous1DFunction(energies, SMALLEST_DISTANCE, liquid_argon.CUTOFF))
    force.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(liquid_argon.CUTOFF)
    for _ in range(numAtoms):
        force.addParticle([])
    return [force]


CUSTOM_TABLE = OpenMMContestant("custom", "OpenMM CustomNonbondedForce, tabulated", createTabulated)
