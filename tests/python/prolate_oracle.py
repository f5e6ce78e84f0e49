# SPDX-License-Identifier: MIT
"""Prolate Ewald (ESP) in double, written from the formulas of docs/theory/prolate.md with numpy alone.

It shares nothing with the C++: prolate functions come from a full eigensolver, transforms from quadrature, the window
is evaluated as the function that it is and not as polynomials, all pairs are visited, and a window has any order.
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre

COULOMB = 138.93545764438198
NODES, WEIGHTS = legendre.leggauss(240)


class Prolate:
    """The prolate spheroidal wave function of order zero, scaled to 1 at 0."""

    def __init__(self, bandwidth):
        c, k = bandwidth, np.arange(0.0, 2 * (int(bandwidth) + 24), 2)
        diagonal = k * (k + 1) + (2 * k * (k + 1) - 1) / ((2 * k + 3) * (2 * k - 1)) * c * c
        k = k[:-1]
        beside = (k + 2) * (k + 1) / ((2 * k + 3) * np.sqrt((2 * k + 1) * (2 * k + 5))) * c * c
        vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))[1]
        self.series = np.zeros(2 * len(diagonal))
        self.series[::2] = vectors[:, 0] * np.sqrt(np.arange(0.0, 2 * len(diagonal), 2) + 0.5)
        self.series /= legendre.legval(0.0, self.series)
        self.slopes = legendre.legder(self.series)
        self.integrals = legendre.legint(self.series)
        self.integral = self.integrate(1.0)
        self.weights = self.value(NODES) * WEIGHTS
        self.second_moment = np.sum(self.weights * NODES**2) / np.sum(self.weights)

    def value(self, x):
        return legendre.legval(x, self.series)

    def slope(self, x):
        return legendre.legval(x, self.slopes)

    def integrate(self, x):
        """From 0 to x."""
        return legendre.legval(x, self.integrals) - legendre.legval(0.0, self.integrals)

    def transform(self, w):
        """The cosine transform over [-1, 1], 1 at 0."""
        return np.cos(np.multiply.outer(w, NODES)) @ self.weights / np.sum(self.weights)

    def transform_slope(self, w):
        return -np.sin(np.multiply.outer(w, NODES)) @ (self.weights * NODES) / np.sum(self.weights)


@dataclass
class Window:
    """The window of the mesh: prolate, minus its value at the edge."""

    order: int
    width: float

    def __post_init__(self):
        self.psi = Prolate(0.5 * np.pi * self.order * self.width)
        self.edge = self.psi.value(1.0)
        self.area = self.order * (self.psi.integral - self.edge)

    def weights(self, fraction):
        """Values and slopes at the points 0 to order-1 above the one below a particle, [order, particles]."""
        distance = fraction + self.order / 2 - 1 - np.arange(self.order)[:, None]
        x = np.clip(2 * distance / self.order, -1, 1)
        return (self.psi.value(x) - self.edge) / self.area, self.psi.slope(x) * 2 / self.order / self.area

    def transform(self, y):
        """For y waves per grid point, 1 at 0."""
        w = np.pi * y * self.order
        return (self.psi.integral * self.psi.transform(w) - self.edge * np.sinc(w / np.pi)) * self.order / self.area


@dataclass
class ProlateEwald:
    """Energy (kJ/mol), forces (kJ/mol/nm) and virial (minus the energy's derivative by the strain) of charges."""

    bandwidth: float
    cutoff: float
    window: Window
    grid: tuple[int, int, int]

    def __post_init__(self):
        self.psi = Prolate(self.bandwidth)

    def compute(self, positions, charges, box, exclusions=()):
        parts = [
            self._sum_pairs(positions, charges, box, exclusions),
            self._sum_waves(positions, charges, box),
            self._constants(charges, box),
        ]
        energy, forces, virial = (sum(values) for values in zip(*parts, strict=True))
        return COULOMB * energy, COULOMB * forces, COULOMB * virial

    def long_range(self, r):
        """The long-range potential of unit charges and minus its derivative over r."""
        x = np.minimum(r / self.cutoff, 1.0)
        phi = self.psi.integrate(x) / self.psi.integral
        slope = np.where(r < self.cutoff, self.psi.value(x), 0.0) / (self.psi.integral * self.cutoff)
        return phi / r, (phi / r - slope) / r**2

    def _sum_pairs(self, positions, charges, box, exclusions):
        i, j = np.triu_indices(len(charges), 1)
        delta = positions[i] - positions[j]
        for axis in (2, 1, 0):
            delta -= np.round(delta[:, axis : axis + 1] / box[axis, axis]) * box[axis]
        r = np.linalg.norm(delta, axis=1)
        excluded = np.isin(i * len(charges) + j, [min(p) * len(charges) + max(p) for p in exclusions])
        energy, force = self.long_range(r)
        near = (r < self.cutoff) & ~excluded
        sign = np.where(near, 1.0, 0.0)
        energy = sign * (1 / r - energy) - excluded * energy
        force = sign * (1 / r**3 - force) - excluded * force
        product = charges[i] * charges[j]
        forces = np.zeros_like(positions)
        pair_forces = (product * force)[:, None] * delta
        np.add.at(forces, i, pair_forces)
        np.add.at(forces, j, -pair_forces)
        return np.sum(product * energy), forces, delta.T @ pair_forces

    def _constants(self, charges, box):
        """Self energy and background."""
        own = -np.sum(charges**2) / (2 * self.psi.integral * self.cutoff)
        background = -np.pi * self.cutoff**2 * self.psi.second_moment * np.sum(charges) ** 2 / np.linalg.det(box)
        return own + background, 0.0, background * np.eye(3)

    def _sum_waves(self, positions, charges, box):
        n, order = np.array(self.grid), self.window.order
        reciprocal = np.linalg.inv(box)  # columns
        u = (positions @ reciprocal) % 1.0 * n
        cells = np.floor(u).astype(int)
        points = [(cells[:, d] + np.arange(order)[:, None]) % n[d] for d in range(3)]
        weights, slopes = zip(*[self.window.weights(u[:, d] - cells[:, d]) for d in range(3)], strict=True)
        index = (points[0][:, None, None], points[1][None, :, None], points[2][None, None, :])
        density = np.zeros(self.grid)
        np.add.at(density, index, charges * np.einsum("ip,jp,kp->ijkp", *weights))
        waves = np.fft.rfftn(density)
        k, squared, influence, slope = self._find_influence(box, reciprocal)
        potential = np.fft.irfftn(waves * influence, s=self.grid, axes=(0, 1, 2)) * np.prod(n)
        values = potential[index]
        forces = np.zeros_like(positions)
        for d in range(3):
            factors = [slopes[a] if a == d else weights[a] for a in range(3)]
            gradient = np.einsum("ijkp,ip,jp,kp->p", values, *factors)
            forces -= np.outer(charges * gradient * n[d], reciprocal[:, d])
        power = 2 * np.abs(waves) ** 2  # the others are complex conjugates
        power[:, :, 0 :: n[2] // 2 if n[2] % 2 == 0 else n[2]] /= 2
        energy = 0.5 * np.sum(influence * power)
        virial = energy * np.eye(3) + np.einsum(
            "axyz,bxyz,xyz->ab", k, k, 0.5 * power * (slope - 2 * influence / squared)
        )
        return energy, forces, virial

    def _find_influence(self, box, reciprocal):
        """Waves, their squares, the influence function, and its part from the slope of the transform over k."""
        # Components are above -n/2 and at most n/2. In a triclinic box a wave and its image at -n/2 differ in length.
        m = [(np.arange(n) + (n - 1) // 2) % n - (n - 1) // 2 for n in self.grid]
        m[2] = m[2][: self.grid[2] // 2 + 1]
        windows = [self.window.transform(m[d] / self.grid[d]) ** 2 for d in range(3)]
        m = np.stack(np.meshgrid(*m, indexing="ij"))
        k = 2 * np.pi * np.einsum("axyz,da->dxyz", m, reciprocal)
        squared = np.sum(k**2, axis=0)
        squared[0, 0, 0] = 1.0
        norm = np.sqrt(squared)
        factor = 4 * np.pi / (np.linalg.det(box) * squared * np.einsum("x,y,z->xyz", *windows))
        factor[0, 0, 0] = 0.0
        flat = norm.ravel() * self.cutoff
        transform = np.concatenate([self.psi.transform(part) for part in np.array_split(flat, 1 + flat.size // 4096)])
        slope = np.concatenate([self.psi.transform_slope(part) for part in np.array_split(flat, 1 + flat.size // 4096)])
        influence = factor * transform.reshape(norm.shape)
        return k, squared, influence, factor * self.cutoff * slope.reshape(norm.shape) / norm
