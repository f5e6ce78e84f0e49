# SPDX-License-Identifier: MIT
"""Density, composition and coordination of the training frames: what a model's use is later compared with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from openmmsurrogate.data import ForceDataset
from openmmsurrogate.training.frames import FrameNeighbors


def describe_surroundings(
    datasets: Sequence[ForceDataset], splits: Sequence[tuple[range, range]], training: Iterable[FrameNeighbors]
) -> dict[str, Any]:
    """Return ranges, each as [smallest, largest], over the training frames.

    Parameters
    ----------
    datasets, splits
        files, and which of their frames are training frames
    training
        neighbors in these frames

    Returns
    -------
    dict
        ``number_density_per_nm3`` of particles with a type, None where frames have no box; ``type_fractions``, an
        object by type; ``neighbors_per_particle`` within the cutoff
    """
    densities: list[float | None] = []
    fractions: dict[str, list[float]] = {}
    for dataset, (frames, _) in zip(datasets, splits, strict=True):
        counts = np.bincount(dataset.typeIndices[dataset.typeIndices >= 0], minlength=len(dataset.typeNames))
        for name, count in zip(dataset.typeNames, counts.tolist(), strict=True):
            fractions.setdefault(name, []).append(count / counts.sum())
        for index in frames:
            box = dataset.frame(index).box
            densities.append(None if box is None else float(counts.sum() / abs(np.linalg.det(box))))
    neighbors = [np.diff(frame.start)[frame.active] for frame in training]
    known = [density for density in densities if density is not None]
    return {
        "number_density_per_nm3": [min(known), max(known)] if len(known) == len(densities) else None,
        "type_fractions": {name: [min(values), max(values)] for name, values in fractions.items()},
        "neighbors_per_particle": [min(int(n.min()) for n in neighbors), max(int(n.max()) for n in neighbors)],
    }
