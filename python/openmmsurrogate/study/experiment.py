# SPDX-License-Identifier: MIT
"""An experiment of a study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from openmmsurrogate.reporters import measureIdlePower
from openmmsurrogate.study.laboratory import Laboratory
from openmmsurrogate.study.settings import StudySettings

PRECISIONS = ("single", "mixed", "double")
"""Of CUDA Contexts."""
REFERENCE_SIZE = 64000
"""Particles of the report's figures 5 and 7: what is measured at one size only is measured at the nearest to it."""


@dataclass(frozen=True)
class Experiment:
    """What ends in one JSON file."""

    name: str
    """Of the file."""
    title: str
    run: Callable[[Laboratory], list[dict[str, Any]]] = field(repr=False)
    """Returns rows of results."""
    needs: str | None = None
    """Name of a shipped model without which it cannot be done."""


def listIdle(settings: StudySettings) -> list[Experiment]:
    """Return the experiment that measures what the GPU draws while nothing runs, if there is one."""
    return [Experiment("idle", "power of the idle GPU", _measure_idle)] if settings.platform == "CUDA" else []


def _measure_idle(laboratory: Laboratory) -> list[dict[str, Any]]:
    watts = measureIdlePower()
    if watts is None:
        reason = "no energy counter: it needs NVML (pip install nvidia-ml-py) and a GPU of Volta or later"
        return [{"name": "idle", "label": "idle GPU", "error": reason}]
    return [{"name": "idle", "label": "idle GPU", "W": watts}]


def findReferenceSize(sizes: tuple[int, ...]) -> int:
    """Return the size, of those to be measured, that is nearest to that of the report."""
    return min(sizes, key=lambda size: abs(size - REFERENCE_SIZE))


def orderSizes(sizes: tuple[int, ...]) -> list[int]:
    """Return the sizes with the report's first, of which most is shown, and then from small to large."""
    first = findReferenceSize(sizes)
    return [first, *sorted(size for size in sizes if size != first)]
