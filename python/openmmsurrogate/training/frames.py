# SPDX-License-Identifier: MIT
"""Neighbors of every particle of a frame, and the mini-batches that are drawn from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openmmsurrogate._torch import torch
from openmmsurrogate.data import Frame, findPairs

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class PairTypes:
    """Which network each unordered pair of particle types uses."""

    names: tuple[str, ...]
    table: Indices  # (types, types), symmetric; negative: the pair does not interact
    count: int  # networks

    @classmethod
    def all_pairs(cls, names: Sequence[str]) -> PairTypes:
        """Return one network for each unordered pair, in the order 00, 01, 11, 02, ..."""
        n = len(names)
        table = np.zeros((n, n), dtype=np.int64)
        for b in range(n):
            for a in range(b + 1):
                table[a, b] = table[b, a] = b * (b + 1) // 2 + a
        return cls(tuple(names), table, n * (n + 1) // 2)

    def describe(self, network: int) -> str:
        """Return the names of the two types of a network."""
        a, b = np.argwhere(np.triu(self.table == network) & np.triu(np.ones_like(self.table, bool)))[0]
        return f"{self.names[a]}-{self.names[b]}"


@dataclass(frozen=True)
class FrameNeighbors:
    """The neighbors of particle i are the entries start[i] to start[i+1] of the arrays of pairs.

    Each pair stands twice, once for each of its particles.
    """

    start: Indices  # (particles+1,)
    distance: NDArray[np.floating]  # nm
    direction: NDArray[np.floating]  # (pairs, 3): unit vector from the neighbor to the particle
    network: NDArray[np.int16]
    forces: NDArray[np.floating]  # (particles, 3), kJ/mol/nm
    active: Indices  # the particles that take part
    types: Indices  # (particles,)
    potentialEnergy: float  # kJ/mol
    virial: Array | None  # (3,) kJ/mol

    def reduced(self) -> FrameNeighbors:
        """Return this with arrays in single precision, as mini-batches use them."""
        single = (a.astype(np.float32) for a in (self.distance, self.direction, self.forces))
        distance, direction, forces = single
        return FrameNeighbors(
            self.start,
            distance,
            direction,
            self.network,
            forces,
            self.active,
            self.types,
            self.potentialEnergy,
            self.virial,
        )


@dataclass(frozen=True)
class Batch:
    """Neighbors of some particles of one frame, as tensors."""

    distance: torch.Tensor  # (pairs,) nm
    direction: torch.Tensor  # (pairs, 3)
    network: torch.Tensor  # (pairs,)
    particle: torch.Tensor  # (pairs,): which of the batch's particles
    forces: torch.Tensor  # (particles, 3) kJ/mol/nm


def find_neighbors(
    frame: Frame,
    types: Indices,
    exclusions: Indices,
    cutoff: float,
    pairTypes: PairTypes,
    maxNeighbors: int,
    where: str,
) -> FrameNeighbors:
    """Find the neighbors of every particle of a Frame.

    Raises
    ------
    ValueError
        that says where, if a particle has more than maxNeighbors neighbors, or two are at the same place
    """
    positions, forces, virial = frame.positions, frame.forces, frame.virial
    i, j, displacement = findPairs(positions, frame.box, cutoff)
    network = np.where((types[i] >= 0) & (types[j] >= 0), pairTypes.table[types[i], types[j]], -1)
    keep = network >= 0
    if len(exclusions):
        n = len(types)
        low, high = np.minimum(i, j).astype(np.int64), np.maximum(i, j).astype(np.int64)
        excluded = np.sort(exclusions, axis=1).astype(np.int64)
        keep &= ~np.isin(low * n + high, excluded[:, 0] * n + excluded[:, 1])
    i, j, displacement, network = i[keep], j[keep], displacement[keep], network[keep]
    particle = np.concatenate([i, j])
    order = np.argsort(particle, kind="stable")
    counts = np.bincount(particle, minlength=len(types))
    if counts.max(initial=0) > maxNeighbors:
        raise ValueError(
            f"{where}: particle {counts.argmax()} has {counts.max()} neighbors within {cutoff:g} nm, more than "
            f"maxNeighbors = {maxNeighbors}; raise maxNeighbors, or shorten the cutoff"
        )
    displacement = np.concatenate([displacement, -displacement])[order]
    distance = np.linalg.norm(displacement, axis=1)
    if len(distance) and distance.min() <= 0:
        raise ValueError(f"{where} has two particles at the same place")
    return FrameNeighbors(
        np.concatenate([[0], np.cumsum(counts)]),
        distance,
        displacement / distance[:, None],
        np.concatenate([network, network])[order].astype(np.int16),
        forces,
        np.flatnonzero(types >= 0),
        types,
        float(frame.potentialEnergy),
        None if virial is None else np.asarray(virial, float),
    )


def select_pairs(frame: FrameNeighbors, particles: Indices) -> tuple[Indices, Indices]:
    """Return the indices of the pairs of some particles, and for each pair which of these particles it belongs to."""
    counts = frame.start[particles + 1] - frame.start[particles]
    owner = np.repeat(np.arange(len(particles)), counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return frame.start[particles][owner] + offset, owner


def make_batch(frame: FrameNeighbors, particles: Indices, device: str) -> Batch:
    """Return the neighbors of some particles as tensors, in the precision of the frame."""
    pairs, owner = select_pairs(frame, particles)
    tensors = (frame.distance[pairs], frame.direction[pairs], frame.network[pairs], owner, frame.forces[particles])
    return Batch(*(torch.from_numpy(np.ascontiguousarray(t)).to(device) for t in tensors))
