# SPDX-License-Identifier: MIT
"""Lennard-Jones in OpenMM."""

from common.argon import liquid_argon

from contestants.openmm_md import OpenMMContestant

LENNARD_JONES = OpenMMContestant(
    "lj", "OpenMM NonbondedForce", lambda numAtoms: [liquid_argon.createLennardJones(numAtoms)]
)

# For energies that are comparable: zero at the cutoff.
SHIFTED_LENNARD_JONES = OpenMMContestant(
    "lj-shifted",
    "OpenMM CustomNonbondedForce, Lennard-Jones shifted",
    lambda numAtoms: [liquid_argon.createShiftedLennardJones(numAtoms)],
)
