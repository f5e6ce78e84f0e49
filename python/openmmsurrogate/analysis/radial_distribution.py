# SPDX-License-Identifier: MIT
"""Radial distribution functions in any periodic box."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from openmmsurrogate.analysis.series_average import averageSeries

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RadialDistribution:
    """A radial distribution function g(r)."""

    r: Array
    """Centres of the bins, nm."""
    g: Array
    """Mean of g over the frames, no unit: 1 for an ideal gas."""
    standardError: Array
    """Standard error of g from the correlation of the frames."""


def computeRadialDistribution(
    frames: ArrayLike,
    boxVectors: ArrayLike,
    maxDistance: float,
    numBins: int = 200,
    others: ArrayLike | None = None,
) -> RadialDistribution:
    """Compute the radial distribution function of identical particles, or of one kind around another.

    Parameters
    ----------
    frames
        Positions, nm, shape (frames, particles, 3); at least 16 frames in equal intervals of time. Particles may lie in
        any periodic image.
    boxVectors
        Periodic box vectors a, b, c as rows, nm, shape (3, 3) or (frames, 3, 3).
    maxDistance
        Largest distance, nm; at most half the smallest width of the box, where images would be counted twice.
    numBins
        Number of bins of equal width from 0 to maxDistance.
    others
        Positions of a second kind of particles in the same frames, nm, shape (frames, others, 3): the result is then
        the distribution of pairs of one particle of each kind.

    Raises
    ------
    ValueError
        If a shape is wrong, there are fewer than 16 frames, or maxDistance exceeds half a width of the box.
    """
    positions = np.asarray(frames, float)
    if positions.ndim != 3 or positions.shape[2] != 3 or positions.shape[1] < 2:
        raise ValueError(
            f"frames must have shape (frames, particles, 3) with 2 particles or more, not {positions.shape}"
        )
    second = positions if others is None else np.asarray(others, float)
    if second.ndim != 3 or len(second) != len(positions) or second.shape[1] < 1 or second.shape[2] != 3:
        raise ValueError(f"others must have shape ({len(positions)}, particles, 3), not {second.shape}")
    boxes = np.broadcast_to(np.asarray(boxVectors, float), (len(positions), 3, 3))
    edges = np.linspace(0.0, maxDistance, numBins + 1)
    distribute = partial(_distribution_of_frame, edges=edges, same=others is None)
    with ThreadPoolExecutor() as pool:  # the search for pairs holds no lock
        perFrame = np.array(list(pool.map(distribute, positions, second, boxes)))
    average = averageSeries(perFrame)
    return RadialDistribution(0.5 * (edges[:-1] + edges[1:]), average.mean, average.standardError)


def _distribution_of_frame(positions: Array, others: Array, box: Array, edges: Array, same: bool) -> Array:
    inverse = np.linalg.inv(box)
    # The column norms of the inverse are the inverse widths of the box perpendicular to its faces.
    reach = edges[-1] * np.linalg.norm(inverse, axis=0)
    if reach.max() > 0.5 * (1.0 + 1e-9):
        half = 0.5 * edges[-1] / reach.max()
        raise ValueError(f"maxDistance {edges[-1]:g} nm exceeds half the smallest width of the box, {half:g} nm")
    fractions, otherFractions = positions @ inverse, others @ inverse
    fractions -= np.floor(fractions)
    otherFractions -= np.floor(otherFractions)
    tree, images = cKDTree(fractions @ box), cKDTree(_add_images(otherFractions, reach) @ box)
    distances = tree.sparse_distance_matrix(images, edges[-1], output_type="ndarray")["v"]
    pairs, _ = np.histogram(distances, bins=len(edges) - 1, range=(0.0, edges[-1]))
    numPairs = len(positions) * len(others)
    if same:  # each particle met itself at distance 0
        pairs[0] -= len(positions)
        numPairs -= len(positions)
    shells = 4.0 / 3.0 * np.pi * np.diff(edges**3)
    result: Array = pairs * abs(np.linalg.det(box)) / (numPairs * shells)
    return result


def _add_images(fractions: Array, reach: Array) -> Array:
    """Return the particles and their periodic images within reach of the cell, in fractions of the box vectors."""
    images = fractions
    for axis in range(3):
        shift = np.eye(3)[axis]
        above = images[images[:, axis] < reach[axis]] + shift
        below = images[images[:, axis] > 1.0 - reach[axis]] - shift
        images = np.concatenate([images, above, below])
    return images
