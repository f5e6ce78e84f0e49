# SPDX-License-Identifier: MIT
"""Ways to compute a charged system: OpenMM's NonbondedForce and TunablePMEForce, in their precisions."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field

import openmm

from openmmsurrogate import TunablePMEForce, replaceNonbondedForce


class SystemPair:
    """A System with a NonbondedForce, and one in which that is a TunablePMEForce. Contestants change their settings:
    copies for each would take minutes in large systems."""

    def __init__(self, system: openmm.System) -> None:
        self.plain, self.tunable = system, replaceNonbondedForce(system)
        self.cutoff = findNonbonded(system).getCutoffDistance()


def findNonbonded(system: openmm.System) -> openmm.NonbondedForce:
    """Return the NonbondedForce of a System."""
    return next(force for force in system.getForces() if isinstance(force, openmm.NonbondedForce))


@dataclass(frozen=True)
class Electrostatics:
    """A System's NonbondedForce as it is, or replaced."""

    name: str
    label: str
    precision: str  # of CUDA Contexts
    settings: dict | None = None  # of the TunablePMEForce, kSpaceMethod and precision; None: the plain NonbondedForce
    sizes: tuple[int, int] = (0, 10**9)  # atoms of the systems where it is measured
    properties: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "properties", {"Precision": self.precision})

    def createSystem(self, system: openmm.System) -> openmm.System:
        """Return a copy of a System with this force."""
        if self.settings is None:
            return copy.deepcopy(system)
        return replaceNonbondedForce(system, **self.settings)

    def configure(self, pair: SystemPair) -> openmm.System:
        """Return the System with this force, as it is until the next contestant is configured."""
        if self.settings is None:
            return pair.plain
        tunable = TunablePMEForce.cast(findNonbonded(pair.tunable))
        tunable.setKSpaceMethod(self.settings["kSpaceMethod"])
        tunable.setPrecision(self.settings.get("precision", "default"))
        return pair.tunable


def findTunable(system: openmm.System) -> TunablePMEForce | None:
    """Return the TunablePMEForce of a System; None without one."""
    found = [force for force in system.getForces() if TunablePMEForce.isinstance(force)]
    return TunablePMEForce.cast(found[0]) if found else None


def makeMeasurable(system: openmm.System, context: openmm.Context) -> tuple[openmm.System, TunablePMEForce]:
    """Return a System whose TunablePMEForce measures the error of a Context's plain NonbondedForce: it has the same
    alpha, grid and spline order."""
    plain = findNonbonded(system)
    parameters = plain.getPMEParametersInContext(context)
    measurable = replaceNonbondedForce(system, splineOrder=5)
    force = findTunable(measurable)
    assert force is not None, "it has just been put there"
    force.setPMEParameters(*parameters)
    return measurable, force


SPME, ESP = {"kSpaceMethod": "spme"}, {"kSpaceMethod": "esp"}
MEDIUM, LARGE = (30000, 500000), (200000, 500000)
CONTESTANTS = (
    Electrostatics("openmm-single", "OpenMM, single", "single"),
    Electrostatics("openmm-mixed", "OpenMM, mixed", "mixed", sizes=LARGE),
    Electrostatics("openmm-double", "OpenMM, double", "double", sizes=MEDIUM),
    Electrostatics("spme-single", "our SPME, single", "single", SPME),
    Electrostatics("spme-mixed", "our SPME, mixed", "mixed", SPME, LARGE),
    Electrostatics(
        "spme-mixed-double", "our SPME, mixed, mesh double", "mixed", SPME | {"precision": "double"}, MEDIUM
    ),
    Electrostatics("spme-double", "our SPME, double", "double", SPME, LARGE),
    Electrostatics("esp-single", "ESP, single", "single", ESP),
    Electrostatics("esp-mixed", "ESP, mixed", "mixed", ESP, LARGE),
    Electrostatics("esp-double", "ESP, double", "double", ESP, LARGE),
)


def findContestants(names: Sequence[str]) -> list[Electrostatics]:
    """Return the contestants with these names; "all" stands for all."""
    known = {contestant.name: contestant for contestant in CONTESTANTS}
    for name in names:
        if name != "all" and name not in known:
            raise ValueError(f"there is no contestant {name!r}; there are {', '.join(known)}")
    return list(CONTESTANTS) if "all" in names else [known[name] for name in names]
