# SPDX-License-Identifier: MIT
"""Charged systems of any size: rock salt and water, brought to 298 K."""

from __future__ import annotations

import copy
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openmm
from openmm import app, unit

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
import nacl_system

TEMPERATURE = 298.0  # K
START_TEMPERATURE = 2 * TEMPERATURE  # K; of the velocities where nothing moves yet: half of it goes into positions
FRICTION = 1.0  # 1/ps
EQUILIBRATION_FRICTION = 10.0  # 1/ps
LATTICE_CONSTANT = 0.564  # nm; of real rock salt
SALT_STEP = 0.001  # ps
WATER_STEP = 0.002  # ps
WATER_CUTOFF = 0.9  # nm
WATER_CELL = 2.8  # nm; the box of water that larger ones are made of


@dataclass(frozen=True)
class Electrolyte:
    """A System with a NonbondedForce, and a configuration of it."""

    name: str
    system: openmm.System
    positions: np.ndarray  # nm
    velocities: np.ndarray | None  # nm/ps; None: to be drawn
    timeStep: float  # ps

    @property
    def numAtoms(self) -> int:
        """Number of atoms."""
        return len(self.positions)


def createSalt(numCells: int) -> Electrolyte:
    """Return 8*numCells^3 ions of NaCl in rock salt's places."""
    positions, names, edge = nacl_system.createLattice(numCells, LATTICE_CONSTANT)
    system = nacl_system.createSystem(names, edge, [nacl_system.createPME(names)])
    return Electrolyte("NaCl", system, positions, None, SALT_STEP)


def createWater(numCells: int, platform: str, properties: dict[str, str]) -> Electrolyte:
    """Return rigid TIP3P-FB water: numCells^3 copies of an equilibrated box, some 2,200 atoms each."""
    forceField = app.ForceField("amber14/tip3pfb.xml")
    modeller = app.Modeller(app.Topology(), [])
    modeller.addSolvent(forceField, model="tip3p", boxSize=openmm.Vec3(*3 * [WATER_CELL]) * unit.nanometer)
    system = forceField.createSystem(
        modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=WATER_CUTOFF * unit.nanometer, removeCMMotion=False
    )
    positions = np.array(modeller.positions.value_in_unit(unit.nanometer))
    cell = equilibrate(Electrolyte("water", system, positions, None, WATER_STEP), 2000, platform, properties, True)
    return repeat(cell, numCells)


def repeat(cell: Electrolyte, numCells: int) -> Electrolyte:
    """Return a box of numCells^3 copies of another, in a cube; it has masses, constraints and a NonbondedForce."""
    edge = cell.system.getDefaultPeriodicBoxVectors()[0][0].value_in_unit(unit.nanometer)
    source = next(force for force in cell.system.getForces() if isinstance(force, openmm.NonbondedForce))
    system, force, numAtoms = openmm.System(), openmm.NonbondedForce(), cell.numAtoms
    system.setDefaultPeriodicBoxVectors(*(numCells * edge * np.eye(3)))
    force.setNonbondedMethod(source.getNonbondedMethod())
    force.setCutoffDistance(source.getCutoffDistance())
    force.setEwaldErrorTolerance(source.getEwaldErrorTolerance())
    particles = [source.getParticleParameters(i) for i in range(numAtoms)]
    exceptions = [source.getExceptionParameters(i) for i in range(source.getNumExceptions())]
    constraints = [cell.system.getConstraintParameters(i) for i in range(cell.system.getNumConstraints())]
    masses = [cell.system.getParticleMass(i) for i in range(numAtoms)]
    for first in range(0, numAtoms * numCells**3, numAtoms):
        for mass, parameters in zip(masses, particles, strict=True):
            system.addParticle(mass)
            force.addParticle(*parameters)
        for i, j, *parameters in exceptions:
            force.addException(first + i, first + j, *parameters)
        for i, j, distance in constraints:
            system.addConstraint(first + i, first + j, distance)
    system.addForce(force)
    shifts = np.stack(np.meshgrid(*3 * [np.arange(numCells) * edge], indexing="ij"), axis=-1).reshape(-1, 1, 3)
    positions = (shifts + cell.positions).reshape(-1, 3)
    velocities = None if cell.velocities is None else np.tile(cell.velocities, (numCells**3, 1))
    return Electrolyte(cell.name, system, positions, velocities, cell.timeStep)


def createContext(
    electrolyte: Electrolyte,
    system: openmm.System,
    platform: str,
    properties: dict[str, str],
    friction: float = FRICTION,
) -> openmm.Context:
    """Return a Context with a Langevin thermostat that goes on from a configuration, with the System's own forces."""
    integrator = openmm.LangevinMiddleIntegrator(TEMPERATURE, friction, electrolyte.timeStep)
    integrator.setRandomNumberSeed(1)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatformByName(platform), properties)
    context.setPositions(electrolyte.positions)
    if electrolyte.velocities is None:
        context.setVelocitiesToTemperature(START_TEMPERATURE, 1)
    else:
        context.setVelocities(electrolyte.velocities)
    return context


def equilibrate(
    electrolyte: Electrolyte, steps: int, platform: str, properties: dict[str, str], minimize: bool = False
) -> Electrolyte:
    """Return the configuration after steps with plain OpenMM forces."""
    system = copy.deepcopy(electrolyte.system)
    context = createContext(electrolyte, system, platform, properties, EQUILIBRATION_FRICTION)
    if minimize:
        openmm.LocalEnergyMinimizer.minimize(context, maxIterations=100)
        context.setVelocitiesToTemperature(START_TEMPERATURE, 1)
    context.getIntegrator().step(steps)
    state = context.getState(positions=True, velocities=True)
    return Electrolyte(
        electrolyte.name,
        electrolyte.system,
        state.getPositions(asNumpy=True).value_in_unit(unit.nanometer),
        state.getVelocities(asNumpy=True).value_in_unit(unit.nanometer / unit.picosecond),
        electrolyte.timeStep,
    )
