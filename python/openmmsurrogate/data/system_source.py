# SPDX-License-Identifier: MIT
"""Where a System and its positions come from: XML files, or a function that makes them."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import app, unit

from openmmsurrogate._files import require_file
from openmmsurrogate.validation.inputs import readStructure, readSystem


@dataclass(frozen=True)
class SystemSource:
    """A System with what else is known of its particles."""

    system: openmm.System
    topology: app.Topology | None
    positions: NDArray[np.float64] | None
    """nm, shape (particles, 3)."""
    description: str
    """What was asked for."""


def loadSystem(
    source: str, positionsFile: str | os.PathLike[str] | None = None, options: Mapping[str, Any] | None = None
) -> SystemSource:
    """Load a System.

    Parameters
    ----------
    source
        a System as OpenMM's XML (``system.xml``), or a function that returns (system, topology or None, positions),
        given as ``module:function`` or ``file.py:function``
    positionsFile
        a .pdb or .cif file, then also of the topology and the box, or the .xml of a State; takes precedence over what
        a function returns
    options
        keyword arguments of the function

    Raises
    ------
    ValueError
        that says what is wrong: no such function, not a System, other numbers of particles
    OSError
        if a file cannot be read
    """
    if source.endswith(".xml"):
        if options:
            raise ValueError(f"{source} is a file; the options {', '.join(options)} are for functions")
        system, topology, positions = readSystem(source), None, None
    else:
        system, topology, positions = _call(_find_function(source), source, dict(options or {}))
    if positionsFile is not None:
        structure = readStructure(positionsFile)
        positions, topology = structure.positions, structure.topology or topology
        if structure.box is not None:
            system.setDefaultPeriodicBoxVectors(*structure.box)
    count = system.getNumParticles()
    for name, number in (
        ("topology", count if topology is None else topology.getNumAtoms()),
        ("positions", count if positions is None else len(positions)),
    ):
        if number != count:
            raise ValueError(f"{source}: the System has {count} particles, but the {name} {number}")
    return SystemSource(system, topology, positions, source)


def parseOptions(entries: list[str]) -> dict[str, Any]:
    """Return keyword arguments from texts NAME=VALUE; a value that is not JSON is a text.

    Raises
    ------
    ValueError
        if a text has no "="
    """
    result: dict[str, Any] = {}
    for entry in entries:
        name, separator, value = entry.partition("=")
        if not separator:
            raise ValueError(f"the option {entry!r} is not of the form NAME=VALUE")
        try:
            result[name] = json.loads(value)
        except json.JSONDecodeError:
            result[name] = value
    return result


def _as_nanometers(positions: Any) -> NDArray[np.float64]:
    """Convert positions, with a unit or in nm, to an array of shape (particles, 3)."""
    values = positions.value_in_unit(unit.nanometer) if unit.is_quantity(positions) else positions
    if not isinstance(values, np.ndarray):
        values = [v.value_in_unit(unit.nanometer) if unit.is_quantity(v) else v for v in values]
    array = np.array(values, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 3:
        raise ValueError(f"positions must have shape (particles, 3), not {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"positions must be finite, but particle {np.argwhere(~np.isfinite(array))[0][0]} has {array}")
    return array


def _find_function(source: str) -> Callable[..., Any]:
    place, separator, name = source.rpartition(":")
    if not separator or not place or not name:
        raise ValueError(
            f"{source!r} is neither a System (.xml) nor a function that makes one (module:function, file.py:function)"
        )
    module = _import_file(place) if place.endswith(".py") else _import_module(place)
    function = getattr(module, name, None)
    if not callable(function):
        raise ValueError(f"{source}: {place} has no function {name!r}")
    found: Callable[..., Any] = function
    return found


def _import_file(path: str) -> Any:
    require_file(path)
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    assert spec is not None and spec.loader is not None  # it ends in .py
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(Path(path).resolve().parent))  # as if it were run: it may import its neighbours
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    return module


def _import_module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ValueError(f"there is no module {name!r} ({error}); to name a file, end it in .py") from error


def _call(function: Callable[..., Any], source: str, options: dict[str, Any]) -> tuple[Any, Any, Any]:
    try:
        inspect.signature(function).bind(**options)
    except TypeError as error:
        raise ValueError(f"{source} cannot be called with {options}: {error}") from error
    try:
        result = function(**options)
    except (TypeError, ValueError) as error:
        if not options:  # nothing that was given here can be at fault
            raise
        given = ", ".join(f"{name} = {value!r}" for name, value in options.items())
        raise ValueError(f"{source} failed with {given}: {type(error).__name__}: {error}") from error
    if not isinstance(result, tuple) or len(result) != 3 or not isinstance(result[0], openmm.System):
        raise ValueError(f"{source} must return (system, topology or None, positions), but returned {type(result)}")
    system, topology, positions = result
    return system, topology, None if positions is None else _as_nanometers(positions)
