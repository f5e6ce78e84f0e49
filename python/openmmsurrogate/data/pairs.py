# SPDX-License-Identifier: MIT
"""Pairs of particles within a cutoff, in any periodic box."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

Array = NDArray[np.float64]
Indices = NDArray[np.intp]


def findPairs(positions: ArrayLike, box: ArrayLike | None, cutoff: float) -> tuple[Indices, Indices, Array]:
    """Find all pairs of particles closer than a cutoff.

    Parameters
    ----------
    positions
        nm, shape (particles, 3), in any periodic image
    box
        periodic box vectors as rows in OpenMM's reduced form, nm, shape (3, 3); None if not periodic
    cutoff
        nm; at most half the smallest width of the box, as OpenMM demands, so that no pair has two images within it

    Returns
    -------
    i, j
        the particles of each pair, i < j, in ascending order of (i, j), shape (pairs,)
    displacement
        r_i - r_j of their nearest images, nm, shape (pairs, 3)

    Raises
    ------
    ValueError
        if a shape is wrong, positions are not finite, or the cutoff is not positive or too large for the box
    """
    points = np.asarray(positions, float)
    if points.ndim != 2 or points.shape[1] != 3:
        raise ValueError(f"positions must have shape (particles, 3), not {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("positions must be finite; there is a NaN or an infinity among them")
    if not cutoff > 0.0:
        raise ValueError(f"the cutoff must be positive, not {cutoff} nm")
    if box is None:
        pairs = cKDTree(points).query_pairs(cutoff, output_type="ndarray")
        return _ordered(pairs[:, 0], pairs[:, 1], points[pairs[:, 0]] - points[pairs[:, 1]])
    vectors = np.asarray(box, float)
    if vectors.shape != (3, 3):
        raise ValueError(f"box must have shape (3, 3), not {vectors.shape}")
    width = 1.0 / float(np.linalg.norm(np.linalg.inv(vectors), axis=0).max())
    if cutoff > 0.5 * width * (1.0 + 1e-9):
        raise ValueError(f"the cutoff {cutoff:g} nm exceeds half the smallest width of the box, {0.5 * width:g} nm")
    if np.count_nonzero(vectors - np.diag(np.diag(vectors))) == 0:
        return _pairs_in_rectangular_box(points, np.diag(vectors), cutoff)
    return _pairs_among_images(points, vectors, cutoff)


def _ordered(i: Indices, j: Indices, displacement: Array) -> tuple[Indices, Indices, Array]:
    swapped = i > j
    first, second = np.where(swapped, j, i), np.where(swapped, i, j)
    displacement = np.where(swapped[:, None], -displacement, displacement)
    order = np.lexsort((second, first))
    return first[order], second[order], displacement[order]


def _pairs_in_rectangular_box(points: Array, edges: Array, cutoff: float) -> tuple[Indices, Indices, Array]:
    wrapped = points - np.floor(points / edges) * edges
    wrapped[wrapped >= edges] = 0.0  # -1e-20 wraps to the edge itself, which the tree refuses
    pairs = cKDTree(wrapped, boxsize=edges).query_pairs(cutoff, output_type="ndarray")
    displacement = wrapped[pairs[:, 0]] - wrapped[pairs[:, 1]]
    return _ordered(pairs[:, 0], pairs[:, 1], displacement - np.round(displacement / edges) * edges)


def findNeighbors(
    positions: ArrayLike, box: ArrayLike | None, cutoff: float, particles: ArrayLike
) -> tuple[Indices, Indices, Array]:
    """Find the neighbors of some particles, where all pairs of a large system would be too many.

    Parameters
    ----------
    positions, box, cutoff
        as for findPairs()
    particles
        indices of particles

    Returns
    -------
    i, j
        a particle of those given, and its neighbor, shape (pairs,); pairs of two given particles stand twice
    distance
        nm, shape (pairs,)
    """
    points, chosen = np.asarray(positions, float), np.asarray(particles, np.intp)
    if box is None:
        centres, around, owners = points, points, np.arange(len(points))
    else:
        centres, around, owners = _add_images(points, np.asarray(box, float), cutoff)
    found = cKDTree(centres[chosen]).sparse_distance_matrix(cKDTree(around), cutoff, output_type="ndarray")
    i, j = chosen[found["i"]], owners[found["j"]]
    other = i != j
    return i[other], j[other], found["v"][other]


def _pairs_among_images(points: Array, vectors: Array, cutoff: float) -> tuple[Indices, Indices, Array]:
    """Search the particles and those of their images that lie within the cutoff of the cell.

    Rounding fractional coordinates does not give the nearest image in a skewed box; searching images does.
    """
    cell, around, owners = _add_images(points, vectors, cutoff)
    found = cKDTree(cell).sparse_distance_matrix(cKDTree(around), cutoff, output_type="ndarray")
    i, j = found["i"], owners[found["j"]]
    # Each pair is found from both of its particles.
    once = i < j
    return _ordered(i[once], j[once], (cell[i] - around[found["j"]])[once])


def _add_images(points: Array, vectors: Array, cutoff: float) -> tuple[Array, Array, Indices]:
    """Return particles in the cell, these and their images within the cutoff of it, and the particle of each."""
    inverse = np.linalg.inv(vectors)
    fractions = points @ inverse
    fractions -= np.floor(fractions)
    reach = cutoff * np.linalg.norm(inverse, axis=0)
    images, owners = fractions, np.arange(len(points))
    for axis in range(3):
        above, below = images[:, axis] < reach[axis], images[:, axis] > 1.0 - reach[axis]
        shift = np.eye(3)[axis]
        images = np.concatenate([images, images[above] + shift, images[below] - shift])
        owners = np.concatenate([owners, owners[above], owners[below]])
    return fractions @ vectors, images @ vectors, owners
