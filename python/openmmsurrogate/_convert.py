# SPDX-License-Identifier: MIT
"""Conversion of arguments: Quantities to numbers in OpenMM's units, arrays to what the C++ classes take."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from openmm import OpenMMException, unit

Wrapped = TypeVar("Wrapped")

NANOMETER = unit.nanometer
ENERGY = unit.kilojoule_per_mole
FORCE = unit.kilojoule_per_mole / unit.nanometer


def value_in(value: Any, target: Any, name: str) -> Any:
    """Strip the unit from an argument.

    Parameters
    ----------
    value : number, array, Quantity, or nested sequence of these
        without a unit it is taken to be in the target unit
    target : Unit
    name : str
        what the argument is called, for the message

    Returns
    -------
    number, array or list

    Raises
    ------
    TypeError
        if the Quantity is of another dimension
    """
    if isinstance(value, (list, tuple)):
        return [value_in(item, target, name) for item in value]
    if not unit.is_quantity(value):
        return value
    if not value.unit.is_compatible(target):
        raise TypeError(f"{name} has unit {value.unit}, which cannot be converted to {target}")
    return value.value_in_unit(target)


def number_in(value: Any, target: Any, name: str) -> float:
    """Strip the unit from an argument that must be one number. Raises TypeError if it is not."""
    number = value_in(value, target, name)
    try:
        if not isinstance(number, (str, bytes)):  # which float() would parse
            return float(number)
    except (TypeError, ValueError):
        pass
    raise TypeError(f"{name} must be a number or a Quantity, but is {value!r}")


def as_floats(values: Any, name: str) -> npt.NDArray[np.float64]:
    """Convert numbers, nested sequences or an array to an array of float64. Raises TypeError if that cannot be."""
    try:
        if np.asarray(values).dtype.kind in "USc":  # texts would be parsed, imaginary parts dropped
            raise TypeError(f"they are {values!r}")
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be numbers, as an array or nested sequences: {error}") from None


def as_list(values: Any, name: str) -> list[float]:
    """Convert a one-dimensional array-like to a list of floats."""
    array = as_floats(values, name)
    if array.ndim != 1:
        raise OpenMMException(f"{name} must have one dimension, but has shape {array.shape}")
    result: list[float] = array.tolist()
    return result


def as_layers(arrays: Sequence[Any], shapes: Sequence[tuple[int, ...]], name: str) -> list[list[float]]:
    """Check the shape of each layer's array and flatten it, row major.

    A transposed matrix has the right number of elements and would give a wrong network without an error, so the shape
    is checked here, where it is known.
    """
    if len(arrays) != len(shapes):
        raise OpenMMException(
            f"PairNetwork: {len(shapes) + 1} widths need {len(shapes)} {name}, but there are {len(arrays)}"
        )
    layers = []
    for layer, (values, shape) in enumerate(zip(arrays, shapes, strict=True)):
        array = as_floats(values, f"the {name} of layer {layer}")
        if array.shape != shape:
            raise OpenMMException(
                f"PairNetwork: the {name} of layer {layer} must have shape {shape}, but have {array.shape}"
            )
        with np.errstate(over="ignore"):  # infinities are found and reported by the C++ class
            layers.append(array.ravel().astype(np.float32).tolist())
    return layers


def as_type(type: int | str) -> int | str:
    """Check that an argument can be a particle type: a name or an index. Raises TypeError if it is neither."""
    return type if isinstance(type, str) else index(type)


def check_instance(value: Any, kind: type, hint: str) -> None:
    """Raise TypeError unless an argument is an object of a class that C++ knows."""
    if not isinstance(value, kind):
        raise TypeError(f"a {kind.__name__} is needed{hint}, but this is {value!r}")


def adopt(cls: type[Wrapped], proxy: Any) -> Wrapped:
    """Make a proxy that C++ returned an object of our class. Both then share the object and its ownership."""
    result = cls.__new__(cls)
    result.this = proxy.this  # type: ignore[attr-defined]
    return result


def cast_force(cls: type[Wrapped], force: Any) -> Wrapped:
    """See an openmm.Force as one of our classes: the same object. If Python owns it, the result does from then on.

    Raises
    ------
    OpenMMException
        if it is another kind of force
    """
    if not cls._isInstance(force):  # type: ignore[attr-defined]
        raise OpenMMException(f"{cls.__name__}: cannot cast {force.getName()}, which is not a {cls.__name__}")
    if not force.thisown:
        return adopt(cls, cls._castBorrowed(force))  # type: ignore[attr-defined]
    result = adopt(cls, cls._castOwned(force))  # type: ignore[attr-defined]
    force.thisown = False
    return result
