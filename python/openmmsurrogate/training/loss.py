# SPDX-License-Identifier: MIT
"""The two forms of the loss: of a mini-batch, and of all frames at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from openmmsurrogate._torch import torch
from openmmsurrogate.training.frames import Batch
from openmmsurrogate.training.networks import PairModule, evaluate_networks
from openmmsurrogate.training.normal_equations import Grid, Quadratic


def compute_batch_loss(networks: Sequence[PairModule], batch: Batch, cutoff: float, deviation: float) -> torch.Tensor:
    """Return the mean squared error of the standardized components of the summed forces on the batch's particles."""
    weight = evaluate_networks(networks, batch.distance / cutoff, batch.network)
    forces = torch.zeros_like(batch.forces).index_add(0, batch.particle, weight[:, None] * batch.direction)
    return torch.mean((forces - batch.forces / deviation) ** 2)


class FrameLoss:
    """The loss over all frames (see normal_equations), in double precision.

    Parameters
    ----------
    quadratic
        the loss as a function of the values at the nodes
    grid
        the nodes of each network
    device
        of PyTorch
    """

    def __init__(self, quadratic: Quadratic, grid: Grid, device: str) -> None:
        self.matrix, self.best, self.residual = (
            torch.from_numpy(a).to(device) for a in (quadratic.matrix, quadratic.best, quadratic.residual)
        )
        self.least = quadratic.least
        self.s = torch.from_numpy(grid.nodes / grid.cutoff).to(device)

    def evaluate_nodes(self, networks: Sequence[PairModule]) -> torch.Tensor:
        """Return the values at the nodes, one network after the other, in double precision."""
        s = self.s.to(networks[0].weights[0].dtype)
        return torch.cat([network(s) for network in networks]).double()

    def __call__(self, networks: Sequence[PairModule]) -> torch.Tensor:
        """Return the loss."""
        return self.evaluate(self.evaluate_nodes(networks))

    def evaluate(self, values: torch.Tensor) -> torch.Tensor:
        """Return the loss of values at the nodes."""
        error = values - self.best
        return error @ (self.matrix @ error) + 2.0 * (error @ self.residual) + self.least


def measure_decay(networks: Sequence[PairModule]) -> torch.Tensor:
    """Return the sum of squares of all weights; biases do not count."""
    return sum((torch.sum(w**2) for n in networks for w in n.weights), torch.zeros(()).to(networks[0].weights[0]))


def copy_parameters(networks: Sequence[PairModule]) -> list[torch.Tensor]:
    """Return a copy of all parameters."""
    return [p.detach().clone() for network in networks for p in network.parameters()]


def set_parameters(networks: Sequence[PairModule], values: Sequence[torch.Tensor]) -> None:
    """Set all parameters to values from copy_parameters(), in the precision of the networks."""
    parameters = [p for network in networks for p in network.parameters()]
    with torch.no_grad():
        for parameter, value in zip(parameters, values, strict=True):
            parameter.copy_(value)


def to_numpy(values: torch.Tensor) -> NDArray[np.float64]:
    """Return a tensor as an array in double precision."""
    result: NDArray[np.float64] = values.detach().cpu().double().numpy()
    return result
