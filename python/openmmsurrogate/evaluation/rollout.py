# SPDX-License-Identifier: MIT
"""Velocity-Verlet simulations at constant energy, and what is measured in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import unit

from openmmsurrogate._options import EvaluationMethod
from openmmsurrogate.analysis import RadialDistribution, SeriesAverage, averageSeries, computeRadialDistribution
from openmmsurrogate.evaluation.contexts import makeContext

Array = NDArray[np.float64]

_ENERGY = unit.kilojoule_per_mole
_FEWEST_SAMPLES = 16  # what averageSeries() needs
_LARGEST_RDF_DISTANCE = 1.2  # nm


@dataclass(frozen=True)
class RolloutSettings:
    """How long a rollout is, and what is sampled in it; times in ps.

    Raises
    ------
    ValueError
        if the times give too few samples for statistical errors
    """

    time: float = 100.0
    settling: float = 5.0
    """Time before that, not sampled: in it the new velocities share their energy with the positions."""
    timeStep: float = 0.001
    temperature: float = 300.0
    """Temperature of the velocities at the start, K. Energy is conserved from there on."""
    seed: int = 1
    energyInterval: float = 0.04
    frameInterval: float = 1.0
    """Time between configurations that enter g(r)."""
    numBins: int = 150
    """Bins of g(r)."""
    platform: str | None = None
    method: EvaluationMethod = EvaluationMethod.Table
    """How models are evaluated; the default is what users run."""

    def __post_init__(self) -> None:
        for name in ("time", "timeStep", "energyInterval", "frameInterval", "temperature"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} of rollouts must be positive, not {getattr(self, name)}")
        samples = self.time / max(self.energyInterval, self.frameInterval)
        if samples < _FEWEST_SAMPLES:
            raise ValueError(
                f"rollouts of {self.time:g} ps with samples every {self.frameInterval:g} ps are too short for "
                f"statistical errors, which need {_FEWEST_SAMPLES} samples: take a time of "
                f"{_FEWEST_SAMPLES * max(self.energyInterval, self.frameInterval):g} ps or more, or no rollouts at all "
                "(of the command evaluate: --time 0)"
            )


@dataclass(frozen=True)
class Start:
    """Where all rollouts start."""

    positions: Array
    """nm, shape (particles, 3)."""
    velocities: Array
    """nm/ps, shape (particles, 3)."""
    box: Array
    """Box vectors as rows, nm, shape (3, 3)."""
    typed: NDArray[np.bool_]
    """Particles that enter g(r), shape (particles,)."""


@dataclass(frozen=True)
class Rollout:
    """What was measured in a simulation."""

    platform: str
    times: Array
    """ps, shape (samples,)."""
    potentialEnergies: Array
    """Per particle, kJ/mol, shape (samples,)."""
    totalEnergies: Array
    """Per particle, kJ/mol, shape (samples,)."""
    average: SeriesAverage
    """Mean potential energy per particle and its standard error, kJ/mol."""
    distribution: RadialDistribution
    temperature: float
    """Mean kinetic temperature, K."""
    drift: float
    """Slope of the total energy per particle, kJ/mol/ns."""
    driftError: float
    """Its standard error, if the deviations from the line were independent, kJ/mol/ns."""

    def asDict(self) -> dict[str, Any]:
        """Return the numbers as JSON can hold them, with units in their names."""
        return {
            "platform": self.platform,
            "mean_potential_energy_per_particle_kJ_per_mol": float(self.average.mean),
            "standard_error_kJ_per_mol": float(self.average.standardError),
            "temperature_K": self.temperature,
            "energy_drift_per_particle_kJ_per_mol_ns": self.drift,
            "energy_drift_standard_error_kJ_per_mol_ns": self.driftError,
            "energy_fluctuation_per_particle_kJ_per_mol": float(self.totalEnergies.std()),
            "g_r": {
                "r_nm": np.round(self.distribution.r, 6).tolist(),
                "g": np.round(self.distribution.g, 6).tolist(),
                "standard_error": np.round(self.distribution.standardError, 6).tolist(),
            },
        }


def makeStart(
    system: openmm.System, positions: Array, box: Array | None, typed: NDArray[np.bool_], settings: RolloutSettings
) -> Start:
    """Give velocities to a configuration; all rollouts start from the same ones.

    Raises
    ------
    ValueError
        if there is no box, in which g(r) is defined
    """
    if box is None:
        raise ValueError("rollouts need periodic data: without a box there is no g(r)")
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("CPU"))
    context.setPeriodicBoxVectors(*box)
    context.setPositions(positions)
    context.setVelocitiesToTemperature(settings.temperature, settings.seed)
    velocities = context.getState(velocities=True).getVelocities(asNumpy=True)
    return Start(positions, velocities.value_in_unit(unit.nanometer / unit.picosecond), box, typed)


def runRollout(
    system: openmm.System, start: Start, settings: RolloutSettings, report: Callable[[float], None] | None = None
) -> Rollout:
    """Simulate with velocity Verlet at constant energy.

    OpenMM's VerletIntegrator is its leapfrog form. It is given velocities half a step back, so that positions are those
    of velocity Verlet, and it computes kinetic energies at whole steps.

    Parameters
    ----------
    system
        with the forces to use; barostats, thermostats and the removal of center-of-mass motion are taken out
    start
        positions, velocities and box
    settings
        how long, and what to sample
    report
        called now and then with the finished fraction

    Raises
    ------
    ValueError
        if the simulation becomes unstable
    """
    conservative = _remove_non_conservative(system)
    context = makeContext(conservative, openmm.VerletIntegrator(settings.timeStep), settings.platform)
    _set_start(context, start, settings.timeStep)
    stride = max(1, round(settings.energyInterval / settings.timeStep))
    perFrame = max(1, round(settings.frameInterval / settings.timeStep / stride))
    _step(context, round(settings.settling / settings.timeStep), False)
    numSamples = round(settings.time / settings.timeStep / stride)
    energies, frames = [], []
    for i in range(1, numSamples + 1):
        state = _step(context, stride, i % perFrame == 0)
        pair = state.getPotentialEnergy(), state.getKineticEnergy()
        energies.append([energy.value_in_unit(_ENERGY) for energy in pair])
        if i % perFrame == 0:
            frames.append(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)[start.typed])
        if report is not None and i % 20 == 0:
            report(i / numSamples)
    times = np.arange(1, numSamples + 1, dtype=np.float64) * (settings.timeStep * stride)
    return _measure(context, times, np.array(energies), np.array(frames), start, settings.numBins)


def _remove_non_conservative(system: openmm.System) -> openmm.System:
    result: openmm.System = openmm.XmlSerializer.clone(system)
    for i in reversed(range(result.getNumForces())):
        name = type(result.getForce(i)).__name__
        if "Barostat" in name or name in ("AndersenThermostat", "CMMotionRemover"):
            result.removeForce(i)
    return result


def _set_start(context: openmm.Context, start: Start, timeStep: float) -> None:
    context.setPeriodicBoxVectors(*start.box)
    context.setPositions(start.positions)
    system = context.getSystem()
    masses = np.array([system.getParticleMass(i).value_in_unit(unit.dalton) for i in range(len(start.positions))])
    forces = context.getState(forces=True).getForces(asNumpy=True).value_in_unit(_ENERGY / unit.nanometer)
    # Particles without mass do not move.
    inverse = np.divide(1.0, masses, out=np.zeros_like(masses), where=masses > 0.0)
    context.setVelocities(start.velocities - 0.5 * timeStep * inverse[:, None] * forces)


def _step(context: openmm.Context, steps: int, withPositions: bool) -> openmm.State:
    """Take steps and return the energies there, and the positions if they are wanted."""
    try:
        context.getIntegrator().step(steps)
        return context.getState(energy=True, positions=withPositions)
    except openmm.OpenMMException as error:
        raise ValueError(f"a rollout became unstable: {error}") from error


def _measure(
    context: openmm.Context, times: Array, samples: Array, frames: Array, start: Start, numBins: int
) -> Rollout:
    potential, kinetic = samples.T / len(start.positions)
    if not np.isfinite(samples).all():
        when = times[~np.isfinite(samples).all(axis=1)][0]
        raise ValueError(f"a rollout became unstable: its energy is not finite at {when:g} ps")
    total = potential + kinetic
    (slope, _), covariance = np.polyfit(times, total, 1, cov="unscaled")
    residual = total - np.polyval((slope, _), times)
    width = 1.0 / float(np.linalg.norm(np.linalg.inv(start.box), axis=0).max())
    distance = min(_LARGEST_RDF_DISTANCE, 0.4999 * width)
    degrees = 3.0  # per particle; constraints and the center of mass are left out of account
    return Rollout(
        platform=context.getPlatform().getName(),
        times=times,
        potentialEnergies=potential,
        totalEnergies=total,
        average=averageSeries(potential),
        distribution=computeRadialDistribution(frames, start.box, distance, numBins),
        temperature=float(
            2.0 * kinetic.mean() / degrees / unit.MOLAR_GAS_CONSTANT_R.value_in_unit(_ENERGY / unit.kelvin)
        ),
        drift=1000.0 * float(slope),
        driftError=1000.0 * float(np.sqrt(covariance[0, 0]) * residual.std(ddof=2)),
    )
