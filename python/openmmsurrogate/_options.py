# SPDX-License-Identifier: MIT
"""The constants of the public classes, as enumerations, and arguments that name one of them."""

from __future__ import annotations

from enum import IntEnum
from operator import index
from typing import SupportsIndex

from openmm import OpenMMException

from openmmsurrogate import _wrapper


class Option(IntEnum):
    """A constant that is its number, as in OpenMM's classes, and prints as its name."""

    def __str__(self) -> str:
        return self.name

    def __format__(self, specification: str) -> str:
        return format(self.name, specification)


class Precision(Option):
    """The numeric formats: ``NumericFormat.Int8`` and ``SurrogateForce.Int8`` are both ``Precision.Int8``."""

    Default = _wrapper.NumericFormat.Default
    Double = _wrapper.NumericFormat.Double
    Single = _wrapper.NumericFormat.Single
    TF32 = _wrapper.NumericFormat.TF32
    BFloat16 = _wrapper.NumericFormat.BFloat16
    Float16 = _wrapper.NumericFormat.Float16
    Float8 = _wrapper.NumericFormat.Float8
    Int8 = _wrapper.NumericFormat.Int8
    Int4 = _wrapper.NumericFormat.Int4


SHORT_NAMES = {"fp64": "double", "fp32": "single", "bf16": "bfloat16", "fp16": "float16", "fp8": "float8"}
"""Other names of formats, which are taken wherever a format is named."""


class EvaluationMethod(Option):
    """How a SurrogateForce evaluates its function."""

    Automatic = _wrapper.SurrogateForce.Automatic
    Network = _wrapper.SurrogateForce.Network
    Table = _wrapper.SurrogateForce.Table


class KSpaceMethod(Option):
    """How a TunablePMEForce splits Coulomb's potential."""

    Automatic = _wrapper.TunablePMEForce.Automatic
    SPME = _wrapper.TunablePMEForce.SPME
    ESP = _wrapper.TunablePMEForce.ESP


class Activation(Option):
    """The activation function of a PairNetwork."""

    Tanh = _wrapper.PairNetwork.Tanh
    SiLU = _wrapper.PairNetwork.SiLU
    ClampedPolynomial = _wrapper.PairNetwork.ClampedPolynomial


class Output(Option):
    """What a PairNetwork computes."""

    ForceWeight = _wrapper.PairNetwork.ForceWeight
    Energy = _wrapper.PairNetwork.Energy


def as_option(kind: type[IntEnum], value: int | str, name: str) -> int:
    """Convert a constant, its number, or its name in any case, to the number that C++ takes and checks.

    Formats have short names, too, and no plain numbers: 8 could be meant as bits, but is the number of Int4.

    Raises
    ------
    OpenMMException
        if there is no constant with that name
    TypeError
        if the value is neither, or is a constant of another enumeration, or a plain number for a format
    """
    if isinstance(value, str):
        wanted = value.lower()
        if kind is Precision:
            wanted = SHORT_NAMES.get(wanted, wanted)
        for member in kind:
            if member.name.lower() == wanted:
                return member
        raise OpenMMException(f"{name}: {value!r} is not one of {_list_names(kind)}")
    if isinstance(value, IntEnum) and not isinstance(value, kind):
        raise TypeError(f"{name} must be one of {', '.join(kind.__members__)}, but is {value!r}")
    if kind is Precision and isinstance(value, SupportsIndex) and not isinstance(value, kind):
        raise TypeError(
            f"{name} must be a format, such as SurrogateForce.Int8 or 'int8', not a plain number, which could mean its "
            f"bits, but is {value!r}"
        )
    try:
        return index(value)
    except TypeError:
        raise TypeError(f"{name} must be one of {', '.join(kind.__members__)}, but is {value!r}") from None


def _list_names(kind: type[IntEnum]) -> str:
    """List what as_option() takes as a name."""
    names = ", ".join(kind.__members__)
    return f"{names} (in short: {', '.join(SHORT_NAMES)})" if kind is Precision else names
