# SPDX-License-Identifier: MIT
"""Put a TunablePMEForce in the place of a System's NonbondedForce."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import openmm
from openmm import XmlSerializer

from openmmsurrogate._convert import check_instance
from openmmsurrogate.pme.force import TunablePMEForce

SETTERS = {
    "kSpaceMethod": TunablePMEForce.setKSpaceMethod,
    "splineOrder": TunablePMEForce.setSplineOrder,
    "precision": TunablePMEForce.setPrecision,  # before those of single stages, which override it
    "spreadingPrecision": TunablePMEForce.setSpreadingPrecision,
    "fftPrecision": TunablePMEForce.setFFTPrecision,
    "convolutionPrecision": TunablePMEForce.setConvolutionPrecision,
    "interpolationPrecision": TunablePMEForce.setInterpolationPrecision,
    "forceErrorTolerance": TunablePMEForce.setForceErrorTolerance,
}


def apply_settings(force: TunablePMEForce, settings: Mapping[str, Any]) -> None:
    """Set what is named. Raises TypeError if there is no such setting."""
    unknown = sorted(set(settings) - set(SETTERS))
    if unknown:
        raise TypeError(f"there is no setting {unknown[0]!r}; the settings are {', '.join(SETTERS)}")
    for name, setter in SETTERS.items():
        if name in settings:
            setter(force, settings[name])


def replace_in_place(system: openmm.System, settings: Mapping[str, Any]) -> None:
    """Convert all NonbondedForces of a System. It can only append forces, so all are copied to keep their order."""
    forces = [XmlSerializer.clone(force) for force in system.getForces()]
    if not any(isinstance(force, openmm.NonbondedForce) for force in forces):
        raise ValueError("the System has no NonbondedForce that could be replaced")
    converted = []
    for force in forces:
        if isinstance(force, openmm.NonbondedForce):
            force = TunablePMEForce(force)
            apply_settings(force, settings)
        converted.append(force)
    while system.getNumForces() > 0:
        system.removeForce(0)
    for force in converted:
        system.addForce(force)


def replaceNonbondedForce(system: openmm.System, **settings: Any) -> openmm.System:
    """Make a System in which each NonbondedForce is a TunablePMEForce. The original is not changed.

    The forces keep their indices, names, groups and all settings, whatever made the System: a ForceField, or Amber,
    CHARMM or Gromacs files. Forces inside others (in a CustomCVForce or ATMForce) are left as they are.

    The new System's ``getForces()`` gives the new force as the openmm.NonbondedForce that it also is. See it as a
    TunablePMEForce to call what only that has, such as ``setKSpaceMethod()``: the last line of the example.

    Parameters
    ----------
    system : openmm.System
    **settings
        of the new force, named as its setters: ``kSpaceMethod``, ``splineOrder``, ``precision`` (of all stages),
        ``spreadingPrecision``, ``fftPrecision``, ``convolutionPrecision``, ``interpolationPrecision``,
        ``forceErrorTolerance`` (kJ/mol/nm, or 0 for none; for rounding, see ``setForceErrorTolerance()``)

    Returns
    -------
    openmm.System

    Raises
    ------
    ValueError
        if there is no NonbondedForce
    TypeError
        if there is no such setting, or if it is no System

    Examples
    --------
    >>> system = replaceNonbondedForce(forcefield.createSystem(topology, nonbondedMethod=PME), fftPrecision="double")
    >>> force = next(TunablePMEForce.cast(f) for f in system.getForces() if TunablePMEForce.isinstance(f))
    """
    check_instance(system, openmm.System, " to replace the NonbondedForce of")
    apply_settings(TunablePMEForce(), settings)  # wrong ones are told before the System is copied
    result = XmlSerializer.clone(system)
    replace_in_place(result, settings)
    return result
