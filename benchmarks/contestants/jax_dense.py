# SPDX-License-Identifier: MIT
"""The way of the report PNNL-38353: JAX on dense arrays of K = 128 neighbors of each atom.

Only the forward pass, from positions and given neighbors to forces: no neighbor search, no integrator. Every slot of
the arrays is evaluated, twice for each pair, as there. In float32 products are those of JAX's default on the device,
which is TF32 on GPUs that have it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from common.argon import Liquid, liquid_argon
from common.contestant import Setting
from common.pairs import listNeighbors

from contestants.weights import Weights, loadWeights

WIDTH = 128  # neighbors of an atom
LARGEST = 60780  # atoms: the report's largest system


def createForward(weights: Weights, edge: float, dtype: object) -> object:
    """Return a compiled function of positions (atoms, 3), neighbors and mask (atoms, WIDTH): forces, kJ/mol/nm."""
    import jax
    import jax.numpy as jnp

    layers = [
        (jnp.asarray(w.T, dtype), jnp.asarray(b, dtype)) for w, b in zip(weights.matrices, weights.biases, strict=True)
    ]

    def forward(positions, neighbors, mask):
        displacement = positions[:, None, :] - positions[neighbors]
        displacement -= edge * jnp.round(displacement / edge)
        r = jnp.sqrt(jnp.where(mask, jnp.sum(displacement**2, axis=-1), weights.cutoff**2))
        x = (r / weights.cutoff).astype(dtype)[..., None]
        for matrix, bias in layers[:-1]:
            x = jnp.tanh(x @ matrix + bias)
        matrix, bias = layers[-1]
        w = weights.mean + weights.deviation * (x @ matrix + bias)[..., 0].astype(jnp.float32)
        return jnp.sum(jnp.where(mask, w / r, 0.0)[..., None] * displacement, axis=1)

    return jax.jit(forward)


class JaxStepper:
    """Forward passes of one configuration."""

    def __init__(self, liquid: Liquid, neighbors: np.ndarray, mask: np.ndarray, dtype: str) -> None:
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # leave GPU memory to the others
        import jax.numpy as jnp

        weights = loadWeights()
        self._positions = liquid.positions
        self._arguments = (jnp.asarray(liquid.positions, jnp.float32), jnp.asarray(neighbors), jnp.asarray(mask))
        self._forward = createForward(weights, liquid.edge, jnp.dtype(dtype))
        self.forces = self._forward(*self._arguments)

    def step(self, steps: int) -> None:
        """Compute all forces so many times."""
        for _ in range(steps):
            self.forces = self._forward(*self._arguments)

    def wait(self) -> None:
        """Wait for the GPU."""
        self.forces.block_until_ready()

    def temperature(self) -> None:
        """Nothing moves."""
        return

    def positions(self) -> np.ndarray:
        """Return the positions, nm."""
        return self._positions


@dataclass(frozen=True)
class JaxDense:
    """The report's way in one type of numbers."""

    dtype: str
    arithmetic: str | None = None
    largest: int = LARGEST
    wholeSteps: bool = False
    hasPairs: bool = True
    cutoff: float = liquid_argon.CUTOFF

    @property
    def name(self) -> str:
        """By which it is chosen."""
        return f"jax-{self.dtype}"

    @property
    def label(self) -> str:
        """For tables."""
        return f"JAX, dense K={WIDTH}, {self.dtype}: forces only"

    def prepare(self, liquid: Liquid) -> Callable[[Setting], JaxStepper]:
        """List the neighbors, and return what compiles the forward pass."""
        neighbors, mask = listNeighbors(liquid.positions, liquid.edge, loadWeights().cutoff, WIDTH)
        return lambda setting: JaxStepper(liquid, neighbors, mask, self.dtype)
