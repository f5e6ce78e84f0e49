# SPDX-License-Identifier: MIT
"""NumericFormat and PairNetwork."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt
from openmm import OpenMMException, unit

from openmmsurrogate import _wrapper
from openmmsurrogate._convert import ENERGY, FORCE, NANOMETER, adopt, as_floats, as_layers, as_list, number_in
from openmmsurrogate._options import SHORT_NAMES, Activation, Output, Precision, as_option

Floats = npt.NDArray[np.float32]


class NumericFormat(_wrapper.NumericFormat):
    """The numeric formats in which a pair network can be evaluated, and their rounding rules.

    The formats are the constants ``Default, Double, Single, TF32, BFloat16, Float16, Float8, Int8, Int4``. Where a
    method takes a format, it takes a constant or its name, such as "int8"; "bf16", "fp16", "fp8", "fp32" and "fp64" are
    short names. There are no objects of this class.
    """

    Default = Precision.Default
    Double = Precision.Double
    Single = Precision.Single
    TF32 = Precision.TF32
    BFloat16 = Precision.BFloat16
    Float16 = Precision.Float16
    Float8 = Precision.Float8
    Int8 = Precision.Int8
    Int4 = Precision.Int4

    def __init__(self) -> None:
        raise TypeError("NumericFormat has only constants and static methods")

    @staticmethod
    def getName(format: int | str) -> str:
        """Get the name used in files and messages, such as "bfloat16"."""
        return _wrapper.NumericFormat.getName(as_option(Precision, format, "format"))

    @staticmethod
    def parse(name: str) -> Precision:
        """Get the format with a name used in files, or a short name.

        Raises OpenMMException, which lists the names, if there is none.
        """
        try:
            return Precision(_wrapper.NumericFormat.parse(SHORT_NAMES.get(name, name)))
        except OpenMMException as error:
            raise OpenMMException(f"{error} (in short: {', '.join(SHORT_NAMES)})") from None

    @staticmethod
    def isReduced(format: int | str) -> bool:
        """Get whether the format rounds more coarsely than Single."""
        return _wrapper.NumericFormat.isReduced(as_option(Precision, format, "format"))

    @staticmethod
    def round(value: npt.ArrayLike, format: int | str) -> Any:
        """Round values to the nearest ones that a floating point format can hold, ties to even, saturating.

        Parameters
        ----------
        value : float or array_like
        format : constant or str
            Double, Single, TF32, BFloat16, Float16 or Float8

        Returns
        -------
        float, or ndarray of float64 of the shape of value
        """
        number, values = as_option(Precision, format, "format"), as_floats(value, "value")
        if values.ndim == 0:
            return _wrapper.NumericFormat.round(float(values), number)
        rounded = _wrapper.NumericFormat._roundAll(values.ravel().tolist(), number)
        return np.array(rounded, dtype=np.float64).reshape(values.shape)

    @staticmethod
    def quantize(value: npt.ArrayLike, scale: float, zeroPoint: int, format: int | str) -> Any:
        """Round values to the nearest codes of an integer format.

        Parameters
        ----------
        value : float or array_like
        scale : float
            the value of one code step; positive
        zeroPoint : int
            the code that stands for 0
        format : constant or str
            ``Int8`` (codes -127 to 127) or ``Int4`` (codes -7 to 7)

        Returns
        -------
        int, or ndarray of int32 of the shape of value
        """
        number, values = as_option(Precision, format, "format"), as_floats(value, "value")
        if values.ndim == 0:
            return _wrapper.NumericFormat.quantize(float(values), scale, zeroPoint, number)
        codes = _wrapper.NumericFormat._quantizeAll(values.ravel().tolist(), scale, zeroPoint, number)
        return np.array(codes, dtype=np.int32).reshape(values.shape)

    @staticmethod
    def dequantize(code: int, scale: float, zeroPoint: int) -> float:
        """Get the value that an integer code stands for: scale * (code - zeroPoint)."""
        return _wrapper.NumericFormat.dequantize(code, scale, zeroPoint)


class PairNetwork(_wrapper.PairNetwork):
    """A small multilayer perceptron of one variable: the interaction of two particles as a function of distance.

    The input is s = r/rc, the distance over the model's cutoff. Hidden layers apply the activation function, the last
    layer is linear, and its one output y is destandardized: ``mean + standardDeviation*y`` is the force weight
    w(r) = -dU/dr in kJ/mol/nm (output ``ForceWeight``), or the energy U(r) in kJ/mol up to a constant (output
    ``Energy``).

    Weights and biases are single precision and cannot be changed after construction.

    Parameters
    ----------
    widths : sequence of int
        number of channels, input to output, as in ``[1, 64, 64, 64, 1]``; the first and the last must be 1
    weights : sequence of array_like
        for each layer l its matrix, shape (widths[l+1], widths[l])
    biases : sequence of array_like
        for each layer l its vector, shape (widths[l+1],)
    activation : int or str
        ``PairNetwork.Tanh``, ``PairNetwork.SiLU`` or ``PairNetwork.ClampedPolynomial``, or a name such as "tanh"
    output : int or str
        ``PairNetwork.ForceWeight`` or ``PairNetwork.Energy``, or a name

    Raises
    ------
    OpenMMException
        if shapes do not match the widths, a width is out of range, or a value is not finite
    TypeError
        if a width is not an integer
    """

    Tanh = Activation.Tanh
    SiLU = Activation.SiLU
    ClampedPolynomial = Activation.ClampedPolynomial
    ForceWeight = Output.ForceWeight
    Energy = Output.Energy

    def __init__(
        self,
        widths: Sequence[int],
        weights: Sequence[npt.ArrayLike],
        biases: Sequence[npt.ArrayLike],
        activation: int | str = Activation.Tanh,
        output: int | str = Output.ForceWeight,
    ) -> None:
        sizes = [index(width) for width in widths]
        matrices = as_layers(weights, list(zip(sizes[1:], sizes[:-1], strict=True)), "weights")
        vectors = as_layers(biases, [(size,) for size in sizes[1:]], "biases")
        kinds = as_option(Activation, activation, "activation"), as_option(Output, output, "output")
        super().__init__(sizes, matrices, vectors, *kinds)

    @staticmethod
    def getMaxWidth() -> int:
        """Get the largest number of channels that a layer may have."""
        return _wrapper.PairNetwork.getMaxWidth()

    @staticmethod
    def getMaxLayers() -> int:
        """Get the largest number of layers."""
        return _wrapper.PairNetwork.getMaxLayers()

    def getNumLayers(self) -> int:
        """Get the number of layers with weights: one less than the number of widths."""
        return super().getNumLayers()

    def getActivation(self) -> Activation:
        """Get the activation function of the hidden layers: ``Tanh``, ``SiLU`` or ``ClampedPolynomial``."""
        return Activation(super().getActivation())

    def getOutput(self) -> Output:
        """Get what the network computes: ``ForceWeight`` or ``Energy``."""
        return Output(super().getOutput())

    def getWidths(self) -> tuple[int, ...]:
        """Get the number of channels, input to output."""
        return super().getWidths()

    def getWeights(self, layer: int) -> Floats:
        """Get a copy of the weights of a layer, shape (widths[layer+1], widths[layer])."""
        values = np.array(super().getWeights(layer), dtype=np.float32)
        return values.reshape(self.getWidths()[layer + 1], -1)

    def getBiases(self, layer: int) -> Floats:
        """Get a copy of the biases of a layer, shape (widths[layer+1],)."""
        return np.array(super().getBiases(layer), dtype=np.float32)

    def getActivationCoefficients(self) -> tuple[float, ...]:
        """Get the coefficients (c, a1, a3, a5, ...) of a ClampedPolynomial activation; empty for the others."""
        return super().getActivationCoefficients()

    def setActivationCoefficients(self, coefficients: npt.ArrayLike) -> None:
        """Set the coefficients (c, a1, a3, a5, ...) of a1 x + a3 x^3 + ..., with x clamped to [-c, c]."""
        super().setActivationCoefficients(as_list(coefficients, "coefficients"))

    def _output_unit(self) -> Any:
        return FORCE if self.getOutput() == PairNetwork.ForceWeight else ENERGY

    def getOutputMean(self) -> unit.Quantity:
        """Get the mean of the standardized output, kJ/mol/nm (ForceWeight) or kJ/mol (Energy)."""
        return unit.Quantity(super().getOutputMean(), self._output_unit())

    def getOutputStandardDeviation(self) -> unit.Quantity:
        """Get the standard deviation of the standardized output, kJ/mol/nm (ForceWeight) or kJ/mol (Energy)."""
        return unit.Quantity(super().getOutputStandardDeviation(), self._output_unit())

    def setOutputStandardization(self, mean: float | unit.Quantity, standardDeviation: float | unit.Quantity) -> None:
        """Set how the output is destandardized.

        Parameters
        ----------
        mean : float or Quantity
            kJ/mol/nm (ForceWeight) or kJ/mol (Energy)
        standardDeviation : float or Quantity
            the same unit; positive
        """
        target = self._output_unit()
        super().setOutputStandardization(
            number_in(mean, target, "mean"), number_in(standardDeviation, target, "standardDeviation")
        )

    def getMinimumDistance(self) -> unit.Quantity:
        """Get the smallest distance seen in training, below which the repulsive core acts, nm."""
        return unit.Quantity(super().getMinimumDistance(), NANOMETER)

    def getCoreStiffness(self) -> float:
        """Get the stiffness of the repulsive core, without unit; see docs/theory/repulsive-core.md."""
        return super().getCoreStiffness()

    def setCore(self, minimumDistance: float | unit.Quantity, coreStiffness: float = 10.0) -> None:
        """Set where the network stops and the repulsive core begins.

        Parameters
        ----------
        minimumDistance : float or Quantity
            smallest distance seen in training, nm; not negative
        coreStiffness : float
            positive, without unit; see docs/theory/repulsive-core.md
        """
        distance = number_in(minimumDistance, NANOMETER, "minimumDistance")
        super().setCore(distance, number_in(coreStiffness, unit.dimensionless, "coreStiffness"))

    def getTrainingHistogram(self) -> npt.NDArray[np.float64]:
        """Get the number of training pairs in bins of equal width from 0 to the cutoff. May be empty."""
        return np.array(super().getTrainingHistogram(), dtype=np.float64)

    def setTrainingHistogram(self, counts: npt.ArrayLike) -> None:
        """Set the number of training pairs in bins of equal width from 0 to the cutoff, shape (bins,)."""
        super().setTrainingHistogram(as_list(counts, "counts"))

    def getLayerQuantization(self, layer: int) -> tuple[Floats, Floats, npt.NDArray[np.int32]]:
        """Get the scales that integer formats use for a layer. Empty arrays mean "derive from the weights".

        Returns
        -------
        weightScales : ndarray of float32
            value of one weight code, shape (widths[layer+1], groups)
        activationScales : ndarray of float32
            value of one code of the layer's inputs, shape (widths[layer],) or (1,)
        activationZeroPoints : ndarray of int32
            code that stands for zero, same shape as activationScales
        """
        scales = np.array(super()._getWeightScales(layer), dtype=np.float32)
        return (
            scales.reshape(self.getWidths()[layer + 1], -1) if scales.size else scales,
            np.array(super()._getActivationScales(layer), dtype=np.float32),
            np.array(super()._getActivationZeroPoints(layer), dtype=np.int32),
        )

    def setLayerQuantization(
        self,
        layer: int,
        weightScales: npt.ArrayLike = (),
        activationScales: npt.ArrayLike = (),
        activationZeroPoints: Sequence[int] = (),
    ) -> None:
        """Set the scales that integer formats use for a layer; shapes as in getLayerQuantization().

        Raises
        ------
        OpenMMException
            if lengths or values do not fit the layer
        """
        super()._setQuantization(
            layer,
            np.ravel(np.asarray(weightScales, dtype=np.float64)).tolist(),
            as_list(activationScales, "activationScales"),
            [index(code) for code in activationZeroPoints],
        )

    def __copy__(self) -> PairNetwork:
        return adopt(PairNetwork, _wrapper.PairNetwork(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> PairNetwork:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        from openmmsurrogate.model import network_from_xml, network_to_xml

        return network_from_xml, (network_to_xml(self),)
