# SPDX-License-Identifier: MIT
"""The layers of a network from the names and shapes of its arrays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from openmmsurrogate._torch import torch
from openmmsurrogate.network import PairNetwork

Array = npt.NDArray[np.float64]

EXPECTED = (
    "expected are only <layer>.weight, shape (outputs, inputs), and <layer>.bias, shape (outputs,), of fully connected "
    "layers"
)
# "net.0.weight" and "weights.0", "net.0.bias" and "net.biases.0".
_NAME = re.compile(
    r"(?:(?P<layer>.*)\.)?(?P<kind>weight|bias|coefficients)|(?P<prefix>.*\.)?(?P<list>weights|biases)\.(?P<number>\d+)"
)


@dataclass
class Layer:
    """A fully connected layer: its name, its matrix, shape (outputs, inputs), and its vector, shape (outputs,)."""

    name: str
    weight: Array | None = None
    bias: Array | None = None


def read_name(name: str) -> tuple[str, str]:
    """Return what the name of an array says: its kind, "weight", "bias", "coefficients" or "", and its layer."""
    match = _NAME.fullmatch(name)
    if match is None:
        return "", ""
    if match["kind"]:
        return match["kind"], match["layer"] or ""
    return {"weights": "weight", "biases": "bias"}[match["list"]], (match["prefix"] or "") + match["number"]


def collect_layers(arrays: Mapping[str, Array]) -> list[Layer]:
    """Return the layers in the order in which they come. Raises ValueError for an array that is not part of one."""
    layers: dict[str, Layer] = {}
    for name, array in arrays.items():
        kind, key = read_name(name)
        if kind == "coefficients":
            continue
        if array.ndim != {"weight": 2, "bias": 1}.get(kind):
            raise ValueError(f"the array {name!r} of shape {array.shape} is not part of a pair network; {EXPECTED}")
        setattr(layers.setdefault(key, Layer(key)), kind, array)
    if not layers:
        raise ValueError(
            f"there is no layer with weights; {EXPECTED} (a frozen TorchScript module has lost them: take it as it was "
            "before torch.jit.freeze)"
        )
    for layer in layers.values():
        if layer.weight is None:
            raise ValueError(f"layer {layer.name!r} has a bias, but no weight; {EXPECTED}")
        if layer.bias is None:
            layer.bias = np.zeros(len(layer.weight))
        if layer.bias.shape != layer.weight.shape[:1]:
            shapes = f"{layer.bias.shape}, but its weight has shape {layer.weight.shape}"
            raise ValueError(f"the bias of layer {layer.name!r} has shape {shapes}; {EXPECTED}")
    return list(layers.values())


def order_layers(layers: list[Layer]) -> list[Layer]:
    """Return the layers from input to output. Raises ValueError if they do not form a chain.

    They are taken as they come, those that differ only by numbers in the order of these; or else with the one with one
    input and the one with one output at the ends.
    """
    templates = [re.sub(r"\d+", "#", layer.name) for layer in layers]

    def position(layer: Layer) -> tuple[int, list[int]]:
        numbers = [int(number) for number in re.findall(r"\d+", layer.name)]
        return templates.index(re.sub(r"\d+", "#", layer.name)), numbers

    def shape(layer: Layer) -> tuple[int, int]:
        assert layer.weight is not None
        outputs, inputs = layer.weight.shape
        return outputs, inputs

    def rank(layer: Layer) -> int:
        return 0 if shape(layer)[1] == 1 else 2 if shape(layer)[0] == 1 else 1

    layers = sorted(layers, key=position)
    for order in (layers, sorted(layers, key=rank)):
        outputs = [1] + [shape(layer)[0] for layer in order]
        if outputs == [shape(layer)[1] for layer in order] + [1]:
            return order
    found = ", ".join(f"{layer.name} {shape(layer)}" for layer in layers)
    raise ValueError(
        "the layers do not form a network 1-...-1, from a distance to a force weight or energy; their weights "
        f"(outputs, inputs) are: {found}"
    )


def find_coefficients(arrays: Mapping[str, Array]) -> Array | None:
    """Return the coefficients of the network's ClampedPolynomial, None if there is none."""
    found = {name: array for name, array in arrays.items() if read_name(name)[0] == "coefficients"}
    first, *others = found or [None]
    for name in others:
        if not np.array_equal(found[name], found[first]):  # type: ignore[index]
            raise ValueError(
                f"{name!r} differs from {first!r}: all hidden layers of a pair network have the same activation"
            )
    return found[first] if first is not None else None


def to_arrays(tensors: Mapping[str, Any]) -> dict[str, Array]:
    """Copy named tensors to arrays. Raises ValueError for what is no tensor of floating point numbers."""
    arrays = {}
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point():
            kind = f"a tensor of {tensor.dtype}" if isinstance(tensor, torch.Tensor) else f"a {type(tensor).__name__}"
            raise ValueError(f"the entry {name!r} is {kind}, not a tensor of floating point numbers; {EXPECTED}")
        arrays[name] = tensor.detach().cpu().double().numpy()
    return arrays


def assemble(tensors: Mapping[str, Any], activation: int | str, output: int | str) -> PairNetwork:
    """Make a network of named tensors. The coefficients of a ClampedPolynomial take the place of the activation."""
    arrays = to_arrays(tensors)
    layers = order_layers(collect_layers(arrays))
    weights, biases = [layer.weight for layer in layers], [layer.bias for layer in layers]
    widths = [1] + [len(bias) for bias in biases if bias is not None]
    coefficients = find_coefficients(arrays)
    if coefficients is not None:
        activation = PairNetwork.ClampedPolynomial
    network = PairNetwork(widths, weights, biases, activation, output)  # type: ignore[arg-type]
    if coefficients is not None:
        network.setActivationCoefficients(coefficients)
    return network
