# SPDX-License-Identifier: MIT
"""Running a benchmark: sizes, contestants, rounds of windows."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console

from common.argon import Liquid, takeLiquid
from common.contestant import Contestant, Setting, Stepper
from common.measuring import Measurement, Plan, measureWindow, settle, summarize
from common.turns import takeTurn
from openmmsurrogate.reporters import PowerMeter, openCounter
from openmmsurrogate.study.provenance import describeDevice

console = Console(width=160)


def runSizes(
    sizes: Sequence[int],
    contestants: Sequence[Contestant],
    setting: Setting,
    plan: Plan,
    interleave: bool,
    starts: Path | None = None,
    turns: Path | None = None,
) -> Iterator[dict]:
    """Measure all contestants at all sizes; yield a row for each, as soon as it is there.

    With interleave, the contestants take turns, so that drifts of the machine meet all alike; without it one after the
    other has the memory and the energy counter for itself. A folder of starts keeps liquids for a later call. Calls
    with one file for turns melt and measure in turn.
    """
    gpu = describeDevice()["gpu"] if setting.platform == "CUDA" else None
    for numAtoms in sizes:
        liquid = takeLiquid(numAtoms, setting.platform, setting.properties, starts, turns)
        fitting = [
            (contestant, _prepare(contestant, liquid)) for contestant in contestants if numAtoms <= contestant.largest
        ]
        groups = [fitting] if interleave else [[entry] for entry in fitting]
        with takeTurn(turns):
            for group in groups:
                yield from _runGroup(group, liquid, setting, plan, gpu)
                gc.collect()  # Contexts hold GPU memory


def _prepare(contestant: Contestant, liquid: Liquid) -> Callable[[Setting], Stepper]:
    """Return what starts a contestant; one that cannot be prepared raises its error then."""
    try:
        return contestant.prepare(liquid)
    except Exception as error:  # of whatever library

        def fail(setting: Setting, error: Exception = error) -> Stepper:
            raise error

        return fail


def _runGroup(
    group: Sequence[tuple[Contestant, Callable[[Setting], Stepper]]],
    liquid: Liquid,
    setting: Setting,
    plan: Plan,
    gpu: str | None,
) -> Iterator[dict]:
    """Measure contestants in turns. One that fails gets a row that says why."""
    measurements = []
    for contestant, start in group:
        try:
            measurement = Measurement(contestant, start(setting))
            settle(measurement, plan)
            measurements.append(measurement)
        except Exception as error:  # of whatever library: the others go on
            yield {
                "atoms": liquid.numAtoms,
                "name": contestant.name,
                "label": contestant.label,
                "error": f"{type(error).__name__}: {error}",
            }
    with PowerMeter(openCounter() if setting.platform == "CUDA" else None) as meter:
        for _ in range(plan.repeats):
            for measurement in measurements:
                measureWindow(measurement)
    for measurement in measurements:
        yield summarize(measurement, liquid.edge, setting, gpu, meter)
