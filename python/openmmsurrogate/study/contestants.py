# SPDX-License-Identifier: MIT
"""The ways to compute a material that a study compares."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import openmm

from openmmsurrogate.force import SurrogateForce
from openmmsurrogate.model import SurrogateModel
from openmmsurrogate.network import NumericFormat
from openmmsurrogate.pme import TunablePMEForce
from openmmsurrogate.pme.replace import apply_settings
from openmmsurrogate.study.materials import Material, Start

K_SPACE_GROUP = 1
"""Force group of reciprocal space, so that it can be left out."""
PME_TOLERANCE = 5e-4
"""OpenMM's default."""

ForceMaker = Callable[[Material, Start], list[openmm.Force]]


@dataclass(frozen=True)
class Contestant:
    """A way to compute a material."""

    name: str
    """By which files and figures know it."""
    label: str
    """For people."""
    makeForces: ForceMaker = field(repr=False)
    precision: str = "single"
    """Of a CUDA Context; other platforms have one."""
    platform: str | None = None
    """Another platform than the study's."""
    system: str = ""
    """Contestants of the same name here have the same forces: what differs is the platform or its precision."""
    hasKSpace: bool = False
    ensembles: bool = False
    """Whether it takes part in the comparison of ensembles."""
    split: bool = True
    """Whether it is measured what its time goes to."""
    reorders: bool = False
    """Whether it uses OpenMM's neighbor list, for which a CUDA Context reorders particles now and then, on the host."""
    comparableEnergy: bool = True
    """Whether its own energy is comparable with that of others: NonbondedForce's is not zero at the cutoff."""

    def describe(self) -> dict[str, Any]:
        """Return what rows of results say of it."""
        return {"name": self.name, "label": self.label, "precision": self.precision}


def makeNoForce(material: Material, start: Start) -> list[openmm.Force]:
    """Return none."""
    return []


def makeNonbonded(material: Material, start: Start) -> list[openmm.Force]:
    """Return OpenMM's NonbondedForce as a user would set it up: cut off without charges, else PME."""
    force = openmm.NonbondedForce()
    force.setCutoffDistance(material.cutoff)
    if material.isCharged:
        force.setNonbondedMethod(openmm.NonbondedForce.PME)
        force.setEwaldErrorTolerance(PME_TOLERANCE)
        force.setReciprocalSpaceForceGroup(K_SPACE_GROUP)
    else:
        force.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
        force.setUseDispersionCorrection(False)
    parameters = {name: (kind.charge, kind.sigma, kind.epsilon) for name, kind in material.species.items()}
    for kind in start.kinds.tolist():
        force.addParticle(*parameters[kind])
    return [force]


def makeShiftedLennardJones(material: Material, start: Start) -> list[openmm.Force]:
    """Return the same interaction of neutral particles of one kind with an energy that is zero at the cutoff."""
    (species,) = material.species.values()
    force = openmm.CustomNonbondedForce("4*epsilon*((x^2-x)-(xc^2-xc)); x=(sigma/r)^6; xc=(sigma/rc)^6")
    for name, value in (("sigma", species.sigma), ("epsilon", species.epsilon), ("rc", material.cutoff)):
        force.addGlobalParameter(name, value)
    force.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(material.cutoff)
    for _ in start.kinds:
        force.addParticle([])
    return [force]


def makeTunable(**settings: Any) -> ForceMaker:
    """Return a maker of a TunablePMEForce, with settings named as those of replaceNonbondedForce()."""

    def make(material: Material, start: Start) -> list[openmm.Force]:
        force = TunablePMEForce(makeNonbonded(material, start)[0])
        apply_settings(force, settings)
        return [force]

    return make


def makeSurrogate(model: str, method: int, format: str | None, allLayers: bool = False) -> ForceMaker:
    """Return a maker of a shipped model as SurrogateForce.

    Parameters
    ----------
    model
        its name
    method
        SurrogateForce.Table or SurrogateForce.Network
    format
        numeric format; None for the model's own
    allLayers
        whether the first and the last layer have that format, too
    """

    def make(material: Material, start: Start) -> list[openmm.Force]:
        loaded = SurrogateModel.load(model)
        if allLayers:
            loaded = copy.copy(loaded)
            loaded.setEndLayersSingle(False)
        force = SurrogateForce(loaded)
        force.setEvaluationMethod(method)
        force.setPrecision("default" if format is None else NumericFormat.parse(format))
        types = {kind: loaded.getTypeIndex(kind) for kind in material.species}
        for kind in start.kinds.tolist():
            force.addParticle(types[kind])
        return [force]

    return make
