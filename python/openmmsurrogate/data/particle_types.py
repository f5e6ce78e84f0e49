# SPDX-License-Identifier: MIT
"""Particle types, from elements, atom names or a map of the user's, and the exclusions of a System."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import app, unit

from openmmsurrogate.data.system_source import SystemSource

NO_TYPE = -1


@dataclass(frozen=True)
class ParticleTypes:
    """The type of each particle."""

    names: tuple[str, ...]
    """Names of the types, sorted."""
    indices: NDArray[np.int32]
    """Index of each particle's type, shape (particles,); -1 for one that takes no part."""


def assignTypes(
    source: SystemSource, by: str = "element", typeMap: Mapping[str, str | None] | None = None
) -> ParticleTypes:
    """Assign a type to each particle.

    Parameters
    ----------
    source
        the System and, if there is one, its topology
    by
        "element": the element's symbol, known from the topology, or from the mass where there is none. "name": the
        atom's name in the topology.
    typeMap
        from what by gives, or from "RESIDUE:NAME", which goes first, to the type; None for particles that take no part.
        What it does not name keeps the type that by gives.

    Raises
    ------
    ValueError
        if a particle's element or name is not known, or the map names what no particle has
    """
    if by not in ("element", "name"):
        raise ValueError(f"types are assigned by 'element' or 'name', not {by!r}")
    labels, residueLabels = _labels(source, by)
    types: list[str | None] = []
    used = set()
    for label, residueLabel in zip(labels, residueLabels, strict=True):
        key = next((key for key in (residueLabel, label) if typeMap is not None and key in typeMap), None)
        used.add(key)
        types.append(label if key is None or typeMap is None else typeMap[key])
    unused = sorted(set(typeMap or {}) - used)
    if unused:
        raise ValueError(f"no particle is called {', '.join(unused)}; there are {', '.join(sorted(set(labels)))}")
    names = sorted({name for name in types if name is not None})
    if not names:
        raise ValueError("no particle has a type")
    index = {name: i for i, name in enumerate(names)}
    return ParticleTypes(tuple(names), np.array([NO_TYPE if t is None else index[t] for t in types], np.int32))


def _labels(source: SystemSource, by: str) -> tuple[list[str], list[str]]:
    """Return, for each particle, its element or name, and "RESIDUE:NAME", empty without a topology."""
    if source.topology is None:
        if by == "name":
            raise ValueError("atom names need a topology: give positions as a PDB or PDBx file")
        masses = [
            source.system.getParticleMass(i).value_in_unit(unit.dalton) for i in range(source.system.getNumParticles())
        ]
        elements = {mass: _element_of_mass(masses.index(mass), mass) for mass in set(masses)}
        return [elements[mass] for mass in masses], [""] * len(masses)
    atoms = list(source.topology.atoms())
    residueLabels = [f"{atom.residue.name}:{atom.name}" for atom in atoms]
    if by == "name":
        return [atom.name for atom in atoms], residueLabels
    missing = [atom for atom in atoms if atom.element is None]
    if missing:
        raise ValueError(f"{missing[0]} has no element in the topology; assign types by name")
    return [atom.element.symbol for atom in atoms], residueLabels


def _element_of_mass(index: int, mass: float) -> str:
    element = app.Element.getByMass(mass) if mass > 0.0 else None
    # Masses in use differ in the third digit after the point; neighbouring elements mostly by 0.2 Da and more.
    if element is None or abs(element.mass.value_in_unit(unit.dalton) - mass) > 0.05:
        raise ValueError(
            f"particle {index} has mass {mass:g} Da, which is no element's; "
            "give a topology (PDB) and assign types by name"
        )
    symbol: str = element.symbol
    return symbol


def parseTypeMap(entries: list[str], file: str | os.PathLike[str] | None = None) -> dict[str, str | None]:
    """Read a map of types from a JSON file and from texts "NAME=TYPE", which go first; "NAME=" means no type.

    Raises
    ------
    ValueError
        if a text has no "=", or the file is not a JSON object of texts and nulls
    """
    result: dict[str, str | None] = {}
    if file is not None:
        try:
            content = json.loads(Path(file).read_text())
        except json.JSONDecodeError as error:
            raise ValueError(f"{os.fspath(file)} is not JSON: {error}") from error
        if not isinstance(content, dict) or not all(isinstance(v, str) or v is None for v in content.values()):
            raise ValueError(f"{os.fspath(file)} must hold one JSON object from names to types (or null for none)")
        result.update(content)
    for entry in entries:
        name, separator, kind = entry.partition("=")
        if not separator or not name:
            raise ValueError(f"{entry!r} is not of the form NAME=TYPE")
        result[name] = kind or None
    return result


def findExclusions(system: openmm.System) -> NDArray[np.int32]:
    """Return the pairs that the nonbonded forces of a System except or exclude, sorted, shape (exclusions, 2)."""
    pairs: set[tuple[int, int]] = set()
    for force in system.getForces():
        if isinstance(force, openmm.NonbondedForce):
            found = [force.getExceptionParameters(i)[:2] for i in range(force.getNumExceptions())]
        elif isinstance(force, openmm.CustomNonbondedForce):
            found = [force.getExclusionParticles(i) for i in range(force.getNumExclusions())]
        else:
            continue
        pairs.update((min(i, j), max(i, j)) for i, j in found)
    return np.array(sorted(pairs), np.int32).reshape(-1, 2)
