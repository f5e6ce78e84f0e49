# SPDX-License-Identifier: MIT
"""The <SurrogateForce> tag of openmm.app.ForceField files.

::

    <SurrogateForce model="argon" bondCutoff="3">
      <Atom type="argon" surrogateType="Ar"/>
      <Atom class="OW" surrogateType="-1"/>
    </SurrogateForce>

``model`` is the name of a shipped model or the path of a file, relative to the current directory (OpenMM does not
tell where the ForceField file is); ``bondCutoff`` (default 3) is passed to
``createExclusionsFromBonds``. Optional: ``precision`` (a name such as "single" or "bfloat16"), ``method`` ("automatic",
"network" or "table") and ``tableTolerance``. Names are lower case, as in the XML of a System. Every atom type must be
mentioned: ``surrogateType`` is the name of a type of the model, or -1 for atoms that take no part.

The cutoff is the model's, whatever ``nonbondedCutoff`` says. The force is periodic for the nonbonded methods
CutoffPeriodic, Ewald, PME and LJPME, and not periodic for NoCutoff and CutoffNonPeriodic.
"""

from __future__ import annotations

import os
from typing import Any

import openmm
from openmm.app import forcefield as ff

from openmmsurrogate.force import SurrogateForce
from openmmsurrogate.model import SurrogateModel, listModels
from openmmsurrogate.network import NumericFormat

TAG = "SurrogateForce"
SETTINGS = {"model", "bondCutoff", "precision", "method", "tableTolerance"}
METHODS = {
    "automatic": SurrogateForce.Automatic,
    "network": SurrogateForce.Network,
    "table": SurrogateForce.Table,
}
PERIODIC = (ff.CutoffPeriodic, ff.Ewald, ff.PME, ff.LJPME)
NOT_PERIODIC = (ff.NoCutoff, ff.CutoffNonPeriodic)


class SurrogateGenerator:
    """Makes a SurrogateForce for a Topology, as the generators of openmm.app.forcefield do for other forces."""

    def __init__(self, forcefield: ff.ForceField, settings: dict[str, str]) -> None:
        unknown = sorted(set(settings) - SETTINGS)
        if unknown:
            raise ValueError(
                f"<{TAG}>: unknown attribute {unknown[0]!r}; the attributes are {', '.join(sorted(SETTINGS))}"
            )
        if "model" not in settings:
            raise ValueError(f'<{TAG}>: the attribute "model" is missing: the name of a shipped model, or a file')
        self.ff = forcefield
        self.settings = settings
        self.model = self._load(settings["model"])
        self.bond_cutoff = self._number("bondCutoff", int, "3")
        self.table_tolerance = self._number("tableTolerance", float, "1e-5")
        self.precision = NumericFormat.parse(settings.get("precision", "default"))
        method = settings.get("method", "automatic")
        if method not in METHODS:
            raise ValueError(f"<{TAG}>: unknown method {method!r}; the methods are {', '.join(METHODS)}")
        self.method = METHODS[method]
        self.params = ff.ForceField._AtomTypeParameters(forcefield, TAG, "Atom", ())

    @staticmethod
    def _load(name: str) -> SurrogateModel:
        try:
            return SurrogateModel.load(name)
        except openmm.OpenMMException as error:
            if name in listModels() or os.path.isabs(name):
                raise
            raise openmm.OpenMMException(
                f"<{TAG}>: {error} (the current directory, to which paths are relative, is {os.getcwd()})"
            ) from None

    def _number(self, attribute: str, kind: type, default: str) -> Any:
        text = self.settings.get(attribute, default)
        try:
            return kind(text)
        except ValueError:
            raise ValueError(f'<{TAG}>: {attribute}="{text}" is not a number of type {kind.__name__}') from None

    @staticmethod
    def parseElement(element: Any, forcefield: ff.ForceField) -> None:
        """Read a <SurrogateForce> tag. A second one, in another file, may add atom types but not change settings."""
        settings = dict(element.attrib)
        existing = [generator for generator in forcefield._forces if isinstance(generator, SurrogateGenerator)]
        if not existing:
            generator = SurrogateGenerator(forcefield, settings)
            forcefield.registerGenerator(generator)
        else:
            generator = existing[0]
            if generator.settings != settings:
                raise ValueError(
                    f"Found multiple <{TAG}> tags with different attributes: {generator.settings} and {settings}"
                )
        for atom in element.findall("Atom"):
            if "surrogateType" not in atom.attrib:
                raise ValueError(
                    f'<{TAG}>: an <Atom> tag lacks "surrogateType": the name of a type of the model, or -1'
                )
        generator.params.parseDefinitions(element)

    def createForce(self, sys: openmm.System, data: Any, nonbondedMethod: Any, nonbondedCutoff: Any, args: Any) -> None:
        """Add the force to a System."""
        if nonbondedMethod not in PERIODIC + NOT_PERIODIC:
            raise ValueError(
                f"Illegal nonbonded method for {TAG}: {nonbondedMethod}; use NoCutoff, CutoffNonPeriodic, "
                "CutoffPeriodic, Ewald, PME or LJPME"
            )
        force = SurrogateForce(self.model)
        force.setUsesPeriodicBoundaryConditions(nonbondedMethod in PERIODIC)
        force.setPrecision(self.precision)
        force.setEvaluationMethod(self.method)
        force.setTableTolerance(self.table_tolerance)
        for atom in data.atoms:
            name = self.params.getExtraParameters(atom, data)["surrogateType"]
            force.addParticle(-1 if name == "-1" else name)
        sys.addForce(force)

    def postprocessSystem(self, sys: openmm.System, data: Any, args: Any) -> None:
        """Exclude bonded atoms, once all forces and virtual sites exist."""
        force = SurrogateForce.cast(next(f for f in sys.getForces() if SurrogateForce.isinstance(f)))
        force.createExclusionsFromBonds(ff._findBondsForExclusions(data, sys), self.bond_cutoff)


ff.parsers[TAG] = SurrogateGenerator.parseElement
