# SPDX-License-Identifier: MIT
"""How a simulation samples configurations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class RecordingSettings:
    """What is recorded of each configuration, and where it is computed.

    Raises
    ------
    ValueError
        if a force group is not one
    """

    recordsVirial: bool = False
    forceGroups: tuple[int, ...] | None = None
    """Force groups whose forces and energies are recorded; None for all. In a simulation all move the particles."""
    platform: str | None = None
    """Name of the platform; None for the fastest."""
    precision: str | None = None
    """Precision of Contexts, such as "double", on platforms that have a choice; None for the platform's default."""

    def __post_init__(self) -> None:
        if any(not 0 <= group < 32 for group in self.forceGroups or ()):
            raise ValueError(f"force groups are numbers from 0 to 31, not {self.forceGroups}")

    @property
    def groupMask(self) -> int:
        """The recorded force groups as OpenMM takes them, one bit each."""
        return -1 if self.forceGroups is None else sum(1 << group for group in set(self.forceGroups))


@dataclass(frozen=True)
class SamplingSettings:
    """How a simulation samples configurations; times in ps, temperatures in K.

    Raises
    ------
    ValueError
        that names the value that makes no sense
    """

    temperature: float
    numFrames: int
    """Number of frames, over all volumes."""
    interval: float = 10.0
    """Time between frames; a frame is decorrelated from the one before after a few ps in simple liquids."""
    equilibration: float = 100.0
    """Time before the first frame, at each volume."""
    startTemperature: float | None = None
    """Temperature of the first half of the equilibration, such as one that melts a lattice; None for the same."""
    timeStep: float = 0.002
    friction: float = 1.0
    """Friction of the Langevin thermostat, 1/ps."""
    seed: int = 1
    """Seed of velocities, thermostat and barostat, from which the seed of each frame derives."""
    pressure: float | None = None
    """Pressure of a Monte Carlo barostat, bar; None for constant volume."""
    volumes: tuple[float, ...] = (1.0,)
    """Volumes of the box relative to the given one; the frames are spread over them evenly, in this order."""
    recording: RecordingSettings = RecordingSettings()

    def __post_init__(self) -> None:
        positive = {"temperature": self.temperature, "interval": self.interval, "timeStep": self.timeStep}
        positive |= {"numFrames": self.numFrames, "friction": self.friction}
        positive |= {} if self.startTemperature is None else {"startTemperature": self.startTemperature}
        positive |= {f"volumes[{i}]": volume for i, volume in enumerate(self.volumes)}
        for name, value in positive.items():
            if not (np.isfinite(value) and value > 0.0):
                raise ValueError(f"{name} must be positive, not {value}")
        if not self.equilibration >= 0.0:
            raise ValueError(f"equilibration must not be negative, but is {self.equilibration} ps")
        if self.interval < self.timeStep:
            raise ValueError(f"the interval {self.interval} ps is shorter than the time step {self.timeStep} ps")
        if not 1 <= len(self.volumes) <= self.numFrames:
            raise ValueError(f"{len(self.volumes)} volumes cannot share {self.numFrames} frames")
        if self.pressure is not None and len(self.volumes) > 1:
            raise ValueError("a barostat and several volumes exclude each other")

    def volumeOfFrame(self, frame: int) -> int:
        """Return the index of the volume at which a frame is sampled."""
        return frame * len(self.volumes) // self.numFrames

    def seedOfFrame(self, frame: int) -> int:
        """Return the seed of the simulation that leads to a frame."""
        return _derive_seed(self.seed, 0, frame)

    def seedOfEquilibration(self, volume: int) -> int:
        """Return the seed of the equilibration at the volume with an index."""
        return _derive_seed(self.seed, 1, volume)

    def asMetadata(self) -> dict[str, Any]:
        """Return everything that determines the frames, as JSON can hold it."""
        values = asdict(self)
        values |= values.pop("recording")
        del values["platform"]  # any may continue
        if self.recording.precision is None:
            del values["precision"]  # as in files from before there was a choice
        if len(self.volumes) == 1:
            del values["numFrames"]  # more may be asked for later
        return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def _derive_seed(*numbers: int) -> int:
    """Return a positive seed, because 0 means a random one to OpenMM."""
    return 1 + int(np.random.SeedSequence(numbers).generate_state(1)[0]) % (2**31 - 2)


def check_same_settings(path: str, recorded: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raise ValueError that names the first difference between how a file was begun and how it shall be continued."""
    for key in sorted(set(recorded) | set(wanted)):
        if recorded.get(key) != wanted.get(key):
            raise ValueError(
                f"{path} exists and was begun with {key} = {recorded.get(key)!r}, not {wanted.get(key)!r}: continue it "
                "with what it was begun with, or write to another file"
            )
