# SPDX-License-Identifier: MIT
"""What contestants that are OpenMM forces have in common: Langevin steps of a Context."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import openmm
from common.argon import Liquid, createIntegrator, liquid_argon
from common.contestant import Setting
from openmm import unit


class ContextStepper:
    """Steps of a Context."""

    def __init__(self, context: openmm.Context) -> None:
        self._context = context

    def step(self, steps: int) -> None:
        """Do molecular dynamics steps."""
        self._context.getIntegrator().step(steps)

    def wait(self) -> None:
        """Wait for the GPU: for the kinetic energy alone, as no force group is asked for."""
        self._context.getState(energy=True, groups=0)

    def temperature(self) -> float:
        """Return the instantaneous temperature, K."""
        kinetic = self._context.getState(energy=True, groups=0).getKineticEnergy()
        system = self._context.getSystem()
        freedoms = 3 * system.getNumParticles() - system.getNumConstraints()
        return (2 * kinetic / (freedoms * unit.MOLAR_GAS_CONSTANT_R)).value_in_unit(unit.kelvin)

    def positions(self) -> np.ndarray:
        """Return the positions, nm."""
        return self._context.getState(positions=True).getPositions(asNumpy=True).value_in_unit(unit.nanometer)


@dataclass(frozen=True)
class OpenMMContestant:
    """A System with forces that a function makes for a number of atoms."""

    name: str
    label: str
    createForces: Callable[[int], list[openmm.Force]]
    arithmetic: str | None = None
    largest: int = 10**9
    wholeSteps: bool = True
    hasPairs: bool = True
    cutoff: float = liquid_argon.CUTOFF

    def prepare(self, liquid: Liquid) -> Callable[[Setting], ContextStepper]:
        """Make the System, and return what makes a Context of it that goes on from the liquid."""
        system = liquid_argon.createSystem(liquid.numAtoms, liquid.edge, self.createForces(liquid.numAtoms))

        def start(setting: Setting) -> ContextStepper:
            platform = openmm.Platform.getPlatformByName(setting.platform)
            context = openmm.Context(system, createIntegrator(), platform, setting.properties)
            context.setPositions(liquid.positions)
            context.setVelocities(liquid.velocities)
            return ContextStepper(context)

        return start
