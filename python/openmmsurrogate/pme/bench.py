# SPDX-License-Identifier: MIT
"""Measure settings of a TunablePMEForce in a System: the error of the forces, and the time of a step."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import openmm
from openmm import unit

from openmmsurrogate._convert import FORCE
from openmmsurrogate.pme.force import TunablePMEForce
from openmmsurrogate.pme.memory import find_memory
from openmmsurrogate.pme.replace import replaceNonbondedForce

# Each round times every candidate for about so long, one after the other. The least time counts: what else the machine
# does makes steps slower, never faster, and does not meet the same candidate in every round.
ROUNDS = 5
ROUND_SECONDS = 0.05
MAX_STEPS = 250  # as many as there are on CUDA before OpenMM reorders the particles

# Limits of what is tried. Grids finer than a 64th of the cutoff take far longer than pairs. Two Contexts have a grid at
# a time, that of a measurement and the one that is measured: they took 28 bytes per point in single and 47 in double.
POINTS_PER_CUTOFF = 64
BYTES_PER_POINT = 48
PART_OF_MEMORY = 0.25


@dataclass(frozen=True)
class TunedSettings:
    """What a TunablePMEForce can be set to."""

    splineOrder: int
    """with ESP, which chooses its own, the default"""
    alpha: float
    """1/nm; with ESP only for information, as is the grid"""
    grid: tuple[int, int, int]
    precision: str
    """of all four stages"""
    kSpaceMethod: str = "SPME"
    """SPME or ESP"""
    tolerance: float = 0.0
    """the Ewald error tolerance that chooses the parameters of ESP"""

    @property
    def source(self) -> str:
        """The setter that chooses the parameters of a force with these settings, with what it is given."""
        if self.kSpaceMethod == "ESP":
            return f"setEwaldErrorTolerance({self.tolerance:g})"
        return f"setPMEParameters({', '.join(f'{value:g}' for value in (self.alpha, *self.grid))})"

    def apply(self, force: TunablePMEForce) -> None:
        """Make them the settings of a force, in place of its tolerances. They take effect in new Contexts."""
        force.setKSpaceMethod(self.kSpaceMethod)
        force.setSplineOrder(self.splineOrder)
        force.setPrecision(self.precision)
        if self.kSpaceMethod == "ESP":
            force.setPMEParameters(0.0, 0, 0, 0)
            force.setForceErrorTolerance(0.0)
            force.setEwaldErrorTolerance(self.tolerance)
        else:
            force.setPMEParameters(self.alpha, *self.grid)


@dataclass(frozen=True)
class Trial:
    """Settings that were tried, and what was measured."""

    settings: TunedSettings
    forceError: float
    """root mean square, kJ/mol/nm"""
    milliseconds: float | None
    """for a step of the whole System; None if it was not timed, because the error is too large"""
    unchanged: bool = False
    """whether it is the System as it is, with the force it has; settings describe that force"""


class GridTooLarge(openmm.OpenMMException):
    """A grid that is not tried, because it would take too much time or memory."""


class Bench:
    """Measures settings in Contexts like a given one: platform, properties, positions, box, parameters."""

    def __init__(self, context: openmm.Context, max_particles: int) -> None:
        self.context = context  # keeps its System alive
        self.platform = context.getPlatform()
        names = self.platform.getPropertyNames()
        self.properties = {name: self.platform.getPropertyValue(context, name) for name in names}
        context.getState(getForces=True, groups=0)  # computes none, and raises an error if there are no positions
        self.state = context.getState(getPositions=True, getParameters=True)
        self.original = context.getSystem()
        self.system = replaceNonbondedForce(self.original)
        self.system.setDefaultPeriodicBoxVectors(*self.state.getPeriodicBoxVectors())
        found = [force for force in self.system.getForces() if TunablePMEForce.isinstance(force)]
        meshes = (openmm.NonbondedForce.PME, openmm.NonbondedForce.LJPME)
        if len(found) != 1 or found[0].getNonbondedMethod() not in meshes:
            raise ValueError("tuning needs a System with one NonbondedForce, and that with method PME or LJPME")
        self.force = TunablePMEForce.cast(found[0])
        self.original_force = next(f for f in self.original.getForces() if isinstance(f, openmm.NonbondedForce))
        self.is_plain = not TunablePMEForce.isinstance(self.original_force)
        self.max_particles = max_particles
        self.memory = find_memory() if self.platform.getName() in ("Reference", "CPU") else None  # a GPU tells itself

    def make_context(self) -> openmm.Context:
        """Make a Context with the force as it is set."""
        return self._make_context_of(self.system)

    def _make_context_of(self, system: openmm.System) -> openmm.Context:
        context = openmm.Context(system, openmm.VerletIntegrator(1e-9), self.platform, self.properties)
        context.setState(self.state)
        return context

    def measure(self, context: openmm.Context) -> tuple[float, float]:
        """Get the absolute and the relative error."""
        error = self.force.measureForceErrorInContext(context, self.max_particles)
        return error.absolute.value_in_unit(FORCE), error.relative

    def measure_defaults(self) -> Trial | None:
        """Measure what a TunablePMEForce is before anything is set; None if the System's own is set already."""
        return self._try_force(self.force, self.make_context(), "default") if self.is_plain else None

    def measure_present(self) -> Trial | None:
        """Measure the System as it is; None if it cannot be run so.

        A NonbondedForce does not know its error: it is that of a TunablePMEForce with its alpha, grid and spline order.
        """
        try:
            context = self._make_context_of(self.original)
            if self.is_plain:
                alpha, *grid = self.original_force.getPMEParametersInContext(context)
                trial = self.try_settings(
                    TunedSettings(TunablePMEForce.DefaultSplineOrder, alpha, tuple(grid), "default")
                )
            else:
                force = TunablePMEForce.cast(self.original_force)
                trial = self._try_force(force, context, _describe_precision(force))
        except openmm.OpenMMException:
            return None
        return replace(trial, unchanged=True)

    def try_settings(self, settings: TunedSettings) -> Trial:
        """Measure the error of settings."""
        settings.apply(self.force)
        return self._try_force(self.force, self.make_context(), settings.precision)

    def choose(self, order: int, precision: str, tolerance: float) -> Trial:
        """Let the error estimate choose alpha and grid, and measure what it gives.

        Raises OpenMMException if there is no such grid, and GridTooLarge if it is not tried.
        """
        self.force.setKSpaceMethod("SPME")
        self.force.setPMEParameters(0.0, 0, 0, 0)
        self.force.setSplineOrder(order)
        self.force.setPrecision(precision)
        self.force.setForceErrorTolerance(tolerance)
        self._check_grid(self.force._chooseGrid(self.system))
        return self._try_force(self.force, self.make_context(), precision)

    def _check_grid(self, grid: Sequence[int]) -> None:
        """Raise GridTooLarge if a grid is beyond the limits."""
        cutoff = self.force.getCutoffDistance()
        text = f"a grid of {'x'.join(map(str, grid))} points is not tried: "
        for points, vector in zip(grid, self.system.getDefaultPeriodicBoxVectors(), strict=True):
            if points > POINTS_PER_CUTOFF * unit.norm(vector) / cutoff + 1:
                raise GridTooLarge(f"{text}its spacing is less than 1/{POINTS_PER_CUTOFF} of the cutoff")
        if self.memory is not None and math.prod(grid) * BYTES_PER_POINT > PART_OF_MEMORY * self.memory:
            raise GridTooLarge(f"{text}measuring it would take more than {PART_OF_MEMORY:.0%} of this machine's memory")

    def choose_prolate(self, precision: str, tolerance: float) -> Trial:
        """Measure what ESP gives with a tolerance."""
        order = TunablePMEForce.DefaultSplineOrder
        return self.try_settings(TunedSettings(order, 0.0, (0, 0, 0), precision, "ESP", tolerance))

    def _try_force(self, force: TunablePMEForce, context: openmm.Context, precision: str) -> Trial:
        """Measure the error of a force in its Context, and read what it runs with."""
        # First the error: ESP may change its parameters in the first evaluation.
        error = force.measureForceErrorInContext(context, self.max_particles).absolute.value_in_unit(FORCE)
        alpha, *grid = force.getPMEParametersInContext(context)
        method = force.getKSpaceMethodInContext(context).name
        tolerance = force.getEwaldErrorTolerance() if method == "ESP" else 0.0
        settings = TunedSettings(force.getSplineOrder(), alpha, tuple(grid), precision, method, tolerance)
        return Trial(settings, error, None)

    def time_trials(self, trials: list[Trial]) -> list[Trial]:
        """Add the times of a step, of all trials in turn, several times.

        Raises OpenMMException if there is no room for all of their Contexts.
        """
        watches: list[_Stopwatch] = []
        for trial in trials:
            try:
                watches.append(_Stopwatch(self._make_context_for(trial)))
            except openmm.OpenMMException as error:
                raise openmm.OpenMMException(
                    f"the {len(trials)} settings that meet the error are timed in turn, each in a Context of its own, "
                    f"but Context {len(watches) + 1} cannot be made: give fewer orders or precisions ({error})"
                ) from error
        for _ in range(ROUNDS):
            for watch in watches:
                watch.run()
        return [replace(trial, milliseconds=watch.milliseconds) for trial, watch in zip(trials, watches, strict=True)]

    def _make_context_for(self, trial: Trial) -> openmm.Context:
        if trial.unchanged:
            return self._make_context_of(self.original)
        trial.settings.apply(self.force)
        return self.make_context()


class _Stopwatch:
    """Times steps in a Context and keeps the least time of one."""

    def __init__(self, context: openmm.Context) -> None:
        self.context = context
        self.milliseconds = float("inf")
        self._time(2)  # lists of neighbors and, with ESP, parameters are made
        # More and more steps: a few of them take as long as it takes a GPU to start and to be waited for.
        self.steps, seconds = 1, self._time(1)
        while self.steps < MAX_STEPS and 2 * seconds < ROUND_SECONDS:
            self.steps = min(2 * self.steps, MAX_STEPS)
            seconds = self._time(self.steps)

    def run(self) -> None:
        """Time one round."""
        self.milliseconds = min(self.milliseconds, 1e3 * self._time(self.steps) / self.steps)

    def _time(self, steps: int) -> float:
        start = time.perf_counter()
        self.context.getIntegrator().step(steps)
        # The kinetic energy waits for platforms that compute asynchronously, and no force is computed for it. Positions
        # would have to be copied from there, which can take longer than the steps.
        self.context.getState(energy=True, groups=0)
        return time.perf_counter() - start


def _describe_precision(force: TunablePMEForce) -> str:
    """Name the precision of a force, or those of its stages where they differ."""
    stages = (
        force.getSpreadingPrecision(),
        force.getFFTPrecision(),
        force.getConvolutionPrecision(),
        force.getInterpolationPrecision(),
    )
    return "/".join(str(stage).lower() for stage in (stages if len(set(stages)) > 1 else stages[:1]))
