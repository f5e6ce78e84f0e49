# SPDX-License-Identifier: MIT
"""Systems that tests of ESP share, and its rows of parameters. Lengths in nm, charges in e."""

import numpy as np
import openmm
from openmm import app, unit

# Tolerance: order, spacing over the cutoff, bandwidth, window width; as in docs/theory/prolate.md.
ROWS = {
    1e-3: (5, 0.275, 10.5, 1.45),
    5e-4: (5, 0.25, 11.5, 1.5),
    2e-4: (6, 0.25, 12.5, 1.3),
    1e-4: (6, 0.228, 13.0, 1.4),
    5e-5: (7, 0.228, 13.5, 1.3),
    1e-5: (8, 0.20, 15.0, 1.3),
    1e-6: (10, 0.17, 17.0, 1.25),
}


def make_shaken_salt(cells: int = 8, deviation: float = 0.025, seed: int = 3):
    """Rock salt of NaCl, atoms displaced at random. Returns positions, charges and the box."""
    grid = np.stack(np.meshgrid(*[np.arange(2 * cells)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    positions = 0.282 * grid + np.random.default_rng(seed).normal(0.0, deviation, grid.shape)
    return positions, np.where(grid.sum(axis=1) % 2, 1.0, -1.0), np.eye(3) * 0.564 * cells


def make_random_ions(count: int, edge: float, distance: float, seed: int = 5):
    """Ions at random that are nowhere closer than a distance: they do not screen each other."""
    rng = np.random.default_rng(seed)
    positions = np.zeros((0, 3))
    while len(positions) < count:
        trial = rng.uniform(0.0, edge, 3)
        delta = positions - trial
        delta -= edge * np.round(delta / edge)
        if len(positions) == 0 or np.min(np.sum(delta**2, axis=1)) > distance**2:
            positions = np.vstack([positions, trial])
    return positions, np.where(np.arange(count) % 2, 1.0, -1.0), np.eye(3) * edge


def make_water(edge: float = 2.5):
    """TIP3P water in a box, as OpenMM's Modeller makes it. Returns the System (PME, rigid), positions and the box."""
    forcefield = app.ForceField("amber14/tip3p.xml")
    modeller = app.Modeller(app.Topology(), [] * unit.nanometer)
    modeller.addSolvent(forcefield, boxSize=openmm.Vec3(edge, edge, edge) * unit.nanometer)
    system = forcefield.createSystem(modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=0.9 * unit.nanometer)
    positions = np.array(modeller.positions.value_in_unit(unit.nanometer))
    return system, positions, np.eye(3) * edge


def make_charges(charges: np.ndarray, cutoff: float = 1.0) -> openmm.NonbondedForce:
    """Make a plain NonbondedForce of charges alone."""
    force = openmm.NonbondedForce()
    force.setNonbondedMethod(openmm.NonbondedForce.PME)
    force.setCutoffDistance(cutoff)
    for charge in charges:
        force.addParticle(charge, 1.0, 0.0)
    return force
