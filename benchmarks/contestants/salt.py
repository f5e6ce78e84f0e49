# SPDX-License-Identifier: MIT
"""Ways to compute sodium chloride, as contestants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openmm
from common.contestant import Setting
from common.salt import CUTOFFS, Salt, createSurrogate, nacl_system
from openmm import unit

from contestants.openmm_md import ContextStepper
from openmmsurrogate import SurrogateForce, SurrogateModel, TunablePMEForce

# Cutoffs, nm, with the tolerance at which OpenMM's PME has the force error that it has at 1.0 nm and 5e-4: 1.15e-3 of
# the RMS force, measured in 4,096 ions of the crystal at 298 K.
EQUAL_ERRORS = {0.9: 2.5e-4, 1.2: 1.5e-4, 1.4: 6.5e-4}
DEFAULT_TOLERANCE = 5e-4
# Of tables, relative to the force scale. The forces change by less than 1e-3 of the RMS force, a fortieth of the error
# of the models, and three tables fit eight times into shared memory (docs/theory/pair-list.md).
COARSE = 1e-2
FINE = 1e-5  # SurrogateForce's default


class SaltSystems:
    """The Systems of one configuration. Each has its particles once: contestants change settings of its force."""

    def __init__(self, salt: Salt, models: Path | None = None) -> None:
        self.salt, self._models = salt, models
        self._pme: openmm.System | None = None
        self._tunable: openmm.System | None = None
        self._surrogate: openmm.System | None = None

    def withPME(self, cutoff: float, tolerance: float) -> openmm.System:
        """Return a System with a NonbondedForce."""
        if self._pme is None:
            self._pme = self.salt.createSystem([nacl_system.createPME(self.salt.names)])
        force = self._pme.getForce(0)
        force.setCutoffDistance(cutoff)
        force.setEwaldErrorTolerance(tolerance)
        return self._pme

    def withTunablePME(self, method: int, forceError: float) -> openmm.System:
        """Return a System with a TunablePMEForce of a k-space method and a force error, kJ/mol/nm."""
        if self._tunable is None:
            stock = self.withPME(nacl_system.CUTOFF, DEFAULT_TOLERANCE).getForce(0)
            self._tunable = self.salt.createSystem([TunablePMEForce(stock)])
        force = TunablePMEForce.cast(self._tunable.getForce(0))
        force.setKSpaceMethod(method)
        force.setForceErrorTolerance(forceError)
        return self._tunable

    def withSurrogate(self, cutoff: float, method: int, precision: str, tolerance: float) -> openmm.System:
        """Return a System with a SurrogateForce."""
        name = self.salt.phase.modelName(cutoff)
        model = SurrogateModel.load(name if self._models is None else self._models / f"{name}.safetensors")
        if self._surrogate is None:
            self._surrogate = self.salt.createSystem([createSurrogate(self.salt.names, model)])
        force = SurrogateForce.cast(self._surrogate.getForce(0))
        force.setModel(model)
        force.setEvaluationMethod(method)
        force.setPrecision(precision)
        force.setTableTolerance(tolerance)
        return self._surrogate

    def withoutForce(self) -> openmm.System:
        """Return a System without forces."""
        return self.salt.createSystem([])


class SaltStepper(ContextStepper):
    """Steps of one of these Systems."""

    def computeForces(self, salt: Salt) -> np.ndarray:
        """Return the forces in a configuration, kJ/mol/nm. The Context is left there."""
        self._context.setPositions(salt.positions)
        forces = self._context.getState(forces=True).getForces(asNumpy=True)
        return forces.value_in_unit(unit.kilojoule_per_mole / unit.nanometer)


@dataclass(frozen=True)
class SaltContestant:
    """Langevin steps of one of these Systems."""

    name: str
    label: str
    findSystem: Callable[[SaltSystems], openmm.System]
    cutoff: float
    precision: str = "single"  # of Contexts on platform CUDA
    largest: int = 10**9
    arithmetic: str | None = None
    wholeSteps: bool = True
    hasPairs: bool = True
    reorders: bool = False  # uses OpenMM's list, for which CUDA reorders ions on the host, every REORDERING_INTERVAL

    def prepare(self, systems: SaltSystems, setting: Setting) -> SaltStepper:
        """Make a Context that goes on from the salt."""
        salt = systems.salt
        integrator = openmm.LangevinMiddleIntegrator(
            salt.phase.temperature, nacl_system.FRICTION, nacl_system.TIME_STEP
        )
        integrator.setRandomNumberSeed(1)
        platform = openmm.Platform.getPlatformByName(setting.platform)
        context = openmm.Context(self.findSystem(systems), integrator, platform, setting.properties)
        context.setPositions(salt.positions)
        context.setVelocities(salt.velocities)
        return SaltStepper(context)


ANY, LARGE = 10**9, 1_000_000  # ions


def makePME(name: str, label: str, cutoff: float, tolerance: float, precision: str, largest: int) -> SaltContestant:
    """Return stock PME."""
    return SaltContestant(
        name, label, lambda s: s.withPME(cutoff, tolerance), cutoff, precision, largest, reorders=True
    )


def makeTunable(name: str, label: str, method: int, forceError: float, largest: int) -> SaltContestant:
    """Return TunablePMEForce with a force error, kJ/mol/nm."""
    rc = nacl_system.CUTOFF
    return SaltContestant(
        name,
        label,
        lambda s: s.withTunablePME(method, forceError),
        rc,
        "single",
        largest,
        reorders=method == TunablePMEForce.SPME,
    )


def makeTable(name: str, cutoff: float, tolerance: float, largest: int) -> SaltContestant:
    """Return the surrogate as a table."""
    return SaltContestant(
        name,
        f"surrogate, table, {cutoff} nm" + (f", tolerance {tolerance:g}" if tolerance != FINE else ""),
        lambda s: s.withSurrogate(cutoff, SurrogateForce.Table, "single", tolerance),
        cutoff,
        "single",
        largest,
        "table",
    )


def makeContestants(forceErrors: dict[str, float]) -> list[SaltContestant]:
    """Return all contestants. TunablePMEForce has the settings forceErrors by method, kJ/mol/nm."""
    rc, methods = nacl_system.CUTOFF, {"SPME": TunablePMEForce.SPME, "ESP": TunablePMEForce.ESP}
    return [
        SaltContestant("none", "no force", lambda s: s.withoutForce(), rc, largest=262_144, hasPairs=False),
        makePME("pme-single", "NonbondedForce, PME, single", rc, DEFAULT_TOLERANCE, "single", ANY),
        makePME("pme-mixed", "NonbondedForce, PME, mixed", rc, DEFAULT_TOLERANCE, "mixed", ANY),
        makePME("pme-double", "NonbondedForce, PME, double", rc, DEFAULT_TOLERANCE, "double", ANY),
        *(
            makePME(f"pme-{cutoff}", f"NonbondedForce, PME, single, {cutoff} nm", cutoff, tolerance, "single", LARGE)
            for cutoff, tolerance in EQUAL_ERRORS.items()
        ),
        *(
            makeTunable(f"tunable-{name}", f"TunablePMEForce, {name}, single", methods[name], forceError, ANY)
            for name, forceError in forceErrors.items()
        ),
        *(makeTable(f"table-{cutoff}", cutoff, FINE, ANY) for cutoff in CUTOFFS),
        *(makeTable(f"coarse-{cutoff}", cutoff, COARSE, LARGE) for cutoff in CUTOFFS),
        SaltContestant(
            "network-float16",
            "surrogate, network, float16, 1.0 nm",
            lambda s: s.withSurrogate(1.0, SurrogateForce.Network, "float16", FINE),
            1.0,
            arithmetic="float16",
        ),
    ]
