# SPDX-License-Identifier: MIT
"""Charged systems of any size in equilibrium: rock salt, its melt, water, a protein in water."""

from __future__ import annotations

import copy
import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openmm
from openmm import app, unit

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
import nacl_system

from common.salt import PHASES

TEMPERATURE = 298.0  # K
FRICTION = 1.0  # 1/ps
EQUILIBRATION_FRICTION = 10.0  # 1/ps
LATTICE_CONSTANT = 0.564  # nm; of real rock salt
SALT_STEP = 0.001  # ps
WATER_STEP = 0.002  # ps
WATER_CUTOFF = 0.9  # nm
WATER_CELL = 3.25  # nm; the box of water that larger ones are made of
PROTEIN_CUTOFF = 1.0  # nm
PROTEIN_EDGE = 6.2  # nm


@dataclass(frozen=True)
class Electrolyte:
    """A System with a NonbondedForce, and a configuration of it."""

    name: str
    system: openmm.System
    positions: np.ndarray  # nm
    velocities: np.ndarray | None  # nm/ps; None: to be drawn
    timeStep: float  # ps
    temperature: float = TEMPERATURE  # K

    @property
    def numAtoms(self) -> int:
        """Number of atoms."""
        return len(self.positions)

    @property
    def volume(self) -> float:
        """Volume of the box, nm^3."""
        vectors = [vector.value_in_unit(unit.nanometer) for vector in self.system.getDefaultPeriodicBoxVectors()]
        return float(np.linalg.det(np.array(vectors)))


def parseCounts(text: str) -> tuple[int, ...]:
    """Return the counts along the axes that "4x4x5" means, or "2" for three times 2."""
    counts = tuple(int(count) for count in text.split("x"))
    if len(counts) not in (1, 3) or min(counts) < 1:
        raise ValueError(f"one count or three are needed, such as 2 or 4x4x5; got {text!r}")
    return counts if len(counts) == 3 else 3 * counts


def createSalt(numCells: int, latticeConstant: float = LATTICE_CONSTANT) -> Electrolyte:
    """Return 8*numCells^3 ions of NaCl in rock salt's places."""
    positions, names, edge = nacl_system.createLattice(numCells, latticeConstant)
    system = nacl_system.createSystem(names, edge, [nacl_system.createPME(names)])
    return Electrolyte("NaCl", system, positions, None, SALT_STEP)


def createMeltCell(numCells: int = 8) -> Electrolyte:
    """Return 8*numCells^3 ions of NaCl at the density of the melt, still in rock salt's places."""
    phase = PHASES["melt"]
    positions, names, edge = nacl_system.createLattice(numCells, phase.latticeConstant)
    system = nacl_system.createSystem(names, edge, [nacl_system.createPME(names)])
    return Electrolyte("NaCl melt", system, positions, None, SALT_STEP, phase.temperature)


def createWaterCell() -> Electrolyte:
    """Return a box of rigid TIP3P-FB water, some 3,400 atoms, as OpenMM's Modeller places them."""
    forceField = app.ForceField("amber14/tip3pfb.xml")
    modeller = app.Modeller(app.Topology(), [])
    modeller.addSolvent(forceField, model="tip3p", boxSize=openmm.Vec3(*3 * [WATER_CELL]) * unit.nanometer)
    system = forceField.createSystem(
        modeller.topology, nonbondedMethod=app.PME, nonbondedCutoff=WATER_CUTOFF * unit.nanometer, removeCMMotion=False
    )
    positions = np.array(modeller.positions.value_in_unit(unit.nanometer))
    return Electrolyte("water", system, positions, None, WATER_STEP)


def createProtein(edge: float = PROTEIN_EDGE) -> Electrolyte:
    """Return the protein that OpenMM ships, villin's headpiece with two ions, in a cube of water, nm; Amber14."""
    structure = app.PDBFile(str(Path(app.__file__).parent / "data" / "test.pdb"))
    forceField = app.ForceField("amber14-all.xml", "amber14/tip3pfb.xml")
    modeller = app.Modeller(structure.topology, structure.positions)
    modeller.deleteWater()
    modeller.addSolvent(forceField, model="tip3p", boxSize=openmm.Vec3(*3 * [edge]) * unit.nanometer)
    system = forceField.createSystem(
        modeller.topology,
        nonbondedMethod=app.PME,
        nonbondedCutoff=PROTEIN_CUTOFF * unit.nanometer,
        constraints=app.HBonds,
        removeCMMotion=False,
    )
    positions = np.array(modeller.positions.value_in_unit(unit.nanometer))
    return Electrolyte("protein", system, positions, None, WATER_STEP)


def prepare(
    cell: Electrolyte, steps: int, platform: str, properties: dict[str, str], starts: Path | None = None
) -> Electrolyte:
    """Return a cell in equilibrium: as a file in a folder keeps it, or after so many steps, and then kept there.

    A melt is melted in the first third of them; all else is minimized first, and gets its volume at 1 bar.
    """
    path = None if starts is None else starts / f"{cell.name.replace(' ', '-')}-{cell.numAtoms}.npz"
    if path is not None and path.exists():
        kept = np.load(path)
        cell.system.setDefaultPeriodicBoxVectors(*kept["box"])
        return dataclasses.replace(cell, positions=kept["positions"], velocities=kept["velocities"])
    if cell.temperature == TEMPERATURE:
        found = equilibrate(cell, steps, platform, properties, True)
    else:
        hot = dataclasses.replace(cell, temperature=2 * cell.temperature)
        found = equilibrate(hot, steps // 3, platform, properties)
        found = equilibrate(
            dataclasses.replace(found, temperature=cell.temperature), steps - steps // 3, platform, properties
        )
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        vectors = [vector._value for vector in found.system.getDefaultPeriodicBoxVectors()]
        positions, velocities = found.positions.astype(np.float32), found.velocities.astype(np.float32)
        np.savez_compressed(path, positions=positions, velocities=velocities, box=vectors)
    return found


def createWater(
    counts: Sequence[int], platform: str, properties: dict[str, str], starts: Path | None = None
) -> Electrolyte:
    """Return rigid TIP3P-FB water: copies of an equilibrated box, some 3,400 atoms each, so many along each axis."""
    return repeat(prepare(createWaterCell(), 2000, platform, properties, starts), counts)


def repeat(cell: Electrolyte, counts: Sequence[int]) -> Electrolyte:
    """Return a box of copies of a cubic one, so many along each axis; it has masses, constraints and a
    NonbondedForce."""
    edge = cell.system.getDefaultPeriodicBoxVectors()[0][0].value_in_unit(unit.nanometer)
    source = next(force for force in cell.system.getForces() if isinstance(force, openmm.NonbondedForce))
    system, force, numAtoms, numCopies = openmm.System(), openmm.NonbondedForce(), cell.numAtoms, int(np.prod(counts))
    system.setDefaultPeriodicBoxVectors(*(edge * np.diag(np.array(counts, dtype=float))))
    force.setNonbondedMethod(source.getNonbondedMethod())
    force.setCutoffDistance(source.getCutoffDistance())
    force.setEwaldErrorTolerance(source.getEwaldErrorTolerance())
    # As numbers: a million Quantities would take minutes.
    particles = [[p._value for p in source.getParticleParameters(i)] for i in range(numAtoms)]
    exceptions = [
        [getattr(p, "_value", p) for p in source.getExceptionParameters(i)] for i in range(source.getNumExceptions())
    ]
    constraints = [cell.system.getConstraintParameters(i) for i in range(cell.system.getNumConstraints())]
    bonds = [(i, j, distance._value) for i, j, distance in constraints]
    masses = [cell.system.getParticleMass(i)._value for i in range(numAtoms)]
    for first in range(0, numAtoms * numCopies, numAtoms):
        for mass, parameters in zip(masses, particles, strict=True):
            system.addParticle(mass)
            force.addParticle(*parameters)
        for i, j, *parameters in exceptions:
            force.addException(first + i, first + j, *parameters)
        for i, j, distance in bonds:
            system.addConstraint(first + i, first + j, distance)
    system.addForce(force)
    axes = [np.arange(count) * edge for count in counts]
    shifts = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    positions = (shifts + cell.positions).reshape(-1, 3)
    velocities = None if cell.velocities is None else np.tile(cell.velocities, (numCopies, 1))
    return dataclasses.replace(cell, system=system, positions=positions, velocities=velocities)


def createContext(
    electrolyte: Electrolyte,
    system: openmm.System,
    platform: str,
    properties: dict[str, str],
    friction: float = FRICTION,
) -> openmm.Context:
    """Return a Context with a Langevin thermostat that goes on from a configuration, with the System's own forces."""
    integrator = openmm.LangevinMiddleIntegrator(electrolyte.temperature, friction, electrolyte.timeStep)
    integrator.setRandomNumberSeed(1)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatformByName(platform), properties)
    context.setPositions(electrolyte.positions)
    if electrolyte.velocities is None:  # where nothing moves yet, half of it goes into positions
        context.setVelocitiesToTemperature(2 * electrolyte.temperature, 1)
    else:
        context.setVelocities(electrolyte.velocities)
    return context


def equilibrate(
    electrolyte: Electrolyte, steps: int, platform: str, properties: dict[str, str], fromModel: bool = False
) -> Electrolyte:
    """Return the configuration after steps with plain OpenMM forces.

    One that a model of a structure begins with is minimized, and gets its volume at 1 bar, which the System then has.
    """
    system = electrolyte.system
    if fromModel:
        system = copy.deepcopy(system)
        system.addForce(openmm.MonteCarloBarostat(1.0, electrolyte.temperature))
    context = createContext(electrolyte, system, platform, properties, EQUILIBRATION_FRICTION)
    if fromModel:
        openmm.LocalEnergyMinimizer.minimize(context, maxIterations=100)
        context.setVelocitiesToTemperature(electrolyte.temperature, 1)
    context.getIntegrator().step(steps)
    state = context.getState(positions=True, velocities=True)
    electrolyte.system.setDefaultPeriodicBoxVectors(*state.getPeriodicBoxVectors())
    return dataclasses.replace(
        electrolyte,
        positions=state.getPositions(asNumpy=True).value_in_unit(unit.nanometer),
        velocities=state.getVelocities(asNumpy=True).value_in_unit(unit.nanometer / unit.picosecond),
    )
