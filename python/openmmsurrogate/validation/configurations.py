# SPDX-License-Identifier: MIT
"""The configurations in which platforms are compared, and evaluating a System in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import unit

from openmmsurrogate._convert import ENERGY, FORCE

Array = NDArray[np.float64]

STEP = 0.001
"""Standard deviation of the displacement along which energies are compared with forces, nm per coordinate."""
SHAKE = 0.01
"""Standard deviation of the displacement that makes forces out of a structure at rest, nm per coordinate."""
JITTER = 2.0**-24
"""Rounding error of single precision at 1 nm, the order of the distances of pairs, nm."""
SEED = 20251


@dataclass(frozen=True)
class Configurations:
    """Positions, nm, shape (particles, 3). Single precision holds exactly those that are not for Reference alone."""

    given: Array
    """The user's; whole molecules are moved into the box."""
    plus: Array
    minus: Array
    """At the two ends of a random displacement whose middle is the given configuration."""
    nudged: Array
    """Each coordinate changed by one step of single precision, up or down at random."""
    jittered: Array
    """Each coordinate changed by JITTER, up or down at random; less than single precision holds far from the origin."""
    shaken: Array
    real: NDArray[np.bool_]
    """Which particles are not virtual sites, shape (particles,)."""

    @property
    def displacement(self) -> Array:
        """From minus to plus, nm, of particles that are not virtual sites."""
        result: Array = (self.plus - self.minus)[self.real]
        return result


@dataclass(frozen=True)
class Evaluation:
    """What a platform computes in one configuration."""

    forces: Array
    """kJ/mol/nm, of particles that are not virtual sites, shape (particles, 3)."""
    energy: float
    """kJ/mol."""


def make_configurations(system: openmm.System, positions: Array) -> Configurations:
    """Make the configurations from the user's."""
    rng = np.random.default_rng(SEED)
    context = create_context(system, "Reference", {})
    context.setPositions(positions)
    context.computeVirtualSites()
    periodic = system.usesPeriodicBoundaryConditions()
    state = context.getState(positions=True, enforcePeriodicBox=periodic)
    given = _in_single(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer))
    direction = rng.normal(0.0, STEP, given.shape)
    spacing = np.spacing(np.abs(given).astype(np.float32)).astype(np.float64)
    return Configurations(
        given=given,
        plus=_in_single(given + direction),
        minus=_in_single(given - direction),
        nudged=given + rng.choice([-1.0, 1.0], given.shape) * spacing,
        jittered=given + rng.choice([-JITTER, JITTER], given.shape),
        shaken=_in_single(given + rng.normal(0.0, SHAKE, given.shape)),
        real=np.array([not system.isVirtualSite(i) for i in range(system.getNumParticles())]),
    )


def _in_single(positions: Array) -> Array:
    return np.asarray(positions, np.float32).astype(np.float64)


def create_context(system: openmm.System, platform: str, properties: dict[str, str]) -> openmm.Context:
    """Create a Context of a System on a platform."""
    integrator = openmm.VerletIntegrator(0.001)
    return openmm.Context(system, integrator, openmm.Platform.getPlatformByName(platform), properties)


def evaluate(context: openmm.Context, real: NDArray[np.bool_], *configurations: Array) -> tuple[Evaluation, ...]:
    """Compute forces and energy of a Context in each configuration."""
    results = []
    for positions in configurations:
        context.setPositions(positions)
        context.computeVirtualSites()
        state = context.getState(forces=True, energy=True)
        forces = state.getForces(asNumpy=True).value_in_unit(FORCE)
        results.append(Evaluation(forces[real], float(state.getPotentialEnergy().value_in_unit(ENERGY))))
    return tuple(results)
