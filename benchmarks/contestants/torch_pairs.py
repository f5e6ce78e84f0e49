# SPDX-License-Identifier: MIT
"""The network in compiled PyTorch on a given list of pairs: what a user would write today.

Only forces of given pairs, each evaluated once: no neighbor search, no integrator.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from common.argon import Liquid, liquid_argon
from common.contestant import Setting
from common.pairs import listPairs

from contestants.weights import Weights, loadWeights

LARGEST = 256000  # atoms


def createForward(weights: Weights, edge: float, dtype: Any, device: str) -> Any:
    """Return a function of positions (atoms, 3) and pairs i, j: forces, kJ/mol/nm."""
    import torch

    layers = [
        (torch.tensor(w, dtype=dtype, device=device), torch.tensor(b, dtype=dtype, device=device))
        for w, b in zip(weights.matrices, weights.biases, strict=True)
    ]

    def forward(positions: Any, i: Any, j: Any) -> Any:
        displacement = positions[i] - positions[j]
        displacement = displacement - edge * torch.round(displacement / edge)
        r = displacement.square().sum(dim=1, keepdim=True).sqrt()
        x = (r / weights.cutoff).to(dtype)
        for matrix, bias in layers[:-1]:
            x = torch.tanh(torch.nn.functional.linear(x, matrix, bias))
        w = weights.mean + weights.deviation * torch.nn.functional.linear(x, *layers[-1]).to(torch.float32)
        pairForces = w / r * displacement
        return torch.zeros_like(positions).index_add(0, i, pairForces).index_add(0, j, -pairForces)

    return forward


class TorchStepper:
    """Force evaluations of one configuration."""

    def __init__(self, liquid: Liquid, listed: np.ndarray, dtype: str, device: str) -> None:
        import torch

        self._torch, self._device, self._positions = torch, device, liquid.positions
        weights = loadWeights()
        pairs = torch.tensor(listed, device=device)
        positions = torch.tensor(liquid.positions, dtype=torch.float32, device=device)
        self._arguments = (positions, pairs[:, 0].contiguous(), pairs[:, 1].contiguous())
        self._forward = createForward(weights, liquid.edge, getattr(torch, dtype), device)
        if device != "cpu":
            self._forward = torch.compile(self._forward, dynamic=False)
        self.step(1)

    def step(self, steps: int) -> None:
        """Compute all forces so many times."""
        with self._torch.no_grad():
            for _ in range(steps):
                self.forces = self._forward(*self._arguments)

    def wait(self) -> None:
        """Wait for the GPU."""
        if self._device != "cpu":
            self._torch.cuda.synchronize()

    def temperature(self) -> None:
        """Nothing moves."""
        return

    def positions(self) -> np.ndarray:
        """Return the positions, nm."""
        return self._positions


@dataclass(frozen=True)
class TorchPairs:
    """PyTorch in one type of numbers."""

    dtype: str
    arithmetic: str | None = None
    largest: int = LARGEST
    wholeSteps: bool = False
    hasPairs: bool = True
    cutoff: float = liquid_argon.CUTOFF

    @property
    def name(self) -> str:
        """By which it is chosen."""
        return f"torch-{self.dtype}"

    @property
    def label(self) -> str:
        """For tables."""
        return f"PyTorch, compiled, given pairs, {self.dtype}: forces only"

    def prepare(self, liquid: Liquid) -> Callable[[Setting], TorchStepper]:
        """List the pairs, and return what compiles the function, where the platform is CUDA."""
        pairs = listPairs(liquid.positions, liquid.edge, loadWeights().cutoff)

        def start(setting: Setting) -> TorchStepper:
            return TorchStepper(liquid, pairs, self.dtype, "cuda" if setting.platform == "CUDA" else "cpu")

        return start
