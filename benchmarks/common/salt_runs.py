# SPDX-License-Identifier: MIT
"""Simulations of the salt by one way to compute its forces, and what is measured in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import openmm
from openmm import unit

from common.salt import Machine, Salt, Way, charges, takeSalt
from openmmsurrogate.analysis import (
    averageSeries,
    compareForces,
    computeChargeCurrentSpectrum,
    computeRadialDistribution,
    computeVelocitySpectrum,
)

ENERGY = unit.kilojoule_per_mole
KELVIN = unit.MOLAR_GAS_CONSTANT_R.value_in_unit(ENERGY / unit.kelvin)  # kJ/mol
PAIRS = (("Na", "Na"), ("Na", "Cl"), ("Cl", "Cl"))
LARGEST_DISTANCE = 1.4  # nm, of g(r)
BINS = 140
LONGEST_LAG = 2.0  # ps, of the velocity autocorrelation


@dataclass(frozen=True)
class Times:
    """How long each simulation is, ps."""

    settling: float
    constantVolume: float
    constantPressure: float
    energyConservation: float
    timeStep: float = 0.002
    sampleInterval: float = 0.1
    frameInterval: float = 1.0
    spectrum: float = 8.0  # of which velocities are kept
    velocityInterval: float = 0.004


def _langevin(salt: Salt, timeStep: float, seed: int = 7) -> openmm.Integrator:
    integrator = openmm.LangevinMiddleIntegrator(salt.phase.temperature, 1.0, timeStep)
    integrator.setRandomNumberSeed(seed)
    return integrator


def _advance(context: openmm.Context, time: float, timeStep: float, interval: float) -> Iterator[int]:
    """Simulate for a time, ps, and yield after each interval."""
    stride = max(1, round(interval / timeStep))
    for i in range(1, round(time / timeStep / stride) + 1):
        context.getIntegrator().step(stride)
        yield i


def runConstantVolume(salt: Salt, way: Way, machine: Machine, times: Times) -> tuple[dict, Salt, np.ndarray]:
    """Return mean potential energy and g(r) with a thermostat, the last state, and frames, nm, (frames, ions, 3)."""
    integrator = _langevin(salt, times.timeStep)
    context = machine.createContext(salt, way.createForces(salt.names, salt.phase), integrator)
    integrator.step(round(times.settling / times.timeStep))
    energies, frames, perFrame = [], [], max(1, round(times.frameInterval / times.sampleInterval))
    for i in _advance(context, times.constantVolume, times.timeStep, times.sampleInterval):
        state = context.getState(energy=True, positions=i % perFrame == 0)
        energies.append(state.getPotentialEnergy().value_in_unit(ENERGY) / len(salt.names) + way.selfEnergy)
        if i % perFrame == 0:
            frames.append(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer))
    average, positions = averageSeries(energies), np.array(frames)
    result = {
        "U_kJ_per_mol": float(average.mean),
        "U_standard_error": float(average.standardError),
        "g": {f"{a}-{b}": _distribute(positions, salt, a, b) for a, b in PAIRS},
    }
    return result, takeSalt(context, salt), positions


def _distribute(frames: np.ndarray, salt: Salt, first: str, second: str) -> dict:
    others = None if first == second else frames[:, salt.names == second]
    distance = min(LARGEST_DISTANCE, 0.4999 * salt.edges.min())
    found = computeRadialDistribution(frames[:, salt.names == first], np.diag(salt.edges), distance, BINS, others)
    return {
        "r_nm": _rounded(found.r),
        "g": _rounded(found.g),
        "standard_error": _rounded(found.standardError),
    }


def _rounded(values: np.ndarray) -> list[float]:
    return np.round(values, 5).tolist()


def runConstantPressure(salt: Salt, way: Way, machine: Machine, times: Times) -> dict:
    """Return the mean lattice constant (that of a crystal of the same density) at 1 bar."""
    forces = way.createForces(salt.names, salt.phase)
    barostat = openmm.MonteCarloBarostat(1.0, salt.phase.temperature, 10)
    barostat.setRandomNumberSeed(7)
    integrator = _langevin(salt, times.timeStep)
    context = machine.createContext(salt, [*forces, barostat], integrator)
    integrator.step(round(times.constantPressure / 4 / times.timeStep))
    volumes = [
        context.getState().getPeriodicBoxVolume().value_in_unit(unit.nanometer**3)
        for _ in _advance(context, times.constantPressure, times.timeStep, times.sampleInterval)
    ]
    average = averageSeries((8.0 * np.array(volumes) / len(salt.names)) ** (1.0 / 3.0))
    density = len(salt.names) / float(np.mean(volumes))
    return {
        "lattice_constant_nm": float(average.mean),
        "standard_error_nm": float(average.standardError),
        "ions_per_nm3": density,
    }


def runConstantEnergy(salt: Salt, way: Way, machine: Machine, times: Times, timeStep: float = 0.001) -> dict:
    """Return spectra of velocities and charge currents, and the drift of the total energy of velocity Verlet."""
    integrator = openmm.VerletIntegrator(timeStep)
    context = machine.createContext(salt, way.createForces(salt.names, salt.phase), integrator)
    positions, velocities = [], []
    for _ in _advance(context, times.spectrum, timeStep, times.velocityInterval):
        state = context.getState(positions=True, velocities=True)
        positions.append(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer).astype(np.float32))
        v = state.getVelocities(asNumpy=True).value_in_unit(unit.nanometer / unit.picosecond)
        velocities.append(v.astype(np.float32))
    result = _describeMotion(salt, np.array(positions), np.array(velocities), times)
    result["temperature_K"] = findTemperature(context)
    if times.energyConservation > 0.0:
        result |= _measureDrift(context, times.energyConservation, timeStep, times.sampleInterval)
    return result


def findTemperature(context: openmm.Context) -> float:
    """Return the instantaneous temperature, K."""
    kinetic = context.getState(energy=True).getKineticEnergy().value_in_unit(ENERGY)
    return 2.0 * kinetic / (3.0 * context.getSystem().getNumParticles() * KELVIN)


def _describeMotion(salt: Salt, positions: np.ndarray, velocities: np.ndarray, times: Times) -> dict:
    lag = min(LONGEST_LAG, 0.45 * len(velocities) * times.velocityInterval)
    result: dict = {"velocities": {}}
    for name in ("Na", "Cl"):
        found = computeVelocitySpectrum(velocities[:, salt.names == name], times.velocityInterval, lag)
        low = found.frequencies <= 12.0
        result["velocities"][name] = {
            "t_ps": _rounded(found.times[::2]),
            "autocorrelation": _rounded(found.autocorrelation[::2]),
            "f_THz": _rounded(found.frequencies[low]),
            "density": _rounded(found.density[low]),
        }
    axis = int(np.argmax(salt.edges))
    current = computeChargeCurrentSpectrum(
        positions, velocities, charges(salt.names), salt.edges, axis, times.velocityInterval
    )
    low = current.frequencies <= 12.0
    result["charge_current"] = {
        "k_per_nm": 2.0 * np.pi / float(salt.edges[axis]),
        "f_THz": _rounded(current.frequencies[low]),
        "longitudinal": _rounded(current.longitudinal[low]),
        "transverse": _rounded(current.transverse[low]),
        "longitudinal_mean_THz": _centre(current.frequencies[low], current.longitudinal[low]),
        "transverse_mean_THz": _centre(current.frequencies[low], current.transverse[low]),
    }
    return result


def _centre(frequencies: np.ndarray, spectrum: np.ndarray) -> float:
    """Return the root of the mean square of the frequency: that of all modes that carry charge, by their strength."""
    return float(np.sqrt(np.sum(frequencies**2 * spectrum) / np.sum(spectrum)))


def _measureDrift(context: openmm.Context, time: float, timeStep: float, interval: float) -> dict:
    energies = []
    for _ in _advance(context, time, timeStep, interval):
        state = context.getState(energy=True)
        energies.append((state.getPotentialEnergy() + state.getKineticEnergy()).value_in_unit(ENERGY))
    t = interval * np.arange(len(energies)) / 1000.0  # ns
    count, kT = context.getSystem().getNumParticles(), KELVIN * findTemperature(context)
    values = np.array(energies) / (count * kT)
    slopes = [np.polyfit(*part, 1)[0] for part in zip(np.array_split(t, 4), np.array_split(values, 4), strict=True)]
    return {
        "drift_kT_per_ion_ns": float(np.polyfit(t, values, 1)[0]),
        "drift_standard_error": float(np.std(slopes, ddof=1) / 2.0),
        "drift_ps": time,
    }


def compareStatically(
    salt: Salt, frames: np.ndarray, reference: np.ndarray, way: Way, machine: Machine
) -> tuple[dict, np.ndarray]:
    """Return how forces in given frames agree with reference forces, kJ/mol/nm, and the forces."""
    forces = computeForces(salt, frames, way, machine)
    metrics = compareForces(reference, forces)
    return {"component_r2": metrics.componentR2, "error_over_rms_force": metrics.relativeRMSE}, forces


def computeForces(salt: Salt, frames: np.ndarray, way: Way, machine: Machine) -> np.ndarray:
    """Return the forces in frames, kJ/mol/nm, (frames, ions, 3)."""
    integrator = openmm.VerletIntegrator(0.001)
    context = machine.createContext(salt, way.createForces(salt.names, salt.phase), integrator)
    result = []
    for positions in frames:
        context.setPositions(positions)
        forces = context.getState(forces=True).getForces(asNumpy=True)
        result.append(forces.value_in_unit(ENERGY / unit.nanometer))
    return np.array(result)
