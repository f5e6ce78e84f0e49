# SPDX-License-Identifier: MIT
"""The <TunablePMEForce> tag of openmm.app.ForceField files.

::

    <TunablePMEForce splineOrder="6" precision="double" forceErrorTolerance="0.5"/>

The file also has, or is read together with one that has, a <NonbondedForce>: what that makes becomes a TunablePMEForce.
All attributes are optional; they are the settings of ``replaceNonbondedForce()``, with precisions in lower case and the
tolerance in kJ/mol/nm.
"""

from __future__ import annotations

from typing import Any

import openmm
from openmm.app import forcefield as ff

from openmmsurrogate.pme.force import TunablePMEForce
from openmmsurrogate.pme.replace import SETTERS, apply_settings, replace_in_place

TAG = "TunablePMEForce"
NUMBERS = {"splineOrder": int, "forceErrorTolerance": float}


class TunablePMEGenerator:
    """Replaces the NonbondedForce of a System made by a ForceField."""

    def __init__(self, forcefield: ff.ForceField, attributes: dict[str, str]) -> None:
        unknown = sorted(set(attributes) - set(SETTERS))
        if unknown:
            raise ValueError(f"<{TAG}>: unknown attribute {unknown[0]!r}; the attributes are {', '.join(SETTERS)}")
        self.attributes = attributes
        self.settings = {name: self._convert(name, text) for name, text in attributes.items()}
        apply_settings(TunablePMEForce(), self.settings)

    @staticmethod
    def _convert(name: str, text: str) -> Any:
        try:
            return NUMBERS.get(name, str)(text)
        except ValueError:
            raise ValueError(f'<{TAG}>: {name}="{text}" is not a number of type {NUMBERS[name].__name__}') from None

    @staticmethod
    def parseElement(element: Any, forcefield: ff.ForceField) -> None:
        """Read a <TunablePMEForce> tag. A second one must say the same."""
        attributes = dict(element.attrib)
        existing = [generator for generator in forcefield._forces if isinstance(generator, TunablePMEGenerator)]
        if not existing:
            forcefield.registerGenerator(TunablePMEGenerator(forcefield, attributes))
        elif existing[0].attributes != attributes:
            raise ValueError(
                f"Found multiple <{TAG}> tags with different attributes: {existing[0].attributes} and {attributes}"
            )

    def createForce(self, sys: openmm.System, data: Any, nonbondedMethod: Any, nonbondedCutoff: Any, args: Any) -> None:
        """Do nothing yet: the NonbondedForce may not have been made."""

    def postprocessSystem(self, sys: openmm.System, data: Any, args: Any) -> None:
        """Replace the NonbondedForce."""
        replace_in_place(sys, self.settings)


ff.parsers[TAG] = TunablePMEGenerator.parseElement
