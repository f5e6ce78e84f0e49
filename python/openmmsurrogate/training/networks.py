# SPDX-License-Identifier: MIT
"""Pair networks as PyTorch modules, and their way to and from PairNetwork."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from openmmsurrogate._torch import torch
from openmmsurrogate.network import PairNetwork
from openmmsurrogate.pytorch.clamped_polynomial import clamped_polynomial


def activate(name: str, coefficients: Sequence[float], x: torch.Tensor) -> torch.Tensor:
    """Return the activation of x: that of ``PairNetwork`` with this name, see openmmapi/src/Activation.h."""
    if name == "tanh":
        return torch.tanh(x)
    if name == "silu":
        return torch.nn.functional.silu(x)
    return clamped_polynomial(x, torch.tensor(tuple(coefficients), dtype=torch.float64))


def differentiate_activation(name: str, coefficients: Sequence[float], x: torch.Tensor) -> torch.Tensor:
    """Return the derivative of activate()."""
    if name == "tanh":
        return 1.0 - torch.tanh(x) ** 2
    if name == "silu":
        sigmoid = torch.sigmoid(x)
        return sigmoid * (1.0 + x * (1.0 - sigmoid))
    square, sum_ = x * x, torch.zeros_like(x)
    for order, coefficient in reversed(list(enumerate(coefficients[1:]))):
        sum_ = sum_ * square + (2 * order + 1) * coefficient
    return torch.where(x.abs() < coefficients[0], sum_, torch.zeros_like(x))


class PairModule(torch.nn.Module):
    """A multilayer perceptron of s = r/rc whose value is the force weight in units of a deviation of forces.

    With output "forceWeight" that is the last layer y(s); with "energy" it is -dy/ds, because the energy is
    deviation*rc*y. For networks with another standardization it is ``scale`` times that, plus ``offset``.
    """

    scale: float = 1.0
    offset: float = 0.0

    def __init__(self, hidden: Sequence[int], activation: str, coefficients: Sequence[float], output: str) -> None:
        super().__init__()
        self.widths = [1, *hidden, 1]
        self.activation, self.coefficients, self.output = activation, tuple(coefficients), output
        shapes = [(n, m) for m, n in itertools.pairwise(self.widths)]
        self.weights = torch.nn.ParameterList([torch.nn.Parameter(torch.zeros(shape)) for shape in shapes])
        self.biases = torch.nn.ParameterList([torch.nn.Parameter(torch.zeros(shape[0])) for shape in shapes])

    def initialize(self, low: float, random: np.random.Generator) -> None:
        """Draw the parameters of a network whose input lies in [low, 1].

        Hidden layers are drawn as by Glorot and Bengio (AISTATS 2010). The first layer is steeper, and each of its
        channels has its zero inside the range of the input, so that together they resolve it.
        """
        with torch.no_grad():
            for weight in self.weights:
                limit = np.sqrt(6.0 / sum(weight.shape))
                weight.copy_(torch.from_numpy(limit * random.uniform(-1.0, 1.0, weight.shape)))
            shape = self.weights[0].shape
            slope = random.uniform(1.0, 3.0, shape) * random.choice([-1.0, 1.0], shape) / (1.0 - low) * 2.0
            self.weights[0].copy_(torch.from_numpy(slope))
            self.biases[0].copy_(torch.from_numpy(-slope[:, 0] * random.uniform(low, 1.0, shape[0])))

    def effective_weights(self) -> list[torch.Tensor]:
        """Return the weights that the network computes with."""
        return list(self.weights)

    def round_inputs(self, layer: int, inputs: torch.Tensor) -> torch.Tensor:
        """Return what a layer sees of its inputs, or of their derivatives."""
        return inputs

    def activate(self, x: torch.Tensor) -> torch.Tensor:
        """Return the activation of x."""
        return activate(self.activation, self.coefficients, x)

    def evaluate_hidden(self, s: torch.Tensor) -> torch.Tensor:
        """Return what the last layer multiplies with its weights, shape (samples, channels)."""
        weights = self.effective_weights()
        values = self.round_inputs(0, s.reshape(-1, 1))
        slopes = torch.ones_like(values)
        for layer, (weight, bias) in enumerate(zip(weights[:-1], list(self.biases)[:-1], strict=True)):
            z = values @ weight.T + bias
            if self.output == "energy":
                slope = differentiate_activation(self.activation, self.coefficients, z) * (slopes @ weight.T)
                slopes = self.round_inputs(layer + 1, slope)
            values = self.round_inputs(layer + 1, self.activate(z))
        return -slopes if self.output == "energy" else values

    def forward(self, s: torch.Tensor) -> torch.Tensor:
        """Return the force weight, shape (samples,)."""
        result = self.evaluate_hidden(s) @ self.effective_weights()[-1][0]
        if self.output == "forceWeight":
            result = result + self.biases[-1]
        return self.scale * result + self.offset

    def load(self, network: PairNetwork) -> None:
        """Take weights and biases of a PairNetwork of the same widths."""
        with torch.no_grad():
            for layer in range(len(self.weights)):
                self.weights[layer].copy_(torch.from_numpy(network.getWeights(layer)))
                self.biases[layer].copy_(torch.from_numpy(network.getBiases(layer)))

    def to_network(self, standard_deviation: float, cutoff: float) -> PairNetwork:
        """Return the PairNetwork with these parameters, rounded to single precision.

        Parameters
        ----------
        standard_deviation
            of forces, kJ/mol/nm
        cutoff
            nm
        """
        weights = [weight.detach().cpu().double().numpy() for weight in self.weights]
        biases = [bias.detach().cpu().double().numpy() for bias in self.biases]
        network = PairNetwork(self.widths, weights, biases, self.activation, self.output)
        if self.activation == "clampedPolynomial":
            network.setActivationCoefficients(self.coefficients)
        unit = standard_deviation * (cutoff if self.output == "energy" else 1.0)
        network.setOutputStandardization(unit * self.offset, unit * self.scale)
        return network


def evaluate_networks(networks: Sequence[PairModule], s: torch.Tensor, network: torch.Tensor) -> torch.Tensor:
    """Return the standardized force weight of pairs, each by the network with its index."""
    if len(networks) == 1:
        result: torch.Tensor = networks[0](s)
        return result
    result = torch.zeros_like(s)
    for index, module in enumerate(networks):
        chosen = torch.nonzero(network == index)[:, 0]
        if len(chosen):
            result = result.index_copy(0, chosen, module(s[chosen]))
    return result
