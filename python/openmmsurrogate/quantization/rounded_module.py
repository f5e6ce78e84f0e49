# SPDX-License-Identifier: MIT
"""A pair network that computes with rounded weights and inputs, as FormatEmulation (openmmapi/src) does."""

from __future__ import annotations

from dataclasses import dataclass

from openmmsurrogate._torch import torch
from openmmsurrogate.network import PairNetwork
from openmmsurrogate.quantization.rounding import find_scales, find_spacing, round_float, round_integer
from openmmsurrogate.training.networks import PairModule, differentiate_activation


@dataclass(frozen=True)
class Scheme:
    """A format and the choices that belong to a model."""

    format: str
    endLayersSingle: bool
    weightGroupSize: int


class RoundedPairModule(PairModule):
    """A PairModule in a numeric format.

    Parameters
    ----------
    network
        where widths, activation and parameters come from
    scheme
        how it is rounded

    Attributes
    ----------
    noise
        largest relative noise on what is rounded, in training
    rounds_inputs
        whether inputs are rounded, and not only weights
    ranges
        least and largest value of each int8 input, shape (2, inputs), by layer, where they are learned
    """

    noise = 0.0
    rounds_inputs = True

    def __init__(self, network: PairNetwork, scheme: Scheme) -> None:
        names = ("tanh", "silu", "clampedPolynomial")
        outputs = ("forceWeight", "energy")
        super().__init__(
            network.getWidths()[1:-1],
            names[network.getActivation()],
            network.getActivationCoefficients(),
            outputs[network.getOutput()],
        )
        self.load(network)
        self.scheme = scheme
        # Of the inputs of each layer in int8: scales and zero points, shape (inputs,).
        self.activation_scales: list[torch.Tensor | None] = [None for _ in self.weights]
        self.zero_points: list[torch.Tensor | None] = [None for _ in self.weights]
        self.ranges = torch.nn.ParameterDict()

    def format_of(self, layer: int) -> str:
        """Return the format of the weights of a layer."""
        last = len(self.weights) - 1
        return "single" if self.scheme.endLayersSingle and layer in (0, last) else self.scheme.format

    def unrounded_parameters(self) -> list[torch.nn.Parameter]:
        """Return what the format does not round: all biases, and weights of layers in single precision."""
        weights = [w for layer, w in enumerate(self.weights) if self.format_of(layer) == "single"]
        return [*weights, *self.biases]

    def effective_weights(self) -> list[torch.Tensor]:
        """Return the rounded weights of all layers."""
        return [self._round_weights(layer, weight) for layer, weight in enumerate(self.weights)]

    def _round_weights(self, layer: int, weight: torch.Tensor) -> torch.Tensor:
        format = self.format_of(layer)
        if format == "int8":
            scales = self.activation_scales[layer]
            folds = torch.ones(()).to(weight) if scales is None or len(scales) == 1 else scales / scales.max()
            folded = weight * folds
            return round_integer(folded, find_scales(folded, "int8"), 0, "int8") / folds
        if format == "int4":
            size = -(-weight.shape[1] // -(-weight.shape[1] // self.scheme.weightGroupSize))
            groups = [round_integer(g, find_scales(g, "int4"), 0, "int4") for g in torch.split(weight, size, dim=1)]
            return round_float(torch.cat(groups, dim=1), "float16")
        return round_float(weight, format)

    def round_inputs(self, layer: int, inputs: torch.Tensor) -> torch.Tensor:
        """Return the rounded inputs of a layer (or their derivatives)."""
        if not self.rounds_inputs:
            return inputs
        if self.noise > 0 and self.training and layer > 0:
            inputs = inputs * (1.0 + self.noise * (2.0 * torch.rand_like(inputs) - 1.0))
        format = self.format_of(layer)
        if format != "int8":
            return round_float(inputs, "float16" if format == "int4" else format)
        if self.training and str(layer) in self.ranges:
            return round_integer(inputs, *_divide_range(self.ranges[str(layer)]), "int8")
        scale, zero = self.activation_scales[layer], self.zero_points[layer]
        if scale is None or zero is None:  # not calibrated yet
            return inputs
        return round_integer(inputs, scale, zero, "int8")

    def expect_noise(self, s: torch.Tensor, relative: float = 0.0) -> torch.Tensor:
        """Return the variance of the force weight at s that the rounding of inputs is expected to make.

        Rounding errors of inputs are taken to be independent and uniform between half a step down and up; their effect
        is linear. That is smooth in the parameters, where rounding itself is not. Networks of energies, whose slopes
        are rounded, too, are not covered: for them it is zero.

        Parameters
        ----------
        s
            where
        relative
            largest relative error of inputs, but the first, that comes on top
        """
        if self.output == "energy":
            return torch.zeros_like(s)
        weights, inputs, slopes = self.effective_weights(), [s.reshape(-1, 1)], []
        for weight, bias in zip(weights[:-1], list(self.biases)[:-1], strict=True):
            z = inputs[-1] @ weight.T + bias
            slopes.append(differentiate_activation(self.activation, self.coefficients, z))
            inputs.append(self.activate(z))
        variance, sensitivity = torch.zeros_like(s), torch.ones_like(s).reshape(-1, 1)
        for layer in reversed(range(len(weights))):
            sensitivity = (sensitivity if layer == len(weights) - 1 else sensitivity * slopes[layer]) @ weights[layer]
            error = self._input_spacing(layer, inputs[layer]) ** 2 / 12.0
            if layer > 0:
                error = error + (relative * inputs[layer]) ** 2 / 3.0
            variance = variance + torch.sum(error * sensitivity**2, dim=1)
        return self.scale**2 * variance

    def _input_spacing(self, layer: int, inputs: torch.Tensor) -> torch.Tensor:
        """Return the steps of a layer's rounded inputs."""
        format, scale = self.format_of(layer), self.activation_scales[layer]
        if format == "int8":
            return torch.zeros_like(inputs) if scale is None else scale.to(inputs).expand_as(inputs)
        return find_spacing(inputs, "float16" if format == "int4" else format)

    def calibrate(self, s: torch.Tensor) -> None:
        """Choose int8 scales and zero points of each input from the range that it has over these s, and zero.

        Ranges that are learned stay. The layers are calibrated one after the other: each sees the rounding of those
        before.
        """
        if self.scheme.format != "int8":
            return
        with torch.no_grad():
            values = s.reshape(-1, 1)
            for layer in range(len(self.weights)):
                if self.format_of(layer) == "int8":
                    learned = self.ranges.get(str(layer))
                    range_ = _find_range(values) if learned is None else learned.detach()
                    self.activation_scales[layer], self.zero_points[layer] = _divide_range(range_)
                values = self.round_inputs(layer, values) @ self._round_weights(layer, self.weights[layer]).T
                values = self.activate(values + self.biases[layer])

    def learn_ranges(self) -> None:
        """Make the ranges of int8 inputs, as last calibrated, parameters."""
        for layer, (scale, zero) in enumerate(zip(self.activation_scales, self.zero_points, strict=True)):
            if scale is not None and zero is not None:
                range_ = torch.stack([scale * (-127.0 - zero), scale * (127.0 - zero)])
                self.ranges[str(layer)] = torch.nn.Parameter(range_)

    def calibrate_symmetric(self, low: float) -> None:
        """Choose int8 scales as FormatEmulation does for a model that brings none: one per layer.

        It is the largest magnitude of the inputs over 127, found with rounded weights and unrounded inputs.
        """
        if self.scheme.format != "int8":
            return
        with torch.no_grad():
            values = torch.linspace(low, 1.0, 257).to(self.weights[0]).reshape(-1, 1)
            for layer in range(len(self.weights)):
                if self.format_of(layer) == "int8":
                    scale = values.abs().max().clamp(min=1e-30) / 127.0
                    self.activation_scales[layer], self.zero_points[layer] = scale[None], torch.zeros_like(scale)[None]
                values = self.activate(values @ self._round_weights(layer, self.weights[layer]).T + self.biases[layer])

    def write_quantization(self, network: PairNetwork) -> None:
        """Give the scales to a network with these parameters: those of weights are found by the format's own rule."""
        for layer, (scales, zeros) in enumerate(zip(self.activation_scales, self.zero_points, strict=True)):
            if scales is not None and zeros is not None:
                network.setLayerQuantization(layer, (), scales.cpu().numpy(), [int(z) for z in zeros])


def _find_range(values: torch.Tensor) -> torch.Tensor:
    return torch.stack([values.amin(dim=0).clamp(max=0.0), values.amax(dim=0).clamp(min=0.0)])


def _divide_range(range_: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return scale and zero point of each input; gradients reach the scale."""
    scale = ((range_[1] - range_[0]) / 254.0).clamp(min=1e-30)
    scale = scale.float().to(range_.dtype)  # as the model's file holds it
    return scale, torch.clamp(torch.round(-127.0 - range_[0].detach() / scale.detach()), -127, 127)
