# SPDX-License-Identifier: MIT
"""Time and energy of a step, what the time goes to, and what ensembles cost.

All steps of a contestant are those of one Context. What the time goes to comes from differences, not from a profiler:

- at rest: the same steps with a time step so small that no particle moves and no list is built anew. What moving steps
  take more is the neighbor list;
- at rest without reciprocal space: the difference is reciprocal space;
- at rest without any force: the difference is the pairs; what remains is integration, thermostat, launches, and
  OpenMM's reordering of particles.

OpenMM's CUDA platform reorders particles every 251 steps, on the host, where its own list is used. Windows then hold a
multiple of these steps.

Checks of the list that run at each step count to the pairs. Where reciprocal space runs beside the pairs on the GPU its
part is what it adds; what it takes alone is given, too.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from openmmsurrogate.study.contestants import K_SPACE_GROUP, Contestant
from openmmsurrogate.study.experiment import Experiment
from openmmsurrogate.study.laboratory import Laboratory, describeError
from openmmsurrogate.study.materials import Material
from openmmsurrogate.study.timed_context import ALL_GROUPS, BAROSTAT_INTERVAL, REORDERING_INTERVAL, TimedContext, Timing

ENSEMBLES = ("NVE", "NPT")
_HICCUP = 1.5  # times the median: a window that long was disturbed
_DISTURBED = "a window took much longer than the others: something else held the GPU or the host"
_NOISE = 0.2  # of a step: parts below minus this say that the differences mean nothing


def measureSpeed(laboratory: Laboratory, numParticles: int, contestant: Contestant) -> list[dict[str, Any]]:
    """Measure a contestant at one size; return a row, which says why if it fails."""
    material = laboratory.material
    size = {"particles": material.countParticles(numParticles)}
    try:
        start = laboratory.makeStart(numParticles, material.state)
        laboratory.report(_describe(material, size["particles"], contestant))
        with laboratory.open(contestant, start) as context:
            return [{**contestant.describe(), **size, **_measure(laboratory, contestant, context)}]
    except Exception as error:  # of whatever library, out of memory too: the others go on
        return [describeError(contestant, error, **size)]


def makeTiming(material: Material, size: int, contestant: Contestant, needs: str | None = None) -> Experiment:
    """Return the experiment that measures a contestant at the nearest possible size."""
    return Experiment(
        f"speed-{size}-{contestant.name}",
        _describe(material, material.countParticles(size), contestant),
        partial(measureSpeed, numParticles=size, contestant=contestant),
        needs,
    )


def _describe(material: Material, particles: int, contestant: Contestant) -> str:
    return f"speed of {particles:,} {material.particles}: {contestant.label}"


def _measure(laboratory: Laboratory, contestant: Contestant, context: TimedContext) -> dict[str, Any]:
    settings, material = laboratory.settings, laboratory.material
    context.use("NVT")
    multiple = _multiple(laboratory, contestant)
    whole = context.time(settings.seconds, settings.repeats, multiple, withPower=contestant.platform is None)
    row: dict[str, Any] = {
        "platform": contestant.platform or settings.platform,
        "state": material.state.name,
        "ms_per_step": whole.median,
        "ms_per_step_windows": whole.milliseconds,
        "steps_per_window": whole.steps,
        "temperature_K": context.temperature(),
        **_describe_power(whole),
    }
    if contestant.split and _is_disturbed(whole):
        row["split_error"] = _DISTURBED
    elif contestant.split:
        parts = _split(laboratory, contestant, context, whole.median)
        smallest = min(value for value in parts.values() if value is not None)
        if smallest < -_NOISE * whole.median:
            row["split_error"] = f"steps vary too much: a part of {whole.median:.3g} ms came out as {smallest:.2g} ms"
        else:
            row["split_ms"] = parts
    if contestant.ensembles:
        row["ensemble_state"] = material.ensembleState.name
        row["ensembles_ms"] = _compare_ensembles(laboratory, contestant, context)
    return row


def _multiple(laboratory: Laboratory, contestant: Contestant) -> int:
    """Return of which windows must hold a multiple of steps: else some have a reordering more than others."""
    platform = contestant.platform or laboratory.settings.platform
    return REORDERING_INTERVAL if contestant.reorders and platform == "CUDA" else 1


def _is_disturbed(timing: Timing) -> bool:
    return max(timing.milliseconds) > _HICCUP * timing.median


def _describe_power(timing: Timing) -> dict[str, Any]:
    """Return power, and energy of a step: that of all windows over all their steps."""
    if timing.watts is None:
        return {}
    if _is_disturbed(timing):
        return {"power_error": _DISTURBED}
    return {"W": timing.watts, "J_per_step": timing.watts * float(np.mean(timing.milliseconds)) / 1000.0}


def _split(
    laboratory: Laboratory, contestant: Contestant, context: TimedContext, whole: float
) -> dict[str, float | None]:
    """Return what the time of a step goes to, ms; the parts add up to the whole."""
    seconds, repeats = laboratory.settings.partSeconds, laboratory.settings.repeats

    def timeAtRest(groups: int) -> float:
        context.use("NVT", groups, frozen=True)
        return context.time(seconds, repeats, _multiple(laboratory, contestant)).median

    rest, other = timeAtRest(ALL_GROUPS), timeAtRest(0)
    result: dict[str, float | None] = {"neighbor": whole - rest, "other": other, "k_space": None, "k_space_alone": None}
    if contestant.hasKSpace:
        withoutKSpace = timeAtRest(ALL_GROUPS & ~(1 << K_SPACE_GROUP))
        result["k_space"] = rest - withoutKSpace
        result["k_space_alone"] = timeAtRest(1 << K_SPACE_GROUP) - other
        rest = withoutKSpace
    result["pair"] = rest - other
    return result


def _compare_ensembles(laboratory: Laboratory, contestant: Contestant, context: TimedContext) -> dict[str, list[float]]:
    """Return times of a step in each ensemble, ms, a number per window."""
    settings, material = laboratory.settings, laboratory.material
    if material.ensembleState != material.state:
        lattice = material.createLattice(context.context.getSystem().getNumParticles(), material.ensembleState)
        context.restart(lattice)
    result = {}
    for ensemble in ENSEMBLES:
        context.use(ensemble)
        multiple = _multiple(laboratory, contestant)
        if ensemble == "NPT":
            multiple = max(multiple, BAROSTAT_INTERVAL)
        result[ensemble] = context.time(settings.partSeconds, settings.repeats, multiple).milliseconds
    return result
