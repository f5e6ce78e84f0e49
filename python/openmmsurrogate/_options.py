# SPDX-License-Identifier: MIT
"""The constants of the public classes, as enumerations, and arguments that name one of them."""

from __future__ import annotations

from enum import IntEnum
from operator import index

from openmm import OpenMMException

from openmmsurrogate import _wrapper


class Precision(IntEnum):
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


class EvaluationMethod(IntEnum):
    """How a SurrogateForce evaluates its function."""

    Automatic = _wrapper.SurrogateForce.Automatic
    Network = _wrapper.SurrogateForce.Network
    Table = _wrapper.SurrogateForce.Table


class Activation(IntEnum):
    """The activation function of a PairNetwork."""

    Tanh = _wrapper.PairNetwork.Tanh
    SiLU = _wrapper.PairNetwork.SiLU
    ClampedPolynomial = _wrapper.PairNetwork.ClampedPolynomial


class Output(IntEnum):
    """What a PairNetwork computes."""

    ForceWeight = _wrapper.PairNetwork.ForceWeight
    Energy = _wrapper.PairNetwork.Energy


def as_option(kind: type[IntEnum], value: int | str, name: str) -> int:
    """Convert a constant, its number, or its name in any case, to the number that C++ takes and checks.

    Raises
    ------
    OpenMMException
        if there is no constant with that name
    TypeError
        if the value is neither, or is a constant of another enumeration
    """
    if isinstance(value, str):
        for member in kind:
            if member.name.lower() == value.lower():
                return member
        raise OpenMMException(f"{name}: {value!r} is not one of {', '.join(kind.__members__)}")
    if isinstance(value, IntEnum) and not isinstance(value, kind):
        raise TypeError(f"{name} must be one of {', '.join(kind.__members__)}, but is {value!r}")
    try:
        return index(value)
    except TypeError:
        raise TypeError(f"{name} must be one of {', '.join(kind.__members__)}, but is {value!r}") from None
