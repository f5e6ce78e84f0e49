# SPDX-License-Identifier: MIT
"""Find the fastest settings of a TunablePMEForce that meet a force error, by measuring."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import openmm
from openmm import unit
from rich.table import Table

from openmmsurrogate._convert import FORCE, number_in
from openmmsurrogate._wrapper import findFFTSize, getProlateTolerances
from openmmsurrogate.pme.force import TunablePMEForce
from openmmsurrogate.pme.replace import replaceNonbondedForce

# A search ends when the error is between these parts of the target, or when it has not come closer.
GOAL = (0.6, 1.0)
MAX_ADJUSTMENTS = 6
TIMING_SECONDS = 0.1


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

    def apply(self, force: TunablePMEForce) -> None:
        """Make them the settings of a force. They take effect in Contexts created afterwards."""
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


@dataclass(frozen=True)
class Skipped:
    """A spline order, or ESP, and a precision that could not be tried."""

    splineOrder: int | None
    """None for ESP"""
    precision: str
    reason: str

    def __str__(self) -> str:
        method = "ESP" if self.splineOrder is None else f"order {self.splineOrder}"
        return f"{method}, {self.precision}: {self.reason}"


@dataclass
class TuneResult:
    """The outcome of a search."""

    target: float
    """kJ/mol/nm"""
    present: Trial | None = None
    """The settings that the force had, for comparison; None if they cannot be run."""
    trials: list[Trial] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def best(self) -> Trial:
        """The fastest of the trials that met the target."""
        return min((t for t in self.trials if t.milliseconds is not None), key=lambda t: t.milliseconds or 0.0)

    def makeTable(self) -> Table:
        """Make a table for rich: the present settings, and all trials with the best one marked.

        Its caption says what could not be tried.
        """
        table = Table(title=f"Force error at most {self.target:.3g} kJ/mol/nm", title_justify="left")
        for heading in ("order", "alpha (1/nm)", "grid", "precision", "error (kJ/mol/nm)", "ms/step"):
            table.add_column(heading, justify="right")
        table.add_column("")
        if self.present is not None:
            table.add_row(*_describe(self.present), "as it is", end_section=True)
        for trial in self.trials:
            best = trial is self.best
            table.add_row(*_describe(trial), "fastest" if best else "", style="bold" if best else None)
        if self.skipped:
            table.caption = "\n".join(map(str, self.skipped))
            table.caption_justify = "left"
        return table


def _describe(trial: Trial) -> tuple[str, ...]:
    """Return the cells of a trial."""
    s = trial.settings
    timing = "" if trial.milliseconds is None else f"{trial.milliseconds:.3g}"
    grid = " x ".join(map(str, s.grid))
    split = (str(s.splineOrder), f"{s.alpha:.4f}") if s.kSpaceMethod == "SPME" else ("ESP", "")
    return *split, grid, s.precision, f"{trial.forceError:.3g}", timing


class Bench:
    """Measures settings in Contexts like a given one: platform, properties, positions, box, parameters."""

    def __init__(self, context: openmm.Context, max_particles: int) -> None:
        self.platform = context.getPlatform()
        names = self.platform.getPropertyNames()
        self.properties = {name: self.platform.getPropertyValue(context, name) for name in names}
        self.state = context.getState(getPositions=True, getParameters=True)
        self.system = replaceNonbondedForce(context.getSystem())
        self.system.setDefaultPeriodicBoxVectors(*self.state.getPeriodicBoxVectors())
        found = [force for force in self.system.getForces() if TunablePMEForce.isinstance(force)]
        meshes = (openmm.NonbondedForce.PME, openmm.NonbondedForce.LJPME)
        if len(found) != 1 or found[0].getNonbondedMethod() not in meshes:
            raise ValueError("tuning needs a System with one NonbondedForce, and that with method PME or LJPME")
        self.force = TunablePMEForce.cast(found[0])
        self.max_particles = max_particles

    def make_context(self) -> openmm.Context:
        """Make a Context with the force as it is set."""
        integrator = openmm.VerletIntegrator(1e-9)
        context = openmm.Context(self.system, integrator, self.platform, self.properties)
        context.setState(self.state)
        return context

    def measure(self, context: openmm.Context) -> tuple[float, float]:
        """Get the absolute and the relative error."""
        error = self.force.measureForceErrorInContext(context, self.max_particles)
        return error.absolute.value_in_unit(FORCE), error.relative

    def measure_present(self) -> Trial | None:
        """Measure the force as it is set; None if it cannot be run so."""
        stages = (
            self.force.getSpreadingPrecision(),
            self.force.getFFTPrecision(),
            self.force.getConvolutionPrecision(),
            self.force.getInterpolationPrecision(),
        )
        precision = "/".join(str(stage).lower() for stage in (stages if len(set(stages)) > 1 else stages[:1]))
        try:
            context = self.make_context()
            error = self.measure(context)[0]
            return Trial(self._read_settings(context, precision), error, _time_step(context))
        except openmm.OpenMMException:
            return None

    def try_settings(self, settings: TunedSettings) -> Trial:
        """Measure the error of settings."""
        settings.apply(self.force)
        return Trial(settings, self.measure(self.make_context())[0], None)

    def choose(self, order: int, precision: str, tolerance: float) -> Trial:
        """Let the error estimate choose alpha and grid, and measure what it gives."""
        self.force.setKSpaceMethod("SPME")
        self.force.setPMEParameters(0.0, 0, 0, 0)
        self.force.setSplineOrder(order)
        self.force.setPrecision(precision)
        self.force.setForceErrorTolerance(tolerance)
        return self._try_force(precision)

    def choose_prolate(self, precision: str, tolerance: float) -> Trial:
        """Measure what ESP gives with a tolerance."""
        TunedSettings(TunablePMEForce.DefaultSplineOrder, 0.0, (0, 0, 0), precision, "ESP", tolerance).apply(self.force)
        return self._try_force(precision)

    def _try_force(self, precision: str) -> Trial:
        """Measure the error of the force as it is set."""
        context = self.make_context()
        error = self.measure(context)[0]  # ESP may change its parameters in the first evaluation
        return Trial(self._read_settings(context, precision), error, None)

    def _read_settings(self, context: openmm.Context, precision: str) -> TunedSettings:
        """Get what the force runs with."""
        alpha, *grid = self.force.getPMEParametersInContext(context)
        method = self.force.getKSpaceMethodInContext(context).name
        tolerance = self.force.getEwaldErrorTolerance() if method == "ESP" else 0.0
        return TunedSettings(self.force.getSplineOrder(), alpha, tuple(grid), precision, method, tolerance)

    def time_settings(self, trial: Trial) -> Trial:
        """Add the time of a step."""
        trial.settings.apply(self.force)
        return replace(trial, milliseconds=_time_step(self.make_context()))


def _time_step(context: openmm.Context) -> float:
    """Return the time of a step in ms, the least of some repeats."""
    integrator = context.getIntegrator()
    integrator.step(2)
    best, begin = float("inf"), time.perf_counter()
    while time.perf_counter() - begin < TIMING_SECONDS:
        start = time.perf_counter()
        integrator.step(5)
        context.getState(getEnergy=True)  # which waits for platforms that compute asynchronously
        best = min(best, (time.perf_counter() - start) / 5)
    return 1e3 * best


def search(bench: Bench, order: int, precision: str, target: float) -> Trial:
    """Find alpha and grid for one order and precision: correct the estimate by what it gave, then coarsen the grid.

    Raises OpenMMException if not even the first choice can be run.
    """
    tolerance, best = target, bench.choose(order, precision, target)
    for _ in range(MAX_ADJUSTMENTS):
        if GOAL[0] * target <= best.forceError <= GOAL[1] * target:
            break
        if best.forceError == 0:
            raise ValueError("tuning needs electrostatic forces other than 0, but the charges or the forces are all 0")
        tolerance *= 0.9 * target / best.forceError
        try:
            trial = bench.choose(order, precision, tolerance)
        except openmm.OpenMMException:  # no grid, or no memory for it: what has been reached is the best of this order
            break
        if best.forceError > target and trial.forceError > 0.9 * best.forceError:  # rounding, which no mesh mends
            break
        best = trial
    while best.forceError <= target:
        nx, ny, nz = (coarsen(points) for points in best.settings.grid)
        coarser = (nx, ny, nz)
        if min(coarser) < order or coarser == best.settings.grid:
            break
        trial = bench.try_settings(replace(best.settings, grid=coarser))
        if trial.forceError > target:
            break
        best = trial
    return best


def search_prolate(bench: Bench, precision: str, target: float) -> Trial:
    """Find the loosest tolerance of ESP that meets the target; the strictest if none does.

    Raises OpenMMException if ESP cannot be run.
    """
    best: Trial | None = None
    for tolerance in getProlateTolerances():
        try:
            trial = bench.choose_prolate(precision, tolerance)
        except openmm.OpenMMException:  # a tolerance that the platform does not have
            if best is None:
                raise
            break
        best = trial
        if trial.forceError <= target:
            break
    assert best is not None, "there are tolerances"
    return best


def _search_candidate(bench: Bench, order: int | None, precision: str, target: float) -> Trial:
    return search_prolate(bench, precision, target) if order is None else search(bench, order, precision, target)


def coarsen(points: int) -> int:
    """Get a smaller number of points that FFTs like, about a twelfth where there is one."""
    target = points * 11 // 12
    while target > 2 and findFFTSize(target) >= points:
        target = target * 11 // 12
    return findFFTSize(target)


def tunePME(
    context: openmm.Context,
    forceError: float | unit.Quantity,
    relative: bool = False,
    orders: Sequence[int] = (4, 5, 6, 7, 8),
    precisions: Sequence[str] | None = None,
    maxParticles: int = 200,
    progress: Callable[[str], None] | None = None,
    kSpaceMethods: Sequence[str] = ("SPME", "ESP"),
) -> TuneResult:
    """Find the fastest split, order, grid and precision whose electrostatic force error is at most what is asked.

    Errors are measured at the Context's positions against a converged Ewald sum, times as steps of the whole System, on
    the Context's platform and with its properties. The Context itself is not changed.

    Parameters
    ----------
    context : openmm.Context
        its System holds one NonbondedForce (a TunablePMEForce or not) with method PME or LJPME
    forceError : float or Quantity
        root mean square error, kJ/mol/nm; or a plain number if it is relative
    relative : bool
        whether the error is that over the root mean square of the electrostatic force at the Context's positions
    orders : sequence of int
        spline orders to try
    precisions : sequence of str, optional
        precisions to try, each for all four stages; default double on Reference, and single and double elsewhere
    maxParticles : int
        errors are measured on this many particles
    progress : function of str, optional
        called with what is being tried
    kSpaceMethods : sequence of str
        of "SPME", with all orders, and "ESP", which LJPME does not have

    Returns
    -------
    TuneResult
        the present settings and all trials; ``result.best.settings.apply(force)`` sets a force to the best one

    Raises
    ------
    ValueError
        if no setting reaches the error (the message tells the least error that was reached) or can be run, or all
        electrostatic forces are 0
    """
    bench = Bench(context, maxParticles)
    if precisions is None:
        precisions = ("double",) if context.getPlatform().getName() == "Reference" else ("single", "double")
    target = number_in(forceError, FORCE, "forceError")
    if not target > 0:
        raise ValueError(f"the force error must be positive, but is {forceError}")
    if relative:
        absolute, ratio = bench.measure(bench.make_context())
        if ratio == 0:
            raise ValueError("a relative force error needs forces other than 0")
        target *= absolute / ratio
    result = TuneResult(target, bench.measure_present())
    candidates: list[int | None] = list(orders) if "SPME" in kSpaceMethods else []
    if "ESP" in kSpaceMethods and bench.force.getNonbondedMethod() == openmm.NonbondedForce.PME:
        candidates.append(None)
    for precision in precisions:
        for order in candidates:
            if progress is not None:
                progress(f"{'ESP' if order is None else f'order {order}'}, {precision}")
            try:
                trial = _search_candidate(bench, order, precision, target)
            except openmm.OpenMMException as error:
                result.skipped.append(Skipped(order, precision, str(error)))
                continue
            result.trials.append(bench.time_settings(trial) if trial.forceError <= target else trial)
    if all(trial.milliseconds is None for trial in result.trials):
        if not result.trials:
            reason = result.skipped[-1].reason if result.skipped else "no order or no precision is given"
            raise ValueError(f"no setting can be tried; the last reason: {reason}")
        least = min(trial.forceError for trial in result.trials)
        raise ValueError(
            f"no setting has a force error of {target:.3g} kJ/mol/nm or less; the least that precision "
            f"{' or '.join(precisions)} reached on platform {context.getPlatform().getName()} is {least:.3g}. "
            "Ask for a larger error, or use a more precise platform."
        )
    return result
