# SPDX-License-Identifier: MIT
"""Sodium chloride as examples and benchmarks use it: parameters, a rock salt start, and Systems in OpenMM's units."""

import numpy as np
import openmm
from openmm import app

# charge, e; sigma, nm; epsilon, kJ/mol; mass, dalton. Joung and Cheatham, J. Phys. Chem. B 112, 9020 (2008), ions for
# SPC/E water, with Lorentz-Berthelot rules. In this force field the crystal at 298 K and 1 bar is 2.5 % wider than real
# rock salt (0.564 nm).
IONS = {"Na": (1.0, 0.2159538, 1.475465, 22.98977), "Cl": (-1.0, 0.4830453, 0.0534924, 35.453)}
LATTICE_CONSTANT = 0.578  # nm; of the crystal at 298 K and about 1 bar
MELT_DENSITY = 24.5  # ions per nm^3; of the melt at 1500 K and about 1 bar
CRYSTAL_TEMPERATURE = 298.0  # K
MELT_TEMPERATURE = 1500.0  # K
CUTOFF = 1.0  # nm
TIME_STEP = 0.001  # ps
FRICTION = 1.0  # 1/ps


def createLattice(numCells, latticeConstant=LATTICE_CONSTANT):
    """Return positions of rock salt, shape (8*numCells^3, 3), nm, the names of the ions, and the edge of the box."""
    sites = np.stack(np.meshgrid(*3 * [np.arange(2 * numCells)], indexing="ij"), axis=-1).reshape(-1, 3)
    names = np.array(list(IONS))[sites.sum(axis=1) % 2]
    return sites * (0.5 * latticeConstant), names, numCells * latticeConstant


def createSystem(names, edge, forces):
    """Return a System of ions in a cubic box."""
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*(edge * np.eye(3)))
    for name in np.asarray(names).tolist():  # strings of numpy's would take three times as long
        system.addParticle(IONS[name][3])
    for force in forces:
        system.addForce(force)
    return system


def createTopology(names, edge):
    """Return a Topology in which each ion is a residue of its own."""
    topology = app.Topology()
    chain = topology.addChain()
    for name in names:
        residue = topology.addResidue(name.upper(), chain)
        topology.addAtom(name, app.Element.getBySymbol(name), residue)
    topology.setPeriodicBoxVectors(edge * np.eye(3))
    return topology


def createPME(names, cutoff=CUTOFF, tolerance=5e-4):
    """Return a NonbondedForce with PME, as a user would write it."""
    force = openmm.NonbondedForce()
    force.setNonbondedMethod(openmm.NonbondedForce.PME)
    force.setCutoffDistance(cutoff)
    force.setEwaldErrorTolerance(tolerance)
    for name in np.asarray(names).tolist():
        force.addParticle(*IONS[name][:3])
    return force


def createCrystal(numCells=8, cutoff=1.2, tolerance=1e-6):
    """Return a System of 8*numCells^3 ions, no topology, and positions: for openmm-surrogate sample.

    The defaults are those of training data: forces of PME to six digits, and Lennard-Jones nearly complete.
    """
    positions, names, edge = createLattice(numCells)
    return createSystem(names, edge, [createPME(names, cutoff, tolerance)]), None, positions


def createMelt(numCells=8, cutoff=1.2, tolerance=1e-6):
    """Return the same for the melt: a crystal of its density, which a start temperature of 3000 K melts."""
    positions, names, edge = createLattice(numCells, (8.0 / MELT_DENSITY) ** (1.0 / 3.0))
    return createSystem(names, edge, [createPME(names, cutoff, tolerance)]), None, positions
