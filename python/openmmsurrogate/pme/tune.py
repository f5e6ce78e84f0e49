# SPDX-License-Identifier: MIT
"""Find the fastest settings of a TunablePMEForce that meet a force error, by measuring."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import openmm
from openmm import unit
from rich.table import Table

from openmmsurrogate._convert import FORCE, number_in
from openmmsurrogate._wrapper import findFFTSize, getProlateTolerances
from openmmsurrogate.pme.bench import PART_OF_MEMORY, POINTS_PER_CUTOFF, Bench, Trial
from openmmsurrogate.pme.force import TunablePMEForce

# A search ends when the error is between these parts of the target, or when it has not come closer.
GOAL = (0.6, 1.0)
MAX_ADJUSTMENTS = 8
# An estimate can ask for a grid of any size. So a strict target is approached, from an error that every order reaches,
# in steps of at most this ratio; the search ends where rounding lets no error come closer, or a grid would be too
# large.
FIRST_TOLERANCE = 0.1  # kJ/mol/nm
LARGEST_STEP = 100
# Parts of the points along each axis that are left after a step.
COARSENING, FINE_COARSENING = 3 / 4, 11 / 12


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
    """The System as it is; None if it cannot be run."""
    defaults: Trial | None = None
    """What replaceNonbondedForce() alone makes of a System that has a plain NonbondedForce; else None."""
    trials: list[Trial] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def best(self) -> Trial:
        """The fastest that meets the target; it is `present` where nothing is faster than the System as it is."""
        return min(self.candidates, key=lambda trial: trial.milliseconds or 0.0)

    @property
    def candidates(self) -> list[Trial]:
        """All that meet the target: the System as it is, the defaults, the trials."""
        rows = (self.present, self.defaults, *self.trials)
        return [row for row in rows if row is not None and row.forceError <= self.target]

    def makeTable(self) -> Table:
        """Make a table for rich: the System as it is, the defaults, and all trials with the best one marked.

        Its caption says so where nothing is faster than the System as it is, and what could not be tried.
        """
        table = Table(title=f"Force error at most {self.target:.3g} kJ/mol/nm", title_justify="left")
        for heading in ("split", "alpha (1/nm)", "grid", "precision", "error", "ms/step"):
            table.add_column(heading, justify="right")
        table.add_column("", no_wrap=True)
        best = self.best
        known = [(self.present, "as it is"), (self.defaults, "defaults")]
        rows = [(trial, label) for trial, label in known if trial is not None]
        for trial, label in rows + [(trial, "") for trial in self.trials]:
            marks = [label] * bool(label) + ["fastest"] * (trial is best)
            table.add_row(*_describe(trial), "\n".join(marks), style="bold" if trial is best else None)
            if rows and trial is rows[-1][0]:
                table.add_section()
        notes = ["Nothing that was tried is faster than the System as it is."] if best is self.present else []
        if notes or self.skipped:
            table.caption = "\n".join(notes + [str(skipped) for skipped in self.skipped])
            table.caption_justify = "left"
        return table


def _describe(trial: Trial) -> tuple[str, ...]:
    """Return the cells of a trial."""
    s = trial.settings
    timing = "" if trial.milliseconds is None else f"{trial.milliseconds:.3g}"
    grid = "x".join(map(str, s.grid))
    esp = s.kSpaceMethod == "ESP"
    split = f"ESP {s.tolerance:.0e}" if esp else f"SPME {s.splineOrder}"
    return split, "" if esp else f"{s.alpha:.4f}", grid, s.precision, f"{trial.forceError:.3g}", timing


def search(bench: Bench, order: int, precision: str, target: float) -> Trial:
    """Find alpha and grid for one order and precision: correct the estimate by what it gave, then coarsen the grid.

    Raises OpenMMException if not even the first choice can be run.
    """
    tolerance = max(target, FIRST_TOLERANCE)
    best = last = bench.choose(order, precision, tolerance)
    for _ in range(MAX_ADJUSTMENTS):
        if GOAL[0] * target <= last.forceError <= GOAL[1] * target:
            break
        if last.forceError == 0:
            raise ValueError("tuning needs electrostatic forces other than 0, but the charges or the forces are all 0")
        tolerance *= max(0.9 * target / last.forceError, 1 / LARGEST_STEP)
        try:
            trial = bench.choose(order, precision, tolerance)
        except openmm.OpenMMException:  # no grid, or none that is tried: this order ends with what it has reached
            break
        best = _choose_nearer(best, trial, target)  # grids have steps, so that errors may go to and fro
        if last.forceError > target and trial.forceError > 0.9 * last.forceError:  # rounding, which no mesh mends
            break
        last = trial
    return _coarsen_grid(bench, best, target)


def _coarsen_grid(bench: Bench, best: Trial, target: float) -> Trial:
    """Make the grid coarser as long as the error allows: in large steps, and from where these end in small ones."""
    tooCoarse = (0, 0, 0)
    for part in (COARSENING, FINE_COARSENING):
        while best.forceError <= target:
            nx, ny, nz = (coarsen(points, part) for points in best.settings.grid)
            grid = (nx, ny, nz)
            if min(grid) < best.settings.splineOrder or grid in (best.settings.grid, tooCoarse):
                break
            trial = bench.try_settings(replace(best.settings, grid=grid))
            if trial.forceError > target:
                tooCoarse = grid
                break
            best = trial
    return best


def _choose_nearer(one: Trial, other: Trial, target: float) -> Trial:
    """Get the one that meets the target, with the larger error if both do, and with the smaller one if none does."""
    meeting = [trial for trial in (one, other) if trial.forceError <= target]
    if meeting:
        return max(meeting, key=lambda trial: trial.forceError)
    return min(one, other, key=lambda trial: trial.forceError)


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


def search_candidate(bench: Bench, order: int | None, precision: str, target: float, known: Trial | None) -> Trial:
    """Search for one order, or for ESP if it is None, and one precision.

    The error hardly depends on the precision: what is known to meet the target in another one mostly does in this one.
    """
    if known is not None and known.forceError <= target:
        trial = bench.try_settings(replace(known.settings, precision=precision))
        if trial.forceError <= target:
            return trial
    return search_prolate(bench, precision, target) if order is None else search(bench, order, precision, target)


def coarsen(points: int, part: float = FINE_COARSENING) -> int:
    """Get a smaller number of points that FFTs like, about this part where there is one."""
    target = int(points * part)
    while target > 2 and findFFTSize(target) >= points:
        target = target * 11 // 12
    return findFFTSize(target)


def check_orders(orders: Sequence[int]) -> None:
    """Raise ValueError if there is no such spline order."""
    least, most = TunablePMEForce.MinSplineOrder, TunablePMEForce.MaxSplineOrder
    for order in orders:
        if not least <= order <= most:
            raise ValueError(f"spline orders are {least} to {most}, but {order} is among those to try")


def tunePME(
    context: openmm.Context,
    forceError: float | unit.Quantity,
    relative: bool = False,
    orders: Sequence[int] = (4, 5, 6, 7, 8),
    precisions: Sequence[str] | None = None,
    maxParticles: int = 1000,
    progress: Callable[[str], None] | None = None,
    kSpaceMethods: Sequence[str] = ("SPME", "ESP"),
) -> TuneResult:
    """Find the fastest split, order, grid and precision whose electrostatic force error is at most what is asked.

    Errors are measured at the Context's positions against a converged Ewald sum, times as steps of the whole System, on
    the Context's platform and with its properties: of all that meet the error in turn, several times, of which the
    least counts. The System as it is takes part. The Context itself is not changed.

    Parameters
    ----------
    context : openmm.Context
        its System holds one NonbondedForce (a TunablePMEForce or not) with method PME or LJPME
    forceError : float or Quantity
        root mean square error, kJ/mol/nm; or a plain number if it is relative
    relative : bool
        whether the error is that over the root mean square of the electrostatic force at the Context's positions
    orders : sequence of int
        spline orders to try, of 4 to 8
    precisions : sequence of str, optional
        precisions to try, each for all four stages; default double on Reference, and single and double elsewhere
    maxParticles : int
        errors are measured on this many particles, by default as many as by ``measureForceErrorInContext()``
    progress : function of str, optional
        called with what is being tried
    kSpaceMethods : sequence of str
        of "SPME", with all orders, and "ESP", which LJPME does not have

    Returns
    -------
    TuneResult
        the System as it is and all trials; ``result.best.settings.apply(force)`` sets a TunablePMEForce to the best
        one, unless ``result.best is result.present``: then nothing is faster than the System as it is

    Raises
    ------
    ValueError
        if no setting reaches the error (the message tells the least error that was reached) or can be run, all
        electrostatic forces are 0, or there is no such spline order
    OpenMMException
        if the Context has no positions yet
    """
    check_orders(orders)
    bench = Bench(context, maxParticles)
    if precisions is None:
        precisions = ("double",) if context.getPlatform().getName() == "Reference" else ("single", "double")
    target = number_in(forceError, FORCE, "forceError")
    if not 0 < target < math.inf:
        raise ValueError(f"the force error must be positive and finite, but is {forceError}")
    if relative:
        absolute, ratio = bench.measure(bench.make_context())
        if ratio == 0:
            raise ValueError("a relative force error needs forces other than 0")
        target *= absolute / ratio
    result = TuneResult(target, defaults=bench.measure_defaults())  # before anything else is set
    result.present = bench.measure_present()
    candidates: list[int | None] = list(orders) if "SPME" in kSpaceMethods else []
    if "ESP" in kSpaceMethods and bench.force.getNonbondedMethod() == openmm.NonbondedForce.PME:
        candidates.append(None)
    known: dict[int | None, Trial] = {}
    for precision in precisions:
        for order in candidates:
            if progress is not None:
                progress(f"{'ESP' if order is None else f'order {order}'}, {precision}")
            try:
                trial = search_candidate(bench, order, precision, target, known.get(order))
            except openmm.OpenMMException as error:
                result.skipped.append(Skipped(order, precision, str(error)))
                continue
            known[order] = trial
            result.trials.append(trial)
    if not result.trials:
        reason = result.skipped[-1].reason if result.skipped else "no order or no precision is given"
        raise ValueError(f"no setting can be tried; the last reason: {reason}")
    if not result.candidates:
        least = min(trial.forceError for trial in result.trials)
        raise ValueError(
            f"no setting has a force error of {target:.3g} kJ/mol/nm or less; the least that precision "
            f"{' or '.join(precisions)} reached on platform {context.getPlatform().getName()} is {least:.3g}. Ask for "
            "a larger error, use a more precise platform, or give higher orders or a larger cutoff: grids finer than "
            f"1/{POINTS_PER_CUTOFF} of the cutoff are not tried, nor those that take more than "
            f"{PART_OF_MEMORY:.0%} of the memory{'' if bench.memory else ' on platforms Reference and CPU'}."
        )
    if progress is not None:
        progress("all of them in turn, to time them")
    _time(bench, result)
    return result


def _time(bench: Bench, result: TuneResult) -> None:
    """Time what meets the target and, for comparison, the System as it is and the defaults."""
    fixed = [trial for trial in (result.present, result.defaults) if trial is not None]
    timed = fixed + [trial for trial in result.trials if trial.forceError <= result.target]
    times = {id(before): after for before, after in zip(timed, bench.time_trials(timed), strict=True)}
    result.present = times.get(id(result.present))
    result.defaults = times.get(id(result.defaults))
    result.trials = [times.get(id(trial), trial) for trial in result.trials]
