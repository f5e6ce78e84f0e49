# SPDX-License-Identifier: MIT
"""Ways to compute sodium chloride, as contestants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import openmm
from common.contestant import Setting
from common.salt import Salt, createSurrogate, nacl_system

from contestants.openmm_md import ContextStepper
from openmmsurrogate import SurrogateForce, SurrogateModel, TunablePMEForce

# Cutoffs, nm, with the tolerance at which OpenMM's PME has the force error that it has at 1.0 nm and 5e-4: 1.15e-3 of
# the RMS force, measured in 4,096 ions of the crystal at 298 K.
EQUAL_ERRORS = {0.9: 2.5e-4, 1.2: 1.5e-4, 1.4: 6.5e-4}
DEFAULT_TOLERANCE = 5e-4


class SaltSystems:
    """The Systems of one configuration. Each has its particles once: contestants change settings of its force."""

    def __init__(self, salt: Salt, models: Path | None = None) -> None:
        self.salt, self._models = salt, models
        self._pme: openmm.System | None = None
        self._surrogate: openmm.System | None = None

    def withPME(self, cutoff: float, tolerance: float) -> openmm.System:
        """Return a System with a NonbondedForce."""
        if self._pme is None:
            self._pme = self.salt.createSystem([nacl_system.createPME(self.salt.names)])
        force = self._pme.getForce(0)
        force.setCutoffDistance(cutoff)
        force.setEwaldErrorTolerance(tolerance)
        return self._pme

    def withTunablePME(self, forceError: float) -> openmm.System:
        """Return a System with a TunablePMEForce of a force error, kJ/mol/nm."""
        force = TunablePMEForce(self.withPME(nacl_system.CUTOFF, DEFAULT_TOLERANCE).getForce(0))
        force.setForceErrorTolerance(forceError)
        return self.salt.createSystem([force])

    def withSurrogate(self, cutoff: float, method: int, precision: str) -> openmm.System:
        """Return a System with a SurrogateForce."""
        name = self.salt.phase.modelName(cutoff)
        model = SurrogateModel.load(name if self._models is None else self._models / f"{name}.safetensors")
        if self._surrogate is None:
            self._surrogate = self.salt.createSystem([createSurrogate(self.salt.names, model)])
        force = SurrogateForce.cast(self._surrogate.getForce(0))
        force.setModel(model)
        force.setEvaluationMethod(method)
        force.setPrecision(precision)
        return self._surrogate

    def withoutForce(self) -> openmm.System:
        """Return a System without forces."""
        return self.salt.createSystem([])


@dataclass(frozen=True)
class SaltContestant:
    """Langevin steps of one of these Systems."""

    name: str
    label: str
    findSystem: Callable[[SaltSystems], openmm.System]
    systems: SaltSystems
    cutoff: float
    precision: str = "single"  # of Contexts on platform CUDA
    largest: int = 10**9
    arithmetic: str | None = None
    wholeSteps: bool = True
    hasPairs: bool = True

    def createContext(self, platform: str, properties: dict[str, str]) -> openmm.Context:
        """Return a Context that goes on from the salt."""
        salt = self.systems.salt
        integrator = openmm.LangevinMiddleIntegrator(
            salt.phase.temperature, nacl_system.FRICTION, nacl_system.TIME_STEP
        )
        integrator.setRandomNumberSeed(1)
        system = self.findSystem(self.systems)
        context = openmm.Context(system, integrator, openmm.Platform.getPlatformByName(platform), properties)
        context.setPositions(salt.positions)
        context.setVelocities(salt.velocities)
        return context

    def prepare(self, salt: Salt, setting: Setting) -> ContextStepper:
        """Make a Context."""
        if salt is not self.systems.salt:
            raise ValueError("this contestant was made for another configuration")
        return ContextStepper(self.createContext(setting.platform, setting.properties))


def makeContestants(systems: SaltSystems, forceError: float | None) -> list[SaltContestant]:
    """Return all contestants; TunablePMEForce where a force error is given, kJ/mol/nm."""
    rc = nacl_system.CUTOFF

    def pme(name: str, label: str, cutoff: float, tolerance: float, precision: str, largest: int) -> SaltContestant:
        return SaltContestant(name, label, lambda s: s.withPME(cutoff, tolerance), systems, cutoff, precision, largest)

    def surrogate(name: str, label: str, cutoff: float, method: int, precision: str, largest: int) -> SaltContestant:
        arithmetic = "table" if method == SurrogateForce.Table else precision
        find = lambda s: s.withSurrogate(cutoff, method, precision)  # noqa: E731
        return SaltContestant(name, label, find, systems, cutoff, "single", largest, arithmetic)

    all_, large = 10**9, 1_000_000
    result = [
        SaltContestant("none", "no force", lambda s: s.withoutForce(), systems, rc, hasPairs=False, largest=large),
        pme("pme-single", "NonbondedForce, PME, single", rc, DEFAULT_TOLERANCE, "single", all_),
        pme("pme-mixed", "NonbondedForce, PME, mixed", rc, DEFAULT_TOLERANCE, "mixed", all_),
        pme("pme-double", "NonbondedForce, PME, double", rc, DEFAULT_TOLERANCE, "double", all_),
        *(
            pme(f"pme-{cutoff}", f"NonbondedForce, PME, single, {cutoff} nm", cutoff, tolerance, "single", large)
            for cutoff, tolerance in EQUAL_ERRORS.items()
        ),
        surrogate("table-0.85", "surrogate, table, 0.85 nm", 0.85, SurrogateForce.Table, "single", large),
        surrogate("table-1.0", "surrogate, table, 1.0 nm", 1.0, SurrogateForce.Table, "single", all_),
        surrogate("table-1.2", "surrogate, table, 1.2 nm", 1.2, SurrogateForce.Table, "single", large),
        surrogate(
            "network-float16", "surrogate, network, float16, 1.0 nm", 1.0, SurrogateForce.Network, "float16", all_
        ),
    ]
    if forceError is not None:
        find = lambda s: s.withTunablePME(forceError)  # noqa: E731
        result.insert(7, SaltContestant("tunable", "TunablePMEForce, single", find, systems, rc, "single", all_))
    return result
