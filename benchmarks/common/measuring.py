# SPDX-License-Identifier: MIT
"""Measuring contestants: time, energy, pairs."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass, field

from common.contestant import Contestant, Setting, Stepper
from common.floors import CHIP, findFloor
from common.pairs import countPairs
from openmmsurrogate.reporters import PowerMeter


@dataclass(frozen=True)
class Plan:
    """How long to measure."""

    seconds: float  # a window
    repeats: int  # windows
    minimumSteps: int  # in all windows together
    maximumSeconds: float  # for all windows together, whatever the minimum
    settlingSteps: int  # before: kernels are compiled, lists grow, OpenMM reorders
    multiple: int = 1  # of which a window holds a multiple of steps, whatever the maximum


@dataclass
class Measurement:
    """What was measured of one contestant, an entry per window."""

    contestant: Contestant
    stepper: Stepper
    steps: int = 0  # a window
    windows: list[tuple[float, float]] = field(default_factory=list)  # start and end, s

    @property
    def milliseconds(self) -> list[float]:
        """Time of a step in each window."""
        return [1000.0 * (end - start) / self.steps for start, end in self.windows]


def settle(measurement: Measurement, plan: Plan) -> None:
    """Do the first steps, and find how many fill a window."""
    stepper = measurement.stepper
    stepper.step(5)
    stepper.wait()
    start = time.perf_counter()
    stepper.step(15)
    stepper.wait()
    perStep = (time.perf_counter() - start) / 15
    steps = min(plan.settlingSteps, max(20, int(0.3 * plan.maximumSeconds / perStep)))
    start = time.perf_counter()
    stepper.step(steps)
    stepper.wait()
    perStep = (time.perf_counter() - start) / steps
    wanted = max(plan.seconds / perStep, plan.minimumSteps / plan.repeats)
    fitting = max(1, math.ceil(min(wanted, plan.maximumSeconds / plan.repeats / perStep)))
    measurement.steps = plan.multiple * math.ceil(fitting / plan.multiple)


def measureWindow(measurement: Measurement) -> None:
    """Step through one window."""
    start = time.perf_counter()
    measurement.stepper.step(measurement.steps)
    measurement.stepper.wait()
    measurement.windows.append((start, time.perf_counter()))


def summarize(
    measurement: Measurement,
    edge: float,
    setting: Setting,
    gpu: str | None,
    meter: PowerMeter,
    pairs: float | None = None,
) -> dict:
    """Return a row for the results: medians, ranges, and what follows from them; pairs are counted if not given."""
    contestant, stepper = measurement.contestant, measurement.stepper
    milliseconds = statistics.median(measurement.milliseconds)
    positions = stepper.positions()
    row = {
        "atoms": len(positions),
        "name": contestant.name,
        "label": contestant.label,
        "whole_steps": contestant.wholeSteps,
        "platform": setting.platform,
        **setting.properties,
        "steps": measurement.steps * len(measurement.milliseconds),
        "ms_per_step": milliseconds,
        "ms_per_step_range": [min(measurement.milliseconds), max(measurement.milliseconds)],
        "temperature_K": stepper.temperature(),
    }
    if contestant.hasPairs:
        row["pairs"] = countPairs(positions, edge, contestant.cutoff) if pairs is None else pairs
        row["pairs_per_s"] = 1000.0 * row["pairs"] / milliseconds
    if contestant.arithmetic is not None and CHIP in (gpu or ""):
        row["floor_ms"] = findFloor(contestant.arithmetic, row["pairs"])
        row["floor_fraction"] = row["floor_ms"] / milliseconds
    power = meter.findPower(measurement.windows)
    if power is not None:
        row["W"] = power
        row["J_per_step"] = power * statistics.mean(measurement.milliseconds) / 1000.0
    return row
