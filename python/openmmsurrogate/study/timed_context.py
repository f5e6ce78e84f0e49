# SPDX-License-Identifier: MIT
"""A Context whose steps are timed: in several ensembles, at rest, and with parts of the forces left out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import unit

from openmmsurrogate.reporters import PowerMeter, openCounter
from openmmsurrogate.study.materials import Material, Start, State

Array = NDArray[np.float64]

PRESSURE = 1.0  # bar
BAROSTAT_INTERVAL = 25  # steps; OpenMM's default
REORDERING_INTERVAL = 251  # steps between two reorderings of particles on CUDA, as OpenMM 8.6 has it
ALL_GROUPS = -1
_FROZEN_TIME_STEP = 1e-9  # ps: in a thousand steps no particle moves farther than rounding
_SETTLING_STEPS = 256  # kernels are compiled, lists grow
_FEWEST_STEPS = 2  # of a window


@dataclass(frozen=True)
class Timing:
    """Windows of time, one after the other."""

    steps: int
    """Of a window."""
    windows: Sequence[tuple[float, float]]
    """Start and end, s."""
    watts: float | None
    """Mean power of the GPU; None without a counter, or where the windows were too short for it."""

    @property
    def milliseconds(self) -> list[float]:
        """Time of a step in each window."""
        return [1000.0 * (end - start) / self.steps for start, end in self.windows]

    @property
    def median(self) -> float:
        """Median of these."""
        return float(np.median(self.milliseconds))


class TimedContext:
    """A Context with a Langevin thermostat, velocity Verlet and a Monte Carlo barostat, of which it uses what is asked.

    Parameters
    ----------
    material, start
        what it computes, and from where
    system
        with a barostat from addBarostat(), if it is periodic
    platform, properties
        of OpenMM
    """

    def __init__(
        self,
        material: Material,
        start: Start,
        system: openmm.System,
        platform: str,
        properties: dict[str, str],
    ) -> None:
        temperature = start.state.temperature
        self._thermostat = openmm.LangevinMiddleIntegrator(temperature, material.friction, material.timeStep)
        self._thermostat.setRandomNumberSeed(1)
        self._integrators = openmm.CompoundIntegrator()
        self._integrators.addIntegrator(self._thermostat)
        self._integrators.addIntegrator(openmm.VerletIntegrator(material.timeStep))
        self._timeStep = material.timeStep
        self._barostat = _find_barostat(system)
        self._context = openmm.Context(
            system, self._integrators, openmm.Platform.getPlatformByName(platform), properties
        )
        self._restart(start)

    @property
    def context(self) -> openmm.Context:
        """The Context itself."""
        return self._context

    def _restart(self, start: Start) -> None:
        self._context.setPeriodicBoxVectors(*(start.edge * np.eye(3)))
        self._context.setPositions(start.positions)
        if start.velocities is None:
            self._context.setVelocitiesToTemperature(start.state.startTemperature, 1)
        else:
            self._context.setVelocities(start.velocities)

    def restart(self, start: Start) -> None:
        """Go on from another configuration of as many particles, at the temperature of its state."""
        self._thermostat.setTemperature(start.state.temperature)
        if self._barostat is not None:
            self._context.setParameter(openmm.MonteCarloBarostat.Temperature(), start.state.temperature)
        self._restart(start)

    def use(self, ensemble: str, groups: int = ALL_GROUPS, frozen: bool = False) -> None:
        """Choose the ensemble of the next steps, the force groups that move particles, and whether they move at all.

        A barostat reads its interval at each step from the object in the System.

        Raises
        ------
        ValueError
            if there is no box whose volume could change
        """
        if self._barostat is not None:
            self._barostat.setFrequency(BAROSTAT_INTERVAL if ensemble == "NPT" else 0)
        elif ensemble == "NPT":
            raise ValueError("without periodic forces there is no pressure to keep")
        self._integrators.setCurrentIntegrator(1 if ensemble == "NVE" else 0)
        self._thermostat.setStepSize(_FROZEN_TIME_STEP if frozen else self._timeStep)
        for integrator in (self._integrators, self._thermostat):
            integrator.setIntegrationForceGroups(groups)

    def step(self, steps: int) -> None:
        """Do steps, and wait until they are done."""
        self._integrators.step(steps)
        self._context.getState(energy=True, groups=0)  # the kinetic energy: no force is computed for it

    def time(self, seconds: float, repeats: int, multiple: int = 1, withPower: bool = False) -> Timing:
        """Time steps as they are now set.

        Parameters
        ----------
        seconds
            length of a window
        repeats
            number of windows
        multiple
            of which the number of steps in a window is a multiple
        withPower
            watch the energy counter of the GPU
        """
        steps = max(_FEWEST_STEPS, math.ceil(seconds / self._settle(seconds)))
        steps = multiple * math.ceil(steps / multiple)
        windows = []
        counter = openCounter() if withPower else None
        with PowerMeter(counter) as meter:
            for _ in range(repeats):
                start = time.perf_counter()
                self.step(steps)
                windows.append((start, time.perf_counter()))
            watts = meter.findPower(windows)
        return Timing(steps, windows, watts)

    def _settle(self, seconds: float) -> float:
        """Do steps for half a window, or fewer if they are many; return the time of one, s."""
        self.step(1)
        steps, perStep = 1, _time(self.step, 1)
        while steps < _SETTLING_STEPS and 2 * steps * perStep < 0.5 * seconds:
            steps *= 2
            perStep = _time(self.step, steps) / steps
        return perStep

    def temperature(self) -> float:
        """Return the instantaneous temperature, K."""
        kinetic = self._context.getState(energy=True, groups=0).getKineticEnergy()
        freedoms = 3 * self._context.getSystem().getNumParticles()
        value: float = (2 * kinetic / (freedoms * unit.MOLAR_GAS_CONSTANT_R)).value_in_unit(unit.kelvin)
        return value

    def volume(self) -> float:
        """Return the volume of the box, nm^3."""
        value: float = self._context.getState().getPeriodicBoxVolume().value_in_unit(unit.nanometer**3)
        return value

    def positions(self) -> Array:
        """Return the positions in the box, nm."""
        state = self._context.getState(positions=True, enforcePeriodicBox=True)
        return np.array(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer))

    def unwrapped(self) -> Array:
        """Return the positions as they are, nm."""
        state = self._context.getState(positions=True)
        return np.array(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer))

    def forces(self) -> Array:
        """Return the forces, kJ/mol/nm."""
        state = self._context.getState(forces=True)
        return np.array(state.getForces(asNumpy=True).value_in_unit(unit.kilojoule_per_mole / unit.nanometer))

    def potentialEnergy(self) -> float:
        """Return the potential energy per particle, kJ/mol."""
        energy = self._context.getState(energy=True).getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole)
        return float(energy) / self._context.getSystem().getNumParticles()

    def capture(self, kinds: NDArray[np.str_], state: State) -> Start:
        """Return the configuration now, from which others may start."""
        current = self._context.getState(velocities=True)
        velocities = current.getVelocities(asNumpy=True).value_in_unit(unit.nanometer / unit.picosecond)
        return Start(kinds, self.positions(), np.array(velocities), self.volume() ** (1.0 / 3.0), state)


def addBarostat(system: openmm.System, temperature: float) -> openmm.System:
    """Add the barostat that a TimedContext uses for NPT, and that does nothing before; none without periodic forces."""
    if system.usesPeriodicBoundaryConditions():
        barostat = openmm.MonteCarloBarostat(PRESSURE, temperature, 0)
        barostat.setRandomNumberSeed(1)
        system.addForce(barostat)
    return system


def _find_barostat(system: openmm.System) -> openmm.MonteCarloBarostat | None:
    return next((force for force in system.getForces() if isinstance(force, openmm.MonteCarloBarostat)), None)


def _time(step: Callable[[int], None], steps: int) -> float:
    start = time.perf_counter()
    step(steps)
    return time.perf_counter() - start
