# SPDX-License-Identifier: MIT
"""The network of the argon model as arrays, for other libraries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from openmmsurrogate import SurrogateModel
from openmmsurrogate._convert import FORCE, NANOMETER


@dataclass(frozen=True)
class Weights:
    """w(r) = mean + deviation * network(r/cutoff), kJ/mol/nm; tanh after each layer but the last."""

    matrices: list[np.ndarray]  # float32, (outputs, inputs)
    biases: list[np.ndarray]  # float32, (outputs,)
    mean: float  # kJ/mol/nm
    deviation: float  # kJ/mol/nm
    cutoff: float  # nm


def loadWeights() -> Weights:
    """Return the network of the argon model."""
    model = SurrogateModel.load("argon")
    network = model.getNetwork(0)
    layers = range(network.getNumLayers())
    return Weights(
        [network.getWeights(layer) for layer in layers],
        [network.getBiases(layer) for layer in layers],
        network.getOutputMean().value_in_unit(FORCE),
        network.getOutputStandardDeviation().value_in_unit(FORCE),
        model.getCutoff().value_in_unit(NANOMETER),
    )
