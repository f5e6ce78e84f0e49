# SPDX-License-Identifier: MIT
"""Ways to compute a charged system for a tolerance: with that tolerance, or with the error that ESP then has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import openmm

from contestants.electrostatics import SystemPair, findNonbonded
from openmmsurrogate import TunablePMEForce

DEFAULT_TOLERANCE = 5e-4  # OpenMM's
PROFILED = ("openmm-single", "esp-single", "esp-mixed")  # whose kernels are shown, at that tolerance


@dataclass(frozen=True)
class EqualError:
    """A NonbondedForce with a cutoff and a tolerance, or a TunablePMEForce."""

    name: str
    label: str
    precision: str  # of CUDA Contexts
    tolerance: float  # Ewald's
    method: str | None = None  # k-space method; None: the plain NonbondedForce
    cutoff: float | None = None  # nm; None: the System's own
    forceError: float = 0.0  # kJ/mol/nm; 0: the tolerance decides
    properties: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "properties", {"Precision": self.precision})

    def configure(self, pair: SystemPair) -> openmm.System:
        """Return the System with these settings, as it is until the next contestant is configured."""
        system = pair.plain if self.method is None else pair.tunable
        force = findNonbonded(system)
        force.setEwaldErrorTolerance(self.tolerance)
        force.setCutoffDistance(pair.cutoff if self.cutoff is None else self.cutoff)
        if self.method is not None:
            tunable = TunablePMEForce.cast(force)
            tunable.setKSpaceMethod(self.method)
            tunable.setForceErrorTolerance(self.forceError)
        return system


def makeContestants(system: str, tolerance: float, equal: Sequence[dict]) -> dict[str, EqualError]:
    """Return the contestants of a system by name, from the rows of equal_errors.py.

    "openmm-<precision>" has the tolerance; "openmm-<precision>-<cutoff>" and "spme-<precision>" have the error that ESP
    has with the tolerance.
    """
    rows = [row for row in equal if row["system"] == system and row["tolerance"] == tolerance]
    found = []
    for precision in ("single", "mixed"):
        found.append(EqualError(f"openmm-{precision}", f"OpenMM, {precision}", precision, tolerance))
        found.append(EqualError(f"esp-{precision}", f"ESP, {precision}", precision, tolerance, "ESP"))
        for row in rows:
            if row["name"] == "openmm":
                name = f"openmm-{precision}-{row['cutoff_nm']:g}"
                label = f"OpenMM, {precision}, error of ESP, {row['cutoff_nm']:g} nm"
                found.append(EqualError(name, label, precision, row["setting"], cutoff=row["cutoff_nm"]))
            elif row["name"] == "spme":
                name, label = f"spme-{precision}", f"our SPME, {precision}, error of ESP"
                found.append(EqualError(name, label, precision, tolerance, "SPME", forceError=row["setting"]))
    return {contestant.name: contestant for contestant in found}
