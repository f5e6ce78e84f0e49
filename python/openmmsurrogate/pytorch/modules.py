# SPDX-License-Identifier: MIT
"""A SurrogateModel as a PyTorch module."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from openmmsurrogate._convert import NANOMETER
from openmmsurrogate._torch import torch
from openmmsurrogate.model import SurrogateModel
from openmmsurrogate.network import PairNetwork
from openmmsurrogate.pytorch.clamped_polynomial import clamped_polynomial


class ClampedPolynomial(torch.nn.Module):
    """a1 x + a3 x^3 + a5 x^5 + ... with x clamped to [-c, c]: the activation ``PairNetwork.ClampedPolynomial``.

    Parameters
    ----------
    coefficients : sequence of float
        (c, a1, a3, a5, ...), kept as the float64 buffer ``coefficients``
    """

    def __init__(self, coefficients: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("coefficients", torch.tensor(list(coefficients), dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the activation to each element."""
        return clamped_polynomial(x, self.coefficients)


def make_stack(network: PairNetwork) -> torch.nn.Sequential:
    """Return the layers of a network, y(s) of inputs s = r/rc of shape (..., 1), as float32 modules."""
    layers: list[torch.nn.Module] = []
    for layer in range(network.getNumLayers()):
        outputs, inputs = network.getWeights(layer).shape
        linear = torch.nn.Linear(inputs, outputs)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(network.getWeights(layer)))
            linear.bias.copy_(torch.from_numpy(network.getBiases(layer)))
        layers += [linear, make_activation(network)]
    return torch.nn.Sequential(*layers[:-1])


def make_activation(network: PairNetwork) -> torch.nn.Module:
    """Return the module of a network's activation."""
    if network.getActivation() == PairNetwork.ClampedPolynomial:
        return ClampedPolynomial(network.getActivationCoefficients())
    return torch.nn.SiLU() if network.getActivation() == PairNetwork.SiLU else torch.nn.Tanh()


class SurrogateModule(torch.nn.Module):
    """The networks of a SurrogateModel, as ``SurrogateModel.toTorch()`` makes them.

    ``module.pairs`` is a ModuleDict of one ``torch.nn.Sequential`` for each pair of types that has a network, with the
    key "A-B". It computes the standardized output y(s) from s = r/rc. Pairs that share a network share the module.

    Parameters
    ----------
    model : SurrogateModel
        copied; ``module.model`` is the copy, and keeps what the networks do not hold

    Raises
    ------
    ValueError
        if the names of the types cannot be made the names of submodules
    """

    def __init__(self, model: SurrogateModel) -> None:
        super().__init__()
        self.model = copy.copy(model)
        self.cutoff = model.getCutoff().value_in_unit(NANOMETER)
        stacks = [make_stack(model.getNetwork(index)) for index in range(model.getNumNetworks())]
        self.pairs = torch.nn.ModuleDict()
        means: list[float] = []
        deviations: list[float] = []
        table = torch.full((model.getNumTypes(), model.getNumTypes()), -1)
        for (i, j), name in name_pairs(model.getTypeNames()).items():
            index = model.getPairNetwork(i, j)
            if index < 0:
                continue
            network = model.getNetwork(index)
            table[i, j] = table[j, i] = len(self.pairs)
            self.pairs[name] = stacks[index]
            means.append(float(network.getOutputMean() / network.getOutputMean().unit))
            deviation = network.getOutputStandardDeviation()
            deviations.append(float(deviation / deviation.unit))
        self.means, self.standardDeviations = means, deviations
        self.register_buffer("table", table, persistent=False)

    def getStacks(self) -> dict[int, torch.nn.Sequential]:
        """Get the modules of the networks that pairs use, by the networks' indices in the model."""
        names = name_pairs(self.model.getTypeNames())
        indices = {name: self.model.getPairNetwork(i, j) for (i, j), name in names.items()}
        return {index: self.pairs[name] for name, index in indices.items() if index >= 0}

    def forward(self, type1: torch.Tensor, type2: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
        """Compute the output of the networks, without their repulsive cores.

        Parameters
        ----------
        type1, type2 : Tensor
            indices of the types of the two particles of each pair, integers, shape (pairs,)
        r : Tensor
            distances, nm, shape (pairs,), of the parameters' type

        Returns
        -------
        Tensor
            force weight, kJ/mol/nm, or energy, kJ/mol, as each network has it, shape (pairs,); zero beyond the cutoff,
            and for pairs of types without a network
        """
        index = self.table[type1, type2]
        result = torch.zeros_like(r)
        for i, stack in enumerate(self.pairs.values()):
            chosen = torch.nonzero((index == i) & (r < self.cutoff)).flatten()
            y = stack((r[chosen] / self.cutoff).unsqueeze(-1)).squeeze(-1)
            result = result.index_copy(0, chosen, self.means[i] + self.standardDeviations[i] * y)
        return result


def name_pairs(types: Sequence[str]) -> dict[tuple[int, int], str]:
    """Return the name "A-B" of each pair of types, by their indices, the lower one first.

    Raises
    ------
    ValueError
        if a name cannot be that of a submodule, or stands for two pairs
    """
    for name in types:
        if "." in name:
            raise ValueError(
                f"the type {name!r} has a '.' in its name, which names of submodules cannot have: rename the type"
            )
    names = {(i, j): f"{types[i]}-{types[j]}" for i in range(len(types)) for j in range(i, len(types))}
    for pair, name in names.items():
        twins = [other for other in names if names[other] == name and other != pair]
        if twins:
            raise ValueError(
                f"the name {name!r} stands for more than one pair of the types {', '.join(types)}: rename a type"
            )
    return names
