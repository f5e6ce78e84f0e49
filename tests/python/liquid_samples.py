# SPDX-License-Identifier: MIT
"""Argon configurations that the tests share, from examples/liquid_argon.py."""

import sys
from pathlib import Path

import numpy as np
import openmm
from openmm import unit

EXAMPLES = Path(__file__).parents[2] / "examples"
sys.path.insert(0, str(EXAMPLES))

import liquid_argon  # noqa: E402

KJ_PER_NM = unit.kilojoule_per_mole / unit.nanometer


def shaken_lattice(numCells, shear=0.0, amplitude=0.03, seed=5):
    """Return positions of an fcc crystal whose atoms are displaced at random, and box vectors as rows, nm.

    The box is sheared by this fraction of its edge along each tilt, atoms with it. An amplitude of 0.03 nm brings some
    neighbours closer than the liquid does.
    """
    positions, edge = liquid_argon.createLattice(numCells)
    box = edge * np.array([[1.0, 0.0, 0.0], [shear, 1.0, 0.0], [-shear, shear, 1.0]])
    positions = positions / edge @ box
    return positions + np.random.default_rng(seed).normal(0.0, amplitude, positions.shape), box


def compute(force, positions, box, platform="Reference"):
    """Return forces, kJ/mol/nm, and energy, kJ/mol, of one Force."""
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*box)
    for _ in positions:
        system.addParticle(liquid_argon.MASS)
    system.addForce(force)
    integrator = openmm.VerletIntegrator(0.001)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatform(platform))
    context.setPositions(positions)
    state = context.getState(forces=True, energy=True)
    energy = state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole)
    return state.getForces(asNumpy=True).value_in_unit(KJ_PER_NM), energy
