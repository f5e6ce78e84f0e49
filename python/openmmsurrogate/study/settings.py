# SPDX-License-Identifier: MIT
"""What a study is told: platform, sizes, and how long to measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

STUDIES = ("argon", "nacl")

# Numbers of particles; the experiments take the nearest complete crystals.
_SIZES = (2000, 16000, 64000, 256000, 1000000, 4000000)
_SIZES_WITHOUT_GPU = (2000,)
_QUICK_SIZES = (500,)


@dataclass(frozen=True)
class StudySettings:
    """Settings of a study. Results of different settings do not mix.

    Raises
    ------
    ValueError
        if there is no such study, or a number makes no sense
    """

    study: str
    platform: str
    """OpenMM's name of the platform."""
    sizes: tuple[int, ...]
    """Numbers of particles of the timings."""
    seconds: float
    """Length of a window of time of whole steps."""
    partSeconds: float
    """Length of a window of time of parts of steps, and of ensembles."""
    repeats: int
    """Windows of each timing."""
    structureParticles: int
    """Particles of the runs for g(r) and mean energies."""
    structureSteps: int
    """Steps of these runs; a fifth of this comes before, unsampled."""
    repeatSteps: int
    """Steps of the runs that are done twice."""

    def __post_init__(self) -> None:
        if self.study not in STUDIES:
            raise ValueError(f"there is no study {self.study!r}; there are {' and '.join(STUDIES)}")
        if not self.sizes or min(self.sizes) < 1:
            raise ValueError(f"sizes must be numbers of particles, not {self.sizes}")
        if not min(self.seconds, self.partSeconds) > 0.0 or self.repeats < 1:
            raise ValueError(
                f"windows of {self.seconds} s and {self.partSeconds} s, {self.repeats} of each, measure nothing"
            )
        if self.structureSteps < 400 or self.repeatSteps < 10:
            raise ValueError("structures need 400 steps or more, repeated runs 10")

    def asDict(self) -> dict[str, Any]:
        """Return the settings as JSON holds them."""
        return {**asdict(self), "sizes": list(self.sizes)}


def chooseSettings(
    study: str,
    platform: str,
    sizes: Sequence[int] | None = None,
    seconds: float | None = None,
    partSeconds: float | None = None,
    repeats: int = 3,
    steps: int | None = None,
    quick: bool = False,
) -> StudySettings:
    """Return settings with what is not given chosen for the platform; quick ones end in seconds to minutes."""
    gpu = platform == "CUDA"
    if sizes is None:
        sizes = _QUICK_SIZES if quick else _SIZES if gpu else _SIZES_WITHOUT_GPU
    if seconds is None:
        seconds = 0.2 if quick else 1.0
    if steps is None:
        steps = 800 if quick else 20000 if gpu else 8000
    return StudySettings(
        study=study,
        platform=platform,
        sizes=tuple(sizes),
        seconds=seconds,
        partSeconds=0.5 * seconds if partSeconds is None else partSeconds,
        repeats=repeats,
        structureParticles=500 if quick else 2000,
        structureSteps=steps,
        repeatSteps=200 if quick else 5000,
    )
