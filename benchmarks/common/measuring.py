# SPDX-License-Identifier: MIT
"""Measuring contestants: time, energy, pairs."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass, field

from common.argon import liquid_argon
from common.contestant import Contestant, Setting, Stepper
from common.floors import CHIP, findFloor
from common.pairs import countPairs
from openmmsurrogate.reporters import EnergyCounter, EnergyCounterError
from openmmsurrogate.reporters.cuda_devices import DeviceLookupError, get_device_uuid

SHORTEST_ENERGY_WINDOW = 1.0  # s


@dataclass(frozen=True)
class Plan:
    """How long to measure."""

    seconds: float  # a window
    repeats: int  # windows
    minimumSteps: int  # in all windows together
    maximumSeconds: float  # for all windows together, whatever the minimum
    settlingSteps: int  # before: kernels are compiled, lists grow, OpenMM reorders


@dataclass
class Measurement:
    """What was measured of one contestant, an entry per window."""

    contestant: Contestant
    stepper: Stepper
    steps: int = 0  # a window
    milliseconds: list[float] = field(default_factory=list)  # a step
    seconds: list[float] = field(default_factory=list)  # of windows with energy
    joules: list[float] = field(default_factory=list)  # of these windows


def openCounter() -> EnergyCounter | None:
    """Return the energy counter of CUDA's first device; None without one."""
    try:
        return EnergyCounter([get_device_uuid(0)])
    except (DeviceLookupError, EnergyCounterError):
        return None


def measureIdlePower(counter: EnergyCounter | None, seconds: float = 2.0) -> float | None:
    """Return what the GPU draws while nothing runs, W."""
    if counter is None:
        return None
    start, joules = time.perf_counter(), counter.read()
    time.sleep(seconds)
    return (counter.read() - joules) / (time.perf_counter() - start)


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
    measurement.steps = max(1, math.ceil(min(wanted, plan.maximumSeconds / plan.repeats / perStep)))


def measureWindow(measurement: Measurement, counter: EnergyCounter | None) -> None:
    """Step through one window."""
    joules, start = None if counter is None else counter.read(), time.perf_counter()
    measurement.stepper.step(measurement.steps)
    measurement.stepper.wait()
    seconds = time.perf_counter() - start
    measurement.milliseconds.append(1000.0 * seconds / measurement.steps)
    if counter is not None and joules is not None:
        measurement.joules.append(counter.read() - joules)
        measurement.seconds.append(seconds)


def summarize(measurement: Measurement, edge: float, setting: Setting, gpu: str | None) -> dict:
    """Return a row for the results: medians, ranges, and what follows from them."""
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
        row["pairs"] = countPairs(positions, edge, liquid_argon.CUTOFF)
        row["pairs_per_s"] = 1000.0 * row["pairs"] / milliseconds
    if contestant.arithmetic is not None and CHIP in (gpu or ""):
        row["floor_ms"] = findFloor(contestant.arithmetic, row["pairs"])
        row["floor_fraction"] = row["floor_ms"] / milliseconds
    # Windows follow each other, so that together they are as good as one long one.
    if sum(measurement.seconds) >= SHORTEST_ENERGY_WINDOW:
        row["J_per_step"] = sum(measurement.joules) / row["steps"]
        row["W"] = sum(measurement.joules) / sum(measurement.seconds)
    return row
