# SPDX-License-Identifier: MIT
"""A dense gas of 64 atoms, half argon and half krypton, which the tests of data and evaluation share."""

import numpy as np
import openmm

CUTOFF = 0.7  # nm
EDGE = 1.9  # nm
SIGMA, EPSILON = 0.34, 1.0  # nm, kJ/mol


def create_system(skew: float = 0.0) -> tuple[openmm.System, None, np.ndarray]:
    """Make a System of cut and shifted Lennard-Jones atoms, and their positions on a lattice."""
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors([EDGE, 0, 0], [skew * EDGE, EDGE, 0], [skew * EDGE, skew * EDGE, EDGE])
    force = openmm.CustomNonbondedForce("4*epsilon*((x^2-x)-(xc^2-xc)); x=(sigma/r)^6; xc=(sigma/rc)^6")
    for name, value in (("sigma", SIGMA), ("epsilon", EPSILON), ("rc", CUTOFF)):
        force.addGlobalParameter(name, value)
    force.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(CUTOFF)
    for i in range(64):
        system.addParticle((39.948, 83.798)[i % 2])
        force.addParticle([])
    force.addExclusion(3, 2)
    system.addForce(force)
    cells = np.stack(np.meshgrid(*3 * [np.arange(4)], indexing="ij"), axis=-1).reshape(-1, 3)
    return system, None, cells * (EDGE / 4)


def not_a_system() -> int:
    """Return what no System is."""
    return 3
