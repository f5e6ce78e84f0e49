# SPDX-License-Identifier: MIT
"""EnergyUseReporter."""

from __future__ import annotations

import os
import time
import warnings
from dataclasses import dataclass
from typing import Any, TextIO

from openmm import app, unit

from openmmsurrogate.reporters.energy_counter import UPDATE_INTERVAL, EnergyCounter, EnergyCounterError

COLUMNS = ("Step", "Time (ps)", "Energy/Step (J)", "Energy/Time (J/ns)", "Power (W)", "Speed (ns/day)")
MISSING = "--"
SHORTEST_INTERVAL = 10 * UPDATE_INTERVAL
"""Intervals shorter than this, s, get no energy: a reading is up to one update old at either end, an error of 10 %."""


@dataclass(frozen=True)
class Reading:
    """The state of everything that is counted, at one moment."""

    step: int
    picoseconds: float
    seconds: float
    joules: float | None


class EnergyUseReporter:
    """Writes what a simulation costs on NVIDIA GPUs: joules per step and per nanosecond, watts, and ns/day.

    The output is comma-separated values, as StateDataReporter's. Each line is about the interval since the line before
    it, or since the first call of ``Simulation.step()``; everything done in it counts, other reporters too. The energy
    is that of the whole GPUs that the Context runs on, from NVML's counter: what other processes use there and what the
    GPUs draw when idle is in it, the host computer is not.

    Where energies cannot be told the line has ``--``, never a zero; an interval shorter than a second is too short for
    the counter, and a warning then says how many steps a report interval should have.

    Needs pynvml: ``pip install nvidia-ml-py``.

    Parameters
    ----------
    file : str, path-like or text file
        where to write
    reportInterval : int
        number of steps between two lines; enough for some seconds
    separator : str
        what separates columns
    append : bool
        add to an existing file, without the line of headings
    required : bool
        what to do where there is no energy counter: if true, raise EnergyCounterError, when the simulation starts or,
        if the counter fails later, at the report; if false, warn once, and write ``--`` in the place of energies

    Raises
    ------
    ValueError
        if reportInterval is not positive
    """

    def __init__(
        self,
        file: str | os.PathLike[str] | TextIO,
        reportInterval: int,
        separator: str = ",",
        append: bool = False,
        required: bool = True,
    ) -> None:
        if reportInterval < 1:
            raise ValueError(f"EnergyUseReporter: reportInterval must be at least 1 step, but is {reportInterval}")
        self._report_interval = reportInterval
        self._separator = separator
        self._required = required
        self._opened = False
        self._out: Any = file
        if isinstance(file, (str, os.PathLike)):
            self._out = open(file, "a" if append else "w")  # noqa: SIM115  # closed with the reporter
            self._opened = True
        self._write_headings = not append
        self._counter: EnergyCounter | None = None
        self._last: Reading | None = None
        self._warned = False
        self._warned_of_counter = False

    def __del__(self) -> None:
        if getattr(self, "_opened", False):
            self._out.close()

    def describeNextReport(self, simulation: app.Simulation) -> dict[str, Any]:
        """Tell the Simulation when the next report is due and what it needs.

        Raises
        ------
        EnergyCounterError
            in the first call, before any step, if there is no energy counter and one is required
        """
        if self._last is None:
            self._start(simulation)
        steps = self._report_interval - simulation.currentStep % self._report_interval
        # The energy of the state is not used: to get it the host waits for the GPU, for all steps so far.
        return {"steps": steps, "periodic": None, "include": ["energy"]}

    def _start(self, simulation: app.Simulation) -> None:
        try:
            self._counter = EnergyCounter.forContext(simulation.context)
        except EnergyCounterError as error:
            if self._required:
                text = str(error).removesuffix(".")
                raise EnergyCounterError(
                    f"EnergyUseReporter: {text}. (With required=False the simulation runs without energies.)"
                ) from None
            warnings.warn(f"EnergyUseReporter: no energies: {error}", stacklevel=4)
        self._last = self._read(simulation, simulation.context.getState(energy=True))
        if self._write_headings:
            print("#" + self._separator.join(f'"{name}"' for name in COLUMNS), file=self._out)

    def _read(self, simulation: app.Simulation, state: Any) -> Reading:
        joules = None
        if self._counter is not None:
            try:
                joules = self._counter.read()
            except EnergyCounterError as error:
                self._miss(f"EnergyUseReporter: {error}")
        picoseconds = state.getTime().value_in_unit(unit.picosecond)
        return Reading(simulation.currentStep, picoseconds, time.perf_counter(), joules)

    def reset(self, simulation: app.Simulation) -> None:
        """Begin the interval anew, so that what was done since the last line is not counted.

        Call it before ``Simulation.step()`` where a script has done something else since the last step.
        """
        if self._last is not None:
            self._last = self._read(simulation, simulation.context.getState(energy=True))

    def report(self, simulation: app.Simulation, state: Any) -> None:
        """Write a line about the interval that ends now."""
        assert self._last is not None, "Simulation calls describeNextReport() before report()"
        now, before = self._read(simulation, state), self._last
        self._last = now
        values = [str(now.step), f"{now.picoseconds:.10g}", *self._describe_energy(before, now)]
        nanoseconds, days = (now.picoseconds - before.picoseconds) / 1000.0, (now.seconds - before.seconds) / 86400.0
        values.append(f"{nanoseconds / days:.4g}" if days > 0.0 else MISSING)
        print(self._separator.join(values), file=self._out)
        if hasattr(self._out, "flush"):
            self._out.flush()

    def _describe_energy(self, before: Reading, now: Reading) -> list[str]:
        """Get J/step, J/ns and W as text."""
        steps, seconds = now.step - before.step, now.seconds - before.seconds
        if before.joules is None or now.joules is None:
            return 3 * [MISSING]
        if seconds < SHORTEST_INTERVAL:
            self._warn_of_short_interval(steps, seconds)
            return 3 * [MISSING]
        joules, nanoseconds = now.joules - before.joules, (now.picoseconds - before.picoseconds) / 1000.0
        if joules <= 0.0:
            self._miss(
                f"EnergyUseReporter: the energy counter went from {before.joules} J to {now.joules} J in "
                f"{seconds:.1f} s: it stands still, or was reset with the driver"
            )
            return 3 * [MISSING]
        perStep = f"{joules / steps:.4g}" if steps > 0 else MISSING
        perTime = f"{joules / nanoseconds:.4g}" if nanoseconds > 0.0 else MISSING
        return [perStep, perTime, f"{joules / seconds:.4g}"]

    def _miss(self, problem: str) -> None:
        """Raise EnergyCounterError, or warn the first time, of a counter that fails in the middle of a run."""
        if self._required:
            raise EnergyCounterError(problem)
        if not self._warned_of_counter:
            self._warned_of_counter = True
            warnings.warn(f"{problem} (Such lines have no energies.)", stacklevel=5)

    def _warn_of_short_interval(self, steps: int, seconds: float) -> None:
        if self._warned:
            return
        self._warned = True
        advice = 10 * self._report_interval
        if steps > 0 and seconds > 0.0:
            advice = int(2.0 * SHORTEST_INTERVAL / seconds * steps) + 1
        warnings.warn(
            f"EnergyUseReporter: {steps} steps took {seconds:.2g} s, too short for an energy counter that is updated "
            f"in intervals of up to {UPDATE_INTERVAL} s. Energies are left out of such lines; a reportInterval of "
            f"{advice} steps or more would do.",
            stacklevel=4,
        )
