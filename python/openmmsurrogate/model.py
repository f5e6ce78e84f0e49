# SPDX-License-Identifier: MIT
"""SurrogateModel, and the models that the package ships."""

from __future__ import annotations

import os
from collections.abc import Sequence
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from openmm import OpenMMException, XmlSerializer, unit

from openmmsurrogate import _wrapper
from openmmsurrogate._convert import ENERGY, FORCE, NANOMETER, adopt, as_floats, check_instance, number_in, value_in
from openmmsurrogate._options import Precision, as_option
from openmmsurrogate.network import PairNetwork

if TYPE_CHECKING:
    from openmmsurrogate.pytorch import SurrogateModule

MODEL_FOLDER = Path(__file__).parent / "models"
SUFFIX = ".safetensors"


def listModels() -> list[str]:
    """List the names of the models that come with the package, which SurrogateModel.load() accepts."""
    return sorted(path.name.removesuffix(SUFFIX) for path in MODEL_FOLDER.glob(f"*{SUFFIX}"))


class SurrogateModel(_wrapper.SurrogateModel):
    """A set of particle types and, for each unordered pair of types, a PairNetwork, or the statement that the pair does
    not interact.

    It is a value, independent of any Force. Energies are zero at the cutoff. Where a method takes a particle type, it
    takes its name or its index.

    Parameters
    ----------
    typeNames : sequence of str
        the names of the particle types; not empty, no duplicates
    cutoff : float or Quantity
        the distance beyond which no two particles interact, nm
    """

    def __init__(self, typeNames: Sequence[str], cutoff: float | unit.Quantity) -> None:
        if isinstance(typeNames, str) or not all(isinstance(name, str) for name in typeNames):
            raise TypeError(f"typeNames must be a sequence of names, such as ['Na', 'Cl'], but is {typeNames!r}")
        super().__init__(list(typeNames), number_in(cutoff, NANOMETER, "cutoff"))

    @staticmethod
    def load(name: str | os.PathLike[str]) -> SurrogateModel:
        """Load a model.

        Parameters
        ----------
        name : str or path-like
            the name of a shipped model (see listModels()), or the path of a .safetensors file

        Raises
        ------
        OpenMMException
            that names the file and the field, if the file cannot be read, is not a model, is damaged, or was written by
            a newer version
        """
        path = os.fspath(name)
        if path in listModels():
            path = str(MODEL_FOLDER / (path + SUFFIX))
        elif not path.endswith(SUFFIX) and not os.path.exists(path):
            raise OpenMMException(
                f"SurrogateModel: {path!r} is neither a file nor a shipped model; the shipped ones are: "
                f"{', '.join(listModels())}"
            )
        elif not os.path.exists(path):
            raise OpenMMException(f"SurrogateModel: there is no file {path}")
        return adopt(SurrogateModel, _wrapper.SurrogateModel.load(path))

    def save(self, filename: str | os.PathLike[str]) -> None:
        """Save the model as a .safetensors file. An interruption leaves the old file or the new one, never a part."""
        super().save(os.fspath(filename))

    def getCutoff(self) -> unit.Quantity:
        """Get the distance beyond which no two particles interact, nm."""
        return unit.Quantity(super().getCutoff(), NANOMETER)

    @staticmethod
    def getMaxTypes() -> int:
        """Get the largest number of particle types."""
        return _wrapper.SurrogateModel.getMaxTypes()

    def getNumTypes(self) -> int:
        """Get the number of particle types."""
        return super().getNumTypes()

    def getTypeIndex(self, name: str) -> int:
        """Get the index of the type with a name. Raises OpenMMException, which lists the names, if there is none."""
        return super().getTypeIndex(name)

    def getTypeNames(self) -> tuple[str, ...]:
        """Get the names of the particle types, in the order of their indices."""
        return super().getTypeNames()

    def _type(self, type: int | str) -> int:
        return self.getTypeIndex(type) if isinstance(type, str) else index(type)

    def addNetwork(self, network: PairNetwork) -> int:
        """Add a copy of a network and get its index. setPairNetwork() then says which pairs of types use it."""
        check_instance(network, _wrapper.PairNetwork, "")
        return super().addNetwork(network)

    def setNetwork(self, index: int, network: PairNetwork) -> None:
        """Replace the network with an index by a copy of another, for all pairs of types that use it."""
        check_instance(network, _wrapper.PairNetwork, "")
        super().setNetwork(index, network)

    def getNumNetworks(self) -> int:
        """Get the number of networks."""
        return super().getNumNetworks()

    def getNetwork(self, network: int) -> PairNetwork:
        """Get a copy of the network with an index."""
        return adopt(PairNetwork, super().getNetwork(network))

    def setPairNetwork(self, type1: int | str, type2: int | str, network: int) -> None:
        """Choose the network of a pair of types.

        Parameters
        ----------
        type1, type2 : int or str
            the types; their order does not matter
        network : int
            index of a network, or ``SurrogateModel.NonInteracting``. Several pairs may share one network.
        """
        super().setPairNetwork(self._type(type1), self._type(type2), network)

    def getPairNetwork(self, type1: int | str, type2: int | str) -> int:
        """Get the index of the network of a pair of types, or ``Undefined``, or ``NonInteracting``."""
        return super().getPairNetwork(self._type(type1), self._type(type2))

    def getForceScale(self) -> unit.Quantity:
        """Get the force that counts as large, to which tolerances are relative, kJ/mol/nm."""
        return unit.Quantity(super().getForceScale(), FORCE)

    def setForceScale(self, scale: float | unit.Quantity) -> None:
        """Set the force scale, kJ/mol/nm; 0 means the largest abs(w(r)) in the outer half of the networks' range."""
        super().setForceScale(number_in(scale, FORCE, "scale"))

    def getEnergyOffset(self, type: int | str) -> unit.Quantity:
        """Get the energy that each particle of a type adds to the potential energy, kJ/mol."""
        return unit.Quantity(super().getEnergyOffset(self._type(type)), ENERGY)

    def setEnergyOffset(self, type: int | str, offset: float | unit.Quantity) -> None:
        """Set the energy that each particle of a type adds to the potential energy, kJ/mol."""
        super().setEnergyOffset(self._type(type), number_in(offset, ENERGY, "offset"))

    def getFormat(self) -> Precision:
        """Get the numeric format in which the model was made to run, or ``NumericFormat.Default``."""
        return Precision(super().getFormat())

    def setFormat(self, format: int | str) -> None:
        """Set the numeric format in which the model was made to run, such as ``NumericFormat.Int8`` or "int8"."""
        super().setFormat(as_option(Precision, format, "format"))

    def getEndLayersSingle(self) -> bool:
        """Get whether the first and the last layer of each network stay in single precision in reduced formats."""
        return super().getEndLayersSingle()

    def setEndLayersSingle(self, single: bool) -> None:
        """Set whether the first and the last layer of each network stay in single precision in reduced formats."""
        super().setEndLayersSingle(single)

    def getWeightGroupSize(self) -> int:
        """Get how many inputs share one Int4 weight scale."""
        return super().getWeightGroupSize()

    def setWeightGroupSize(self, size: int) -> None:
        """Set how many inputs share one Int4 weight scale; positive."""
        super().setWeightGroupSize(size)

    def getProvenance(self) -> str:
        """Get where the model comes from: a JSON object as text, "{}" when nothing is known."""
        return super().getProvenance()

    def setProvenance(self, json: str) -> None:
        """Set where the model comes from. Raises OpenMMException if the text is not a JSON object."""
        super().setProvenance(json)

    def computeForce(
        self,
        type1: int | str,
        type2: int | str,
        r: npt.ArrayLike | unit.Quantity | Sequence[unit.Quantity],
        format: int | str = Precision.Default,
    ) -> unit.Quantity:
        """Compute the force weight w = -dU/dr of two particles, in double precision.

        Parameters
        ----------
        type1, type2 : int or str
            the types of the particles
        r : float, array_like, Quantity or sequence of Quantities
            distances, nm; finite and not negative
        format : constant or str
            the numeric format to emulate, such as ``NumericFormat.BFloat16`` or "bfloat16"; Default means Double

        Returns
        -------
        Quantity
            kJ/mol/nm, of the shape of r; positive is repulsive

        Raises
        ------
        OpenMMException
            if the pair has no network or an argument is out of range
        """
        return unit.Quantity(self._compute(super()._computeForces, type1, type2, r, format), FORCE)

    def computeEnergy(
        self,
        type1: int | str,
        type2: int | str,
        r: npt.ArrayLike | unit.Quantity | Sequence[unit.Quantity],
        format: int | str = Precision.Default,
    ) -> unit.Quantity:
        """Compute the energy of two particles: the integral of computeForce() from r to the cutoff.

        Returns
        -------
        Quantity
            kJ/mol, of the shape of r. Arguments and errors are those of computeForce().
        """
        return unit.Quantity(self._compute(super()._computeEnergies, type1, type2, r, format), ENERGY)

    def _compute(self, function: Any, type1: int | str, type2: int | str, r: Any, format: int | str) -> Any:
        distances = as_floats(value_in(r, NANOMETER, "r"), "r")
        number = as_option(Precision, format, "format")
        values = function(self._type(type1), self._type(type2), distances.ravel().tolist(), number)
        return values[0] if distances.ndim == 0 else np.array(values, dtype=np.float64).reshape(distances.shape)

    @staticmethod
    def fromTorch(
        module: Any,
        cutoff: float | unit.Quantity | None = None,
        types: Sequence[str] | None = None,
        **options: Any,
    ) -> SurrogateModel:
        """Make a model of networks that PyTorch has trained.

        A network is a stack of fully connected layers 1-...-1 with one activation after each but the last: tanh, SiLU,
        or ``openmmsurrogate.pytorch.ClampedPolynomial``. It is a function y(s) of s = r/cutoff, and the force weight or
        energy is ``outputMean + outputStandardDeviation*y``. A module's forward pass, of an input of shape (N, 1) or
        (N,), is compared with the result: one that computes anything else is refused. Parameters are rounded to single
        precision.

        Parameters
        ----------
        module : torch.nn.Module, torch.jit.ScriptModule, dict or SurrogateModule
            A network; or its state dict, in which layers are called ``<layer>.weight`` and ``<layer>.bias`` (or
            ``weights.<n>`` and ``biases.<n>``). For several types, the networks of their pairs: a dict from tuples of
            two names of types to networks, or a module or state dict with parts called "A-B" or "B-A". Or what
            toTorch() has made, which carries all that follows.
        cutoff : float or Quantity
            the distance that the input is relative to, beyond which nothing interacts, nm
        types : sequence of str
            the names of the particle types
        **options
            the same for all networks, see ``openmmsurrogate.pytorch.importNetwork``: ``output``, ``outputMean``,
            ``outputStandardDeviation``, ``minimumDistance``, ``coreStiffness``, and for state dicts ``activation``

        Raises
        ------
        ImportError
            if PyTorch is not installed
        ValueError
            that names the part of the module that does not belong into such a network
        """
        from openmmsurrogate.pytorch import import_model

        return import_model.import_model(module, cutoff, types, options)

    def toTorch(self) -> SurrogateModule:
        """Make a PyTorch module of the model's networks, to be trained on or evaluated.

        fromTorch() of it is the same model, with the values that the parameters then have. Raises ImportError if
        PyTorch is not installed.
        """
        from openmmsurrogate.pytorch import modules

        return modules.SurrogateModule(self)

    def __copy__(self) -> SurrogateModel:
        return adopt(SurrogateModel, _wrapper.SurrogateModel(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> SurrogateModel:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        return model_from_xml, (model_to_xml(self),)


def model_to_xml(model: SurrogateModel) -> str:
    """Write a model as XML: that of a force without particles, which holds the whole model."""
    text: str = XmlSerializer.serialize(_wrapper.SurrogateForce(model))
    return text


def model_from_xml(xml: str) -> SurrogateModel:
    """Read a model from what model_to_xml() has written."""
    owner = XmlSerializer.deserialize(xml)  # must outlive the borrowed view of it
    return adopt(SurrogateModel, _wrapper.SurrogateForce._castBorrowed(owner).getModel())


def network_to_xml(network: PairNetwork) -> str:
    """Write a network as XML: that of a model with it alone."""
    minimum = network.getMinimumDistance().value_in_unit(NANOMETER)
    model = SurrogateModel(["type"], max(1.0, 2.0 * minimum))  # a network must begin below the cutoff
    model.addNetwork(network)
    return model_to_xml(model)


def network_from_xml(xml: str) -> PairNetwork:
    """Read a network from what network_to_xml() has written."""
    return model_from_xml(xml).getNetwork(0)
