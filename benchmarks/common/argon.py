# SPDX-License-Identifier: MIT
"""Liquid argon of any size, as Lennard-Jones and as its surrogate."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import openmm

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
import liquid_argon

from openmmsurrogate import SurrogateForce, SurrogateModel

TEMPERATURE = 100.0  # K
TABLE_POINTS = 2000  # of OpenMM's own tabulated function


def createSurrogate(numAtoms: int, method: int, precision: int = SurrogateForce.Default) -> SurrogateForce:
    """Return the shipped argon model as a force."""
    force = SurrogateForce(SurrogateModel.load("argon"))
    force.setEvaluationMethod(method)
    force.setPrecision(precision)
    for _ in range(numAtoms):
        force.addParticle(0)
    return force


def createTabulated(numAtoms: int) -> openmm.CustomNonbondedForce:
    """Return Lennard-Jones as a user would tabulate it in OpenMM today."""
    low = 0.25
    r = np.linspace(low, liquid_argon.CUTOFF, TABLE_POINTS)
    force = openmm.CustomNonbondedForce("table(r)")
    force.addTabulatedFunction(
        "table", openmm.Continuous1DFunction(liquid_argon.lennardJonesEnergy(r), low, liquid_argon.CUTOFF)
    )
    force.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(liquid_argon.CUTOFF)
    for _ in range(numAtoms):
        force.addParticle([])
    return force


def createContext(
    positions: np.ndarray, edge: float, force: openmm.Force, platform: str, properties: dict[str, str]
) -> openmm.Context:
    """Return a Context at 100 K, started hot enough for the crystal to melt."""
    system = liquid_argon.createSystem(len(positions), edge, [force])
    integrator = openmm.LangevinMiddleIntegrator(TEMPERATURE, liquid_argon.FRICTION, liquid_argon.TIME_STEP)
    integrator.setRandomNumberSeed(1)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatformByName(platform), properties)
    context.setPositions(positions)
    context.setVelocitiesToTemperature(3 * TEMPERATURE, 1)
    return context
