# SPDX-License-Identifier: MIT
"""Frames for training and validation, read once: neighbors for mini-batches, and the loss over all frames."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openmmsurrogate.data import ForceDataset
from openmmsurrogate.training.config import TrainingConfig
from openmmsurrogate.training.frames import FrameNeighbors, PairTypes, find_neighbors
from openmmsurrogate.training.normal_equations import Grid, NormalEquations
from openmmsurrogate.training.pressure import PressureShift, make_pressure_shift
from openmmsurrogate.training.surroundings import describe_surroundings

HISTOGRAM_BINS = 170


@dataclass
class TrainingData:
    """What a training sees of its files.

    Attributes
    ----------
    pairTypes
        the networks of pairs of types
    cutoff
        nm
    deviation
        standard deviation of the force components of the training frames, kJ/mol/nm
    minimumDistances, closest
        where each network begins, and the smallest distance of its pairs in the training frames, nm
    training, heldOut
        frames of mini-batches, and frames that only validate
    equations, heldOutEquations
        the loss over all frames of either kind
    histograms
        counts of training pairs by distance, (networks, bins)
    fingerprint
        of types, exclusions and all frames, to tell whether a checkpoint belongs to these data
    surroundings
        density, composition and coordination of the training frames (see describe_surroundings())
    """

    pairTypes: PairTypes
    cutoff: float
    deviation: float
    minimumDistances: NDArray[np.float64]
    closest: NDArray[np.float64]
    training: list[FrameNeighbors]
    heldOut: list[FrameNeighbors]
    equations: NormalEquations
    heldOutEquations: NormalEquations
    histograms: NDArray[np.float64]
    fingerprint: str
    sources: list[dict[str, Any]]
    surroundings: dict[str, Any]


def split_frames(dataset: ForceDataset, heldOutFraction: float, name: str) -> tuple[range, range]:
    """Return the training and the held-out frames of a file: the last ones, so that they are apart in time.

    Raises
    ------
    ValueError
        if either would be empty
    """
    total = dataset.numFrames
    held = round(heldOutFraction * total)
    if not 0 < held < total:
        raise ValueError(
            f"{name} has {total} frames, of which heldOutFraction = {heldOutFraction:g} leaves {total - held} for "
            f"training and {held} for validation; both need at least one: {_find_remedy(total, held)}"
        )
    return range(total - held), range(total - held, total)


def _find_remedy(total: int, held: int) -> str:
    """Say which heldOutFraction would leave frames of both kinds."""
    if total < 2:
        return "record 2 frames or more"
    return f"use {1 / total:.2g} or more" if held == 0 else f"use {1 - 1 / total:.4g} or less"


def load_data(datasets: Sequence[ForceDataset], names: Sequence[str], config: TrainingConfig) -> TrainingData:
    """Read all frames of some ForceDatasets.

    Parameters
    ----------
    datasets, names
        open files with the same particle types, and what to call them in messages
    config
        settings

    Raises
    ------
    ValueError
        for files that do not fit together, an empty split, values that are not finite, more than maxNeighbors
        neighbors, or pairs of types that never meet
    """
    cutoff, pairTypes = config.cutoff, PairTypes.all_pairs(_common_types(datasets, names))
    splits = [split_frames(d, config.heldOutFraction, name) for d, name in zip(datasets, names, strict=True)]
    deviation = measure_forces(datasets, splits)
    shift = make_pressure_shift(config.pressureShift, datasets, names, [training for training, _ in splits])
    closest, histograms = np.full(pairTypes.count, np.inf), np.zeros((pairTypes.count, HISTOGRAM_BINS))
    training, heldOut = (
        list(read_neighbors(datasets, names, ranges, cutoff, pairTypes, config.maxNeighbors, shift))
        for ranges in zip(*splits, strict=True)
    )
    for frame in training:
        for network in range(pairTypes.count):
            distances = frame.distance[frame.network == network]
            closest[network] = min(closest[network], distances.min(initial=np.inf))
            histograms[network] += 0.5 * np.histogram(distances, HISTOGRAM_BINS, (0.0, cutoff))[0]
    if np.isinf(closest).any():
        missing = pairTypes.describe(int(np.flatnonzero(np.isinf(closest))[0]))
        raise ValueError(f"no pair {missing} comes within {cutoff:g} nm in the training frames")
    rounded = np.floor(1000.0 * closest) / 1000.0
    low = np.full_like(rounded, config.minimumDistance) if config.minimumDistance else rounded
    grid = Grid(min(low.min(), rounded.min()), cutoff, config.gridPoints)
    random = np.random.default_rng([config.seed, 1])
    equations = [NormalEquations(grid, pairTypes.count, deviation, len(pairTypes.names)) for _ in range(2)]
    for sums, frames in zip(equations, (training, heldOut), strict=True):
        for frame in frames:
            sums.add(frame, choose_particles(frame, config.particlesPerFrame, random))
    return TrainingData(
        pairTypes,
        cutoff,
        deviation,
        low,
        closest,
        [frame.reduced() for frame in training],
        heldOut,
        equations[0],
        equations[1],
        histograms,
        compute_fingerprint(datasets),
        [_describe(d, name, split) for d, name, split in zip(datasets, names, splits, strict=True)],
        describe_surroundings(datasets, splits, training),
    )


def choose_particles(frame: FrameNeighbors, count: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Draw some of the particles that take part, without repetition; 0, or more than there are, means all."""
    if count == 0 or count >= len(frame.active):
        return frame.active
    return np.sort(random.choice(frame.active, count, replace=False))


def read_neighbors(
    datasets: Sequence[ForceDataset],
    names: Sequence[str],
    ranges: Sequence[range],
    cutoff: float,
    pairTypes: PairTypes,
    maxNeighbors: int,
    shift: PressureShift | None = None,
) -> Iterator[FrameNeighbors]:
    """Read the neighbors in some frames, one range of frames per file, with a pressure added to their energies.

    Raises the ValueErrors of find_neighbors().
    """
    for dataset, name, frames in zip(datasets, names, ranges, strict=True):
        # Files may order their types differently.
        order = np.array([pairTypes.names.index(t) for t in dataset.typeNames] + [-1])
        types, exclusions = order[dataset.typeIndices], dataset.exclusions.astype(np.int64)
        for index in frames:
            where = f"{name}, frame {index}"
            frame = dataset.frame(index)
            if shift is not None:
                frame = shift.apply(frame)
            yield find_neighbors(frame, types, exclusions, cutoff, pairTypes, maxNeighbors, where)


def _common_types(datasets: Sequence[ForceDataset], names: Sequence[str]) -> tuple[str, ...]:
    if not datasets:
        raise ValueError("there are no data; name at least one file")
    first = tuple(datasets[0].typeNames)
    for dataset, name in zip(datasets, names, strict=True):
        if set(dataset.typeNames) != set(first):
            raise ValueError(f"{name} has the types {list(dataset.typeNames)}, but {names[0]} has {list(first)}")
    return first


def measure_forces(datasets: Sequence[ForceDataset], splits: Sequence[tuple[range, range]]) -> float:
    """Return the standard deviation of the training frames' force components, kJ/mol/nm.

    Their mean is zero for a periodic liquid: the sum of all forces is zero by Newton's third law, and no direction is
    preferred. It is not subtracted: a constant added to a force along the unit vectors would not be a constant added to
    the summed vectors.
    """
    total, count = 0.0, 0
    for dataset, (frames, _) in zip(datasets, splits, strict=True):
        active = np.asarray(dataset.typeIndices) >= 0
        for index in frames:
            forces = np.asarray(dataset.frame(index).forces)
            total, count = total + float(np.sum(forces[active] ** 2)), count + 3 * int(active.sum())
    if not total > 0 or not np.isfinite(total):
        raise ValueError("the forces of the training frames must be finite and not all zero")
    return float(np.sqrt(total / count))


def compute_fingerprint(datasets: Sequence[ForceDataset]) -> str:
    """Return a hash of everything in the files that a training depends on, held-out frames too."""
    digest = hashlib.sha256()
    for dataset in datasets:
        digest.update(repr((tuple(dataset.typeNames), dataset.numParticles, dataset.numFrames)).encode())
        digest.update(np.asarray(dataset.typeIndices).tobytes())
        digest.update(np.asarray(dataset.exclusions).tobytes())
        for index in range(dataset.numFrames):
            frame = dataset.frame(index)
            for values in (frame.positions, frame.box, frame.forces, frame.potentialEnergy, frame.virial):
                digest.update(b"-" if values is None else np.asarray(values, dtype=np.float64).tobytes())
    return digest.hexdigest()


def _describe(dataset: ForceDataset, name: str, split: tuple[range, range]) -> dict[str, Any]:
    return {
        "file": name,
        "particles": int(dataset.numParticles),
        "training_frames": len(split[0]),
        "held_out_frames": len(split[1]),
        "temperature_K": dataset.temperature,
        "metadata": dict(dataset.metadata),
    }
