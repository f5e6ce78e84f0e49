# SPDX-License-Identifier: MIT
"""Power of a GPU in short windows of time, from NVML's energy counter.

The counter moves every 0.1 s. A thread beside the work notes when it does, so that power comes from the time between
two such moments instead of between two readings that are up to 0.1 s old.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from openmmsurrogate.reporters.cuda_devices import DeviceLookupError, get_device_uuid
from openmmsurrogate.reporters.energy_counter import EnergyCounter, EnergyCounterError

POLLING_INTERVAL = 0.002  # s; a reading itself takes as long
SHORTEST_SPAN = 0.35  # s between the first and the last move: power is then right within 2 %


def openCounter() -> EnergyCounter | None:
    """Return the energy counter of CUDA's first device; None without one."""
    try:
        return EnergyCounter([get_device_uuid(0)])
    except (DeviceLookupError, EnergyCounterError):
        return None


class PowerMeter:
    """Watches a counter in a thread, as a context manager."""

    def __init__(self, counter: EnergyCounter | None) -> None:
        self._counter = counter
        self._moves: list[tuple[float, float]] = []  # s, J
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PowerMeter:
        if self._counter is not None:
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        if self._counter is not None:
            self._thread.join()

    def _watch(self) -> None:
        counter = self._counter
        assert counter is not None, "the thread runs only with a counter"
        last = counter.read()
        while not self._stop.wait(POLLING_INTERVAL):
            joules = counter.read()
            if joules != last:
                self._moves.append((time.perf_counter(), joules))
                last = joules

    def findPower(self, windows: Sequence[tuple[float, float]]) -> float | None:
        """Return the mean power in windows of time, given by start and end, W; None if they are too short to tell."""
        return findPower(list(self._moves), windows)


def findPower(moves: Sequence[tuple[float, float]], windows: Sequence[tuple[float, float]]) -> float | None:
    """Return the mean power from the moves of a counter, (s, J), that fall into the windows."""
    seconds = joules = 0.0
    for start, end in joinWindows(windows):
        inside = [move for move in moves if start <= move[0] <= end]
        if len(inside) > 1:
            seconds += inside[-1][0] - inside[0][0]
            joules += inside[-1][1] - inside[0][1]
    return joules / seconds if seconds >= SHORTEST_SPAN else None


def joinWindows(windows: Sequence[tuple[float, float]], gap: float = 0.02) -> list[tuple[float, float]]:
    """Return windows with those that follow each other, within a gap in s, as one."""
    joined: list[tuple[float, float]] = []
    for start, end in windows:
        if joined and start - joined[-1][1] <= gap:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def measureIdlePower(seconds: float = 1.5) -> float | None:
    """Return what the GPU draws while nothing runs, W; None without a counter."""
    with PowerMeter(openCounter()) as meter:
        start = time.perf_counter()
        time.sleep(seconds)
        return meter.findPower([(start, time.perf_counter())])
