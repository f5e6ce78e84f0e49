# SPDX-License-Identifier: MIT
"""The per-atom force loss over many frames as a quadratic form in the values of w on a grid of distances.

Forces are linear in the pair function: F = A w, where w holds the standardized force weights at the nodes of a uniform
grid from the smallest distance to the cutoff, one grid for each network, and A interpolates between nodes (cubic,
Lagrange) and sums over neighbors along unit vectors. Energy (the integral of w from r to rc, plus an offset per type)
and virial are linear in w, too. So the mean squared error over all frames is

    loss(w) = w^T Q w - 2 b^T w + c,

and once Q, b and c are known, it costs one evaluation of the network per node, however many frames there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from openmmsurrogate.training.frames import FrameNeighbors, select_pairs

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

_CHUNK = 500  # particles whose rows of A are held at a time


@dataclass(frozen=True)
class Grid:
    """A uniform grid of distances, nm, and how a pair's distance is spread over it.

    Attributes
    ----------
    low, cutoff
        first and last node, nm
    points
        number of nodes
    order
        3: cubic interpolation between nodes; 0: the nearest node, for functions with steps, whose nodes are then
        jittered (see quantization)
    """

    low: float
    cutoff: float
    points: int
    order: int = 3

    @property
    def nodes(self) -> Array:
        """Distances of the nodes, nm."""
        return np.linspace(self.low, self.cutoff, self.points)

    @property
    def spacing(self) -> float:
        """Distance between nodes, nm."""
        return (self.cutoff - self.low) / (self.points - 1)

    def interpolate(self, r: NDArray[np.floating]) -> tuple[Indices, Array]:
        """Return the nodes that give the value at each distance, and their weights, each of shape (pairs, order+1)."""
        t = (np.asarray(r, float) - self.low) / self.spacing
        if self.order == 0:
            nearest = np.clip(np.rint(t), 0, self.points - 1).astype(np.int64)
            return nearest[:, None], np.ones((len(t), 1))
        first = np.clip(np.floor(t) - 1, 0, self.points - 4).astype(np.int64)
        u = t - first
        weights = np.stack(
            [
                -(u - 1) * (u - 2) * (u - 3) / 6,
                u * (u - 2) * (u - 3) / 2,
                -u * (u - 1) * (u - 3) / 2,
                u * (u - 1) * (u - 2) / 6,
            ],
            axis=1,
        )
        return first[:, None] + np.arange(4), weights

    def integration_matrix(self) -> Array:
        """Return the matrix that makes energies at the nodes, the integral from there to the cutoff, of values of w.

        Each panel integrates the cubic through the four nodes around it; with order 0 the straight line.
        """
        n, panels = self.points, np.zeros((self.points, self.points))
        points, gauss = np.polynomial.legendre.leggauss(4)
        for k in range(n - 1):
            if self.order == 0:
                panels[k, k : k + 2] = 0.5 * self.spacing
                continue
            r = self.low + self.spacing * (k + 0.5 + 0.5 * points)
            nodes, weights = self.interpolate(r)
            np.add.at(panels[k], nodes, 0.5 * self.spacing * gauss[:, None] * weights)
        return np.cumsum(panels[::-1], axis=0)[::-1]


@dataclass(frozen=True)
class Quadratic:
    """loss(w) = (w-best)^T Q (w-best) + 2 (w-best)^T residual + least, which loses no digits where it is small."""

    matrix: Array
    best: Array
    residual: Array
    least: float

    def evaluate(self, w: Array) -> float:
        """Return the loss."""
        error = w - self.best
        return float(error @ (self.matrix @ error) + 2.0 * error @ self.residual) + self.least


class NormalEquations:
    """Sums over frames that make the loss.

    Parameters
    ----------
    grid
        of distances
    networks
        number of networks
    deviation
        standard deviation of force components, kJ/mol/nm: the unit of w here
    """

    def __init__(self, grid: Grid, networks: int, deviation: float, types: int) -> None:
        self.grid, self.networks, self.deviation, self.types = grid, networks, deviation, types
        size = networks * grid.points
        self._matrix, self._vector = np.zeros((size, size)), np.zeros(size)
        self._constant, self._components = 0.0, 0
        self._integration = grid.integration_matrix()
        self._energy_rows: list[Array] = []
        self._energies: list[float] = []
        self._compositions: list[Array] = []
        self._virial_rows: list[Array] = []
        self._virials: list[float] = []

    def add(self, frame: FrameNeighbors, particles: Indices) -> None:
        """Add the forces on some particles of a frame, and the energy and virial of all of it."""
        for first in range(0, len(particles), _CHUNK):
            self._add_forces(frame, particles[first : first + _CHUNK])
        self._add_energy(frame)

    def _add_forces(self, frame: FrameNeighbors, particles: Indices) -> None:
        size = len(self._vector)
        pairs, owner = select_pairs(frame, particles)
        nodes, weights = self.grid.interpolate(frame.distance[pairs])
        columns = frame.network[pairs].astype(np.int64)[:, None] * self.grid.points + nodes
        rows = 3 * owner[:, None, None] + np.arange(3)[:, None]
        values = frame.direction[pairs][:, :, None] * weights[:, None, :]
        flat = np.broadcast_to(rows * size + columns[:, None, :], values.shape)
        shape = 3 * len(particles), size
        matrix = np.bincount(flat.ravel(), values.ravel(), minlength=shape[0] * size).reshape(shape)
        target = (frame.forces[particles] / self.deviation).ravel()
        self._matrix += matrix.T @ matrix
        self._vector += target @ matrix
        self._constant += float(target @ target)
        self._components += len(target)

    def _add_energy(self, frame: FrameNeighbors) -> None:
        scale = self.deviation * self.grid.cutoff * len(frame.active)
        nodes, weights = self.grid.interpolate(frame.distance)
        columns = (frame.network.astype(np.int64)[:, None] * self.grid.points + nodes).ravel()
        # Each pair stands twice in FrameNeighbors.
        density = 0.5 * np.bincount(columns, weights.ravel(), minlength=len(self._vector))
        energies = (density.reshape(self.networks, -1) @ self._integration).ravel()
        self._energy_rows.append(energies * self.deviation / scale)
        self._energies.append(frame.potentialEnergy / scale)
        counts = np.bincount(frame.types[frame.active], minlength=self.types)
        self._compositions.append(counts / len(frame.active))
        if frame.virial is None:
            return
        for axis in range(3):
            lever = 0.5 * frame.distance * frame.direction[:, axis] ** 2
            sums = np.bincount(columns, (lever[:, None] * weights).ravel(), minlength=len(self._vector))
            self._virial_rows.append((sums * self.deviation / scale).astype(np.float64))
            self._virials.append(float(frame.virial[axis]) / scale)

    def quadratic(
        self,
        energyWeight: float = 0.0,
        virialWeight: float = 0.0,
        forceWeight: float = 1.0,
        fitOffsets: bool = True,
        cutoffWeight: float = 0.0,
    ) -> Quadratic:
        """Return the loss: weighted mean squared errors of standardized force components, energies and virials.

        Energies count up to an offset per type that is fitted, or as they are. The mean square of w at the cutoff,
        where forces jump by it, is added with a weight of its own.

        Raises
        ------
        ValueError
            if a weight needs what the frames do not have
        """
        factor = forceWeight / self._components
        matrix, vector, constant = factor * self._matrix, factor * self._vector, factor * self._constant
        if energyWeight > 0:
            rows, energies = self._without_offsets() if fitOffsets else self._energies_as_they_are()
            matrix = matrix + energyWeight * rows.T @ rows / len(rows)
            vector = vector + energyWeight * energies @ rows / len(rows)
            constant += energyWeight * float(energies @ energies) / len(rows)
        if virialWeight > 0:
            if not self._virials:
                raise ValueError("virialWeight is set, but the frames have no virial; record them with --virial")
            rows, virials = np.array(self._virial_rows), np.array(self._virials)
            matrix = matrix + virialWeight * rows.T @ rows / len(rows)
            vector = vector + virialWeight * virials @ rows / len(rows)
            constant += virialWeight * float(virials @ virials) / len(rows)
        if cutoffWeight > 0:
            last = np.arange(1, self.networks + 1) * self.grid.points - 1
            matrix[last, last] += cutoffWeight / self.networks
        return _complete_square(matrix, vector, constant)

    def virial_errors(self, w: Array) -> Array:
        """Return by how much the virials of w differ from those of the frames, a number per frame and axis.

        The unit is the loss's: deviation x cutoff, per particle.
        """
        return np.asarray(np.array(self._virial_rows) @ w - np.array(self._virials))

    def _energies_as_they_are(self) -> tuple[Array, Array]:
        return np.array(self._energy_rows), np.array(self._energies)

    def _without_offsets(self) -> tuple[Array, Array]:
        """Project energies on what offsets per type cannot explain: this fits the offsets for any w."""
        rows, energies, counts = np.array(self._energy_rows), np.array(self._energies), np.array(self._compositions)
        explained = counts @ np.linalg.pinv(counts)
        if len(energies) <= np.linalg.matrix_rank(counts):
            raise ValueError("energyWeight is set, but there are too few frames to tell energies from their offsets")
        return rows - explained @ rows, energies - explained @ energies

    def fit_offsets(self, w: Array) -> Array:
        """Return the energy offset of each type, kJ/mol, that fits the frames' energies best, given w."""
        rest = np.array(self._energies) - np.array(self._energy_rows) @ w
        offsets = np.linalg.lstsq(np.array(self._compositions), rest, rcond=None)[0]
        return np.asarray(offsets * self.deviation * self.grid.cutoff)


def _complete_square(matrix: Array, vector: Array, constant: float) -> Quadratic:
    # Nodes that no pair has come near have no equation of their own: a small ridge decides there.
    ridge = 1e-10 * np.trace(matrix) / len(matrix)
    best = cho_solve(cho_factor(matrix + ridge * np.eye(len(matrix))), vector)
    least = float(best @ (matrix @ best) - 2.0 * vector @ best) + constant
    return Quadratic(matrix, best, matrix @ best - vector, least)
