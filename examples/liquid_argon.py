# SPDX-License-Identifier: MIT
"""Lennard-Jones argon as the examples use it: parameters, an fcc start, and Systems in OpenMM's units."""

import numpy as np
import openmm
from openmm import unit

SIGMA = 0.3405  # nm; Rahman, Phys. Rev. 136, A405 (1964) and the report PNNL-38353
EPSILON = 119.8 * unit.MOLAR_GAS_CONSTANT_R.value_in_unit(unit.kilojoule_per_mole / unit.kelvin)  # kJ/mol
CUTOFF = 0.85  # nm
MASS = 39.948  # dalton
NUMBER_DENSITY = 19.8  # atoms per nm^3, the liquid at 100 K
TIME_STEP = 0.002  # ps
FRICTION = 1.0  # 1/ps


def lennardJonesForce(r):
    """Return -dU/dr of Lennard-Jones argon in kJ/mol/nm, r in nm."""
    x = (SIGMA / r) ** 6
    return 24.0 * EPSILON * (2.0 * x * x - x) / r


def lennardJonesEnergy(r):
    """Return the Lennard-Jones energy in kJ/mol, shifted to zero at the cutoff, r in nm."""
    x, xc = (SIGMA / r) ** 6, (SIGMA / CUTOFF) ** 6
    return 4.0 * EPSILON * ((x * x - x) - (xc * xc - xc))


def createLattice(numCells):
    """Return the positions, shape (4*numCells^3, 3), and the edge of an fcc crystal of the liquid's density, nm."""
    edge = (4.0 * numCells**3 / NUMBER_DENSITY) ** (1.0 / 3.0)
    basis = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    cells = np.stack(np.meshgrid(*3 * [np.arange(numCells)], indexing="ij"), axis=-1).reshape(-1, 1, 3)
    return (cells + basis).reshape(-1, 3) * (edge / numCells), edge


def createSystem(numAtoms, edge, forces):
    """Return a System of argon atoms in a cubic box."""
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*(edge * np.eye(3)))
    for _ in range(numAtoms):
        system.addParticle(MASS)
    for force in forces:
        system.addForce(force)
    return system


def createLennardJones(numAtoms):
    """Return a NonbondedForce that cuts Lennard-Jones off at CUTOFF, with no dispersion correction."""
    force = openmm.NonbondedForce()
    force.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(CUTOFF)
    force.setUseDispersionCorrection(False)
    for _ in range(numAtoms):
        force.addParticle(0.0, SIGMA, EPSILON)
    return force


def createShiftedLennardJones(numAtoms):
    """Return a force with the same forces as createLennardJones(), whose energy is zero at the cutoff.

    NonbondedForce does not shift its energy: each pair within the cutoff contributes U(CUTOFF) more.
    """
    force = openmm.CustomNonbondedForce("4*epsilon*((x^2-x)-(xc^2-xc)); x=(sigma/r)^6; xc=(sigma/rc)^6")
    for name, value in (("sigma", SIGMA), ("epsilon", EPSILON), ("rc", CUTOFF)):
        force.addGlobalParameter(name, value)
    force.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(CUTOFF)
    for _ in range(numAtoms):
        force.addParticle([])
    return force


def createLiquid(numCells=8):
    """Return a System of 4*numCells^3 atoms, no topology, and the positions of a lattice: for openmm-surrogate sample.

    The energy is zero at the cutoff, as that of a surrogate is.
    """
    positions, edge = createLattice(numCells)
    return createSystem(len(positions), edge, [createShiftedLennardJones(len(positions))]), None, positions


def createContext(system, temperature, seed, platformName=None):
    """Return a Context with a LangevinMiddleIntegrator, temperature in K; the fastest platform if none is named."""
    integrator = openmm.LangevinMiddleIntegrator(temperature, FRICTION, TIME_STEP)
    integrator.setRandomNumberSeed(seed)
    if platformName is None:
        return openmm.Context(system, integrator)
    return openmm.Context(system, integrator, openmm.Platform.getPlatformByName(platformName))
