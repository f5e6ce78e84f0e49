# SPDX-License-Identifier: MIT
"""Liquid argon of any size, and its surrogate."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openmm
from openmm import unit

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
import liquid_argon

from common.turns import takeTurn
from openmmsurrogate import SurrogateForce, SurrogateModel

TEMPERATURE = 100.0  # K
MELTING_STEPS = 3000  # from a crystal at 300 K to the liquid at 100 K


@dataclass(frozen=True)
class Liquid:
    """A configuration of liquid argon in a cubic box."""

    positions: np.ndarray  # nm, (atoms, 3)
    velocities: np.ndarray  # nm/ps, (atoms, 3)
    edge: float  # nm

    @property
    def numAtoms(self) -> int:
        """Number of atoms."""
        return len(self.positions)


def createCrystal(numAtoms: int) -> tuple[np.ndarray, float]:
    """Return positions, nm, and the edge of a box of the liquid's density: an fcc crystal without its last atoms."""
    numCells = 1
    while 4 * numCells**3 < numAtoms:
        numCells += 1
    positions, edge = liquid_argon.createLattice(numCells)
    newEdge = (numAtoms / liquid_argon.NUMBER_DENSITY) ** (1.0 / 3.0)
    return positions[:numAtoms] * (newEdge / edge), newEdge


def createSurrogate(
    numAtoms: int, method: int, precision: int | str = SurrogateForce.Default, model: str = "argon"
) -> SurrogateForce:
    """Return a shipped model of argon, or one in a file, as a force."""
    force = SurrogateForce(SurrogateModel.load(model))
    force.setEvaluationMethod(method)
    force.setPrecision(precision)
    for _ in range(numAtoms):
        force.addParticle(0)
    return force


def createIntegrator() -> openmm.Integrator:
    """Return a Langevin thermostat of 100 K."""
    integrator = openmm.LangevinMiddleIntegrator(TEMPERATURE, liquid_argon.FRICTION, liquid_argon.TIME_STEP)
    integrator.setRandomNumberSeed(1)
    return integrator


def createContext(
    positions: np.ndarray, edge: float, forces: list[openmm.Force], platform: str, properties: dict[str, str]
) -> openmm.Context:
    """Return a Context with a Langevin thermostat of 100 K, started hot enough for a crystal to melt."""
    system = liquid_argon.createSystem(len(positions), edge, forces)
    context = openmm.Context(system, createIntegrator(), openmm.Platform.getPlatformByName(platform), properties)
    context.setPositions(positions)
    context.setVelocitiesToTemperature(3 * TEMPERATURE, 1)
    return context


def takeLiquid(
    numAtoms: int, platform: str, properties: dict[str, str], folder: Path | None, turns: Path | None = None
) -> Liquid:
    """Return the liquid that a folder keeps, or melt it, in turn, for a later call if there is a folder."""
    kept = None if folder is None else folder / f"argon-{numAtoms}.npz"
    if kept is not None and kept.exists():
        with np.load(kept) as arrays:
            return Liquid(arrays["positions"], arrays["velocities"], float(arrays["edge"]))
    with takeTurn(turns):
        liquid = melt(numAtoms, platform, properties)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, positions=liquid.positions, velocities=liquid.velocities, edge=liquid.edge)
    return liquid


def melt(numAtoms: int, platform: str, properties: dict[str, str]) -> Liquid:
    """Return the liquid, by way of the fastest force there is: the surrogate's table."""
    positions, edge = createCrystal(numAtoms)
    context = createContext(positions, edge, [createSurrogate(numAtoms, SurrogateForce.Table)], platform, properties)
    context.getIntegrator().step(MELTING_STEPS)
    state = context.getState(positions=True, velocities=True, enforcePeriodicBox=True)
    return Liquid(
        np.array(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)),
        np.array(state.getVelocities(asNumpy=True).value_in_unit(unit.nanometer / unit.picosecond)),
        edge,
    )
