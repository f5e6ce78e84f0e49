# SPDX-License-Identifier: MIT
"""Whether a run that is done twice is the same run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openmmsurrogate.study.contestants import Contestant
from openmmsurrogate.study.laboratory import Laboratory, describeError
from openmmsurrogate.study.materials import Start

Array = NDArray[np.float64]

_SAMPLES = 50
DIVERGED = 0.01
"""Root mean square distance, nm, from which two trajectories count as different ones."""


def measureReproducibility(laboratory: Laboratory, contestants: Sequence[Contestant]) -> list[dict[str, Any]]:
    """Do each contestant's run twice at constant energy, from the same positions and velocities, and compare them."""
    rows: list[dict[str, Any]] = []
    for contestant in contestants:
        try:
            start = laboratory.makeStart(laboratory.settings.structureParticles, laboratory.material.state)
            laboratory.report(f"the same run twice: {contestant.label}")
            first, second = _run(laboratory, contestant, start), _run(laboratory, contestant, start)
            rows.append(
                {**contestant.describe(), "particles": start.numParticles, **_compare(laboratory, first, second)}
            )
        except Exception as error:  # of whatever library: the others go on
            rows.append(describeError(contestant, error))
    return rows


def _interval(laboratory: Laboratory) -> int:
    return max(1, laboratory.settings.repeatSteps // _SAMPLES)


def _run(laboratory: Laboratory, contestant: Contestant, start: Start) -> Array:
    """Return positions at equal intervals, nm, shape (samples, particles, 3)."""
    samples = []
    with laboratory.open(contestant, start) as context:
        context.use("NVE")
        for _ in range(_SAMPLES):
            context.step(_interval(laboratory))
            samples.append(context.unwrapped())
    return np.array(samples)


def _compare(laboratory: Laboratory, first: Array, second: Array) -> dict[str, Any]:
    distances = np.sqrt(np.mean(np.sum((first - second) ** 2, axis=2), axis=1))
    interval = _interval(laboratory) * laboratory.material.timeStep
    differing = np.flatnonzero(distances > 0.0)
    diverged = np.flatnonzero(distances > DIVERGED)
    return {
        "steps": _interval(laboratory) * _SAMPLES,
        "interval_ps": interval,
        "bitwise_equal": not len(differing),
        "first_difference_ps": None if not len(differing) else interval * float(differing[0] + 1),
        "divergence_ps": None if not len(diverged) else interval * float(diverged[0] + 1),
        "rms_distance_nm": distances.tolist(),
    }
