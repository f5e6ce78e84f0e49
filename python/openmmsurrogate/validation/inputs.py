# SPDX-License-Identifier: MIT
"""Reading a System, and the positions and box of its particles, from files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openmm
from numpy.typing import ArrayLike, NDArray
from openmm import app, unit

from openmmsurrogate._convert import as_floats
from openmmsurrogate._files import require_file


@dataclass(frozen=True)
class Structure:
    """Where particles are."""

    positions: NDArray[np.float64]
    """nm, shape (particles, 3)."""
    box: NDArray[np.float64] | None
    """Periodic box vectors as rows, nm, shape (3, 3); None if the file tells none."""
    topology: app.Topology | None = None
    """None if the file tells none, as that of a State."""


def readSystem(path: str | os.PathLike[str]) -> openmm.System:
    """Read a System from the XML that openmm.XmlSerializer writes.

    Raises
    ------
    ValueError
        if the file holds something else
    OSError
        if it cannot be read
    """
    system = _deserialize(Path(path))
    if not isinstance(system, openmm.System):
        raise ValueError(f"{path} does not hold a System, but a {type(system).__name__}")
    return system


def readStructure(path: str | os.PathLike[str]) -> Structure:
    """Read positions and box from a PDB file (.pdb), a PDBx/mmCIF file (.cif) or the XML of a State (.xml).

    Raises
    ------
    ValueError
        if the file is of another kind or damaged
    OSError
        if it cannot be read
    """
    source = Path(path)
    suffix = source.suffix.lower()
    if suffix == ".xml":
        return _read_state(source)
    readers = {".pdb": app.PDBFile, ".cif": app.PDBxFile}
    if suffix not in readers:
        raise ValueError(f"{path} is neither .pdb nor .cif, nor the .xml of a State")
    require_file(source)
    try:
        contents = readers[suffix](str(source))
    except Exception as error:  # these readers raise whatever their parsing ends in
        raise ValueError(f"{path} cannot be read: {error}") from None
    positions, topology = _in_nanometers(contents.getPositions(asNumpy=True)), contents.topology
    return Structure(positions, _box(topology.getPeriodicBoxVectors()), topology)


def check_positions(system: openmm.System, positions: ArrayLike) -> NDArray[np.float64]:
    """Get positions, nm, shape (particles, 3). Raises ValueError if these are not as many finite ones as particles."""
    coordinates = as_floats(positions, "positions")
    expected = (system.getNumParticles(), 3)
    if coordinates.shape != expected:
        raise ValueError(
            f"the System has {expected[0]} particles, so that positions must have shape {expected}, but they have "
            f"{coordinates.shape}: do they belong to another System?"
        )
    bad = np.flatnonzero(~np.isfinite(coordinates).all(axis=1))
    if bad.size:
        raise ValueError(f"the position of particle {bad[0]} is not finite: {coordinates[bad[0]].tolist()}")
    return coordinates


def _read_state(path: Path) -> Structure:
    state = _deserialize(path)
    if not isinstance(state, openmm.State):
        raise ValueError(f"{path} does not hold a State, but a {type(state).__name__}")
    try:
        positions = state.getPositions(asNumpy=True)
    except openmm.OpenMMException:
        raise ValueError(f"{path} holds a State without positions; save one of getState(positions=True)") from None
    return Structure(_in_nanometers(positions), _box(state.getPeriodicBoxVectors()))


def _deserialize(path: Path) -> Any:
    require_file(path)
    text = path.read_text()
    try:
        return openmm.XmlSerializer.deserialize(text)
    except Exception as error:  # OpenMM raises plain Exception from some of its functions
        raise ValueError(f"{path} is not XML that OpenMM can read: {error}") from None


def _in_nanometers(values: Any) -> NDArray[np.float64]:
    return np.array(values.value_in_unit(unit.nanometer), dtype=np.float64)


def _box(vectors: Any) -> NDArray[np.float64] | None:
    return None if vectors is None else np.array([v.value_in_unit(unit.nanometer) for v in vectors], dtype=np.float64)
