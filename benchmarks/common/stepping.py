# SPDX-License-Identifier: MIT
"""Time and energy of whole molecular dynamics steps."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import openmm
from openmm import unit


class EnergyCounter:
    """The energy counter of an NVIDIA GPU, in joules; unavailable where there is none."""

    def __init__(self, deviceIndex: int = 0) -> None:
        try:
            import pynvml

            pynvml.nvmlInit()
            self._nvml, self._handle = pynvml, pynvml.nvmlDeviceGetHandleByIndex(deviceIndex)
            self.read()
        except Exception:  # pynvml is not installed, or has no driver to talk to: its own exceptions differ by version
            self._handle = None

    def read(self) -> float | None:
        """Return the joules used since the driver was loaded, None without a counter."""
        if self._handle is None:
            return None
        return self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle) / 1000.0


@dataclass
class Contestant:
    """A way to compute the same system, and what was measured of it, one value per repeat."""

    label: str
    context: openmm.Context
    millisecondsPerStep: list[float] = field(default_factory=list)
    joulesPerStep: list[float] = field(default_factory=list)

    def wait(self) -> None:
        """Wait until all steps so far are done."""
        self.context.getState(energy=True)

    def temperature(self) -> float:
        """Return the instantaneous temperature, K."""
        kinetic = self.context.getState(energy=True).getKineticEnergy()
        freedoms = 3 * self.context.getSystem().getNumParticles()
        return (2 * kinetic / (freedoms * unit.MOLAR_GAS_CONSTANT_R)).value_in_unit(unit.kelvin)

    def summary(self) -> dict:
        """Return medians and ranges for the results file."""
        row = {
            "label": self.label,
            "ms_per_step": statistics.median(self.millisecondsPerStep),
            "ms_per_step_range": [min(self.millisecondsPerStep), max(self.millisecondsPerStep)],
            "temperature_K": self.temperature(),
        }
        if self.joulesPerStep:
            row["J_per_step"] = statistics.median(self.joulesPerStep)
        return row


def measureOnce(contestant: Contestant, seconds: float, counter: EnergyCounter) -> None:
    """Step for about so many seconds, and keep time and energy per step."""
    integrator = contestant.context.getIntegrator()
    start = time.perf_counter()
    integrator.step(20)
    contestant.wait()
    steps = max(20, int(20 * seconds / (time.perf_counter() - start)))
    energy, start = counter.read(), time.perf_counter()
    integrator.step(steps)
    contestant.wait()
    contestant.millisecondsPerStep.append(1000.0 * (time.perf_counter() - start) / steps)
    if energy is not None:
        contestant.joulesPerStep.append((counter.read() - energy) / steps)


def race(contestants: Sequence[Contestant], settlingSteps: int, seconds: float, repeats: int) -> list[dict]:
    """Measure all contestants in turn, several times over, so that drifts of the machine meet all alike."""
    counter = EnergyCounter()
    for contestant in contestants:
        contestant.context.getIntegrator().step(settlingSteps)
        contestant.wait()
    for _ in range(repeats):
        for contestant in contestants:
            measureOnce(contestant, seconds, counter)
    return [contestant.summary() for contestant in contestants]
