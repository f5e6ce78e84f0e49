# SPDX-License-Identifier: MIT
"""Small charged systems that tests of TunablePMEForce share. Lengths in nm, charges in e."""

import numpy as np
import openmm
import pytest

from openmmsurrogate import TunablePMEForce

# Names of platforms, CUDA's with the precision of the Context.
PLATFORMS = pytest.mark.parametrize("platform", ["Reference", "CPU", "CUDA single", "CUDA mixed", "CUDA double"])
KSPACE = pytest.mark.parametrize("kspace", ["SPME", "ESP"])
# The strictest tolerance of ESP; CUDA has no window of order 10.
STRICTEST = {"Reference": 1e-6, "CPU": 1e-6, "CUDA single": 1e-5, "CUDA mixed": 1e-5, "CUDA double": 1e-5}
# Meshes are converged to 1e-6 where these are used; pairs are computed in single precision on CPU and in two of CUDA's.
TOLERANCE = {"Reference": 1e-6, "CPU": 2e-5, "CUDA single": 2e-5, "CUDA mixed": 2e-5, "CUDA double": 1e-6}
ENERGY_TOLERANCE = {"Reference": 1e-7, "CPU": 1e-6, "CUDA single": 3e-6, "CUDA mixed": 1e-6, "CUDA double": 1e-7}

# Smallest boxes with these shapes hold a cutoff of 0.9 nm with room for a barostat.
BOXES = {
    "cubic": np.diag([2.2, 2.2, 2.2]),
    "rectangular": np.diag([2.1, 2.4, 2.9]),
    "triclinic": np.array([[2.2, 0.0, 0.0], [0.7, 2.3, 0.0], [-0.8, 0.9, 2.4]]),
}


def make_salt(box: np.ndarray, spacing: float = 0.3, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Place ions of alternating charge on a jittered grid along the box vectors. Returns positions and charges."""
    counts = [2 * int(np.linalg.norm(vector) / spacing / 2) for vector in box]
    grid = np.stack(np.meshgrid(*[np.arange(count) for count in counts], indexing="ij"), axis=-1).reshape(-1, 3)
    jitter = np.random.default_rng(seed).uniform(-0.03, 0.03, grid.shape)
    positions = (grid / counts) @ box + jitter
    return positions, np.where(grid.sum(axis=1) % 2, 1.0, -1.0)


def make_esp(force: openmm.NonbondedForce, tolerance: float = 5e-4) -> TunablePMEForce:
    """Convert a force to ESP with a tolerance."""
    result = TunablePMEForce(force)
    result.setKSpaceMethod("ESP")
    result.setEwaldErrorTolerance(tolerance)
    return result


def make_force(charges: np.ndarray, method: int = openmm.NonbondedForce.PME) -> openmm.NonbondedForce:
    """Make a plain NonbondedForce of the charges, with Lennard-Jones parameters of two kinds and a cutoff of 0.9 nm."""
    force = openmm.NonbondedForce()
    force.setNonbondedMethod(method)
    force.setCutoffDistance(0.9)
    for charge in charges:
        force.addParticle(charge, 0.21 if charge > 0 else 0.3, 0.6 if charge > 0 else 0.2)
    return force


def make_everything(
    box: np.ndarray, method: int = openmm.NonbondedForce.PME
) -> tuple[np.ndarray, openmm.NonbondedForce]:
    """Make positions, and a force with all that one can have.

    Exceptions, offsets of particles and exceptions, switching (not with LJPME), dispersion correction, net charge.
    """
    positions, charges = make_salt(box)
    charges[:5] = [0.3, -0.2, 0.7, 0.0, -1.5]
    force = make_force(charges, method)
    force.setUseSwitchingFunction(method != openmm.NonbondedForce.LJPME)
    force.setSwitchingDistance(0.75)
    force.setUseDispersionCorrection(True)
    force.addException(0, 1, 0.0, 0.2, 0.0)
    force.addException(7, 8, 0.4, 0.25, 0.5)
    force.addException(20, 21, 0.0, 0.25, 0.5)
    force.addGlobalParameter("lambda", 0.5)
    force.addGlobalParameter("mu", 1.0)
    force.addParticleParameterOffset("lambda", 3, 0.8, 0.05, 0.1)
    force.addParticleParameterOffset("mu", 3, -0.2, 0.0, 0.0)
    force.addParticleParameterOffset("mu", 9, 0.5, 0.0, 0.3)
    force.addExceptionParameterOffset("lambda", 0, 0.3, 0.05, 0.1)
    return positions, force


def make_system(box: np.ndarray, num_particles: int, *forces: openmm.Force) -> openmm.System:
    """Make a System that owns the forces."""
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*box)
    for _ in range(num_particles):
        system.addParticle(20.0)
    for force in forces:
        system.addForce(force)
    return system


def make_context(system: openmm.System, positions: np.ndarray, platform: str = "Reference") -> openmm.Context:
    """Make a Context with the positions. Skips the test where a platform of PLATFORMS has no GPU, or no ESP."""
    name, *precision = platform.split()
    properties = {"Precision": precision[0]} if precision else {}
    available = [openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())]
    if name == "CUDA" and name not in available:
        pytest.skip("OpenMM has no platform CUDA here")
    integrator = openmm.VerletIntegrator(0.001)
    try:
        context = openmm.Context(system, integrator, openmm.Platform.getPlatform(name), properties)
    except openmm.OpenMMException as error:
        if "ESP cannot be used: platform" in str(error):
            pytest.skip(str(error))
        raise
    context.setPositions(positions)
    return context


def make_salt_context(box: str, platform: str = "CPU") -> openmm.Context:
    """Make a Context of make_salt() in one of BOXES, with a plain NonbondedForce."""
    positions, charges = make_salt(BOXES[box])
    return make_context(make_system(BOXES[box], len(charges), make_force(charges)), positions, platform)


def make_converged(force: openmm.NonbondedForce) -> TunablePMEForce:
    """Make a force of which mesh and direct sum are converged to 1e-7: with other forces the cutoff is an error too."""
    result = TunablePMEForce(force)
    result.setKSpaceMethod("SPME")
    result.setPMEParameters(5.5, 80, 80, 80)
    result.setSplineOrder(8)
    result.setPrecision("double")
    return result


def make_tunable(force: openmm.NonbondedForce, kspace: str, platform: str = "Reference") -> TunablePMEForce:
    """Make a TunablePMEForce of a force with a converged mesh: by SPME with that mesh, or by ESP at its strictest."""
    tunable = TunablePMEForce(force)
    tunable.setKSpaceMethod(kspace)
    if kspace == "ESP":
        tunable.setPMEParameters(0.0, 0, 0, 0)
        tunable.setEwaldErrorTolerance(STRICTEST[platform])
    return tunable


def make_pair(force: openmm.NonbondedForce) -> tuple[openmm.NonbondedForce, TunablePMEForce]:
    """Put a force into groups 0 and 1 (reciprocal space), and a TunablePMEForce made of it into groups 2 and 3."""
    force.setForceGroup(0)
    force.setReciprocalSpaceForceGroup(1)
    tunable = TunablePMEForce(force)
    tunable.setForceGroup(2)
    tunable.setReciprocalSpaceForceGroup(3)
    return force, tunable


def evaluate(context: openmm.Context, groups: set[int] | int = -1) -> tuple[np.ndarray, float]:
    """Get forces (kJ/mol/nm) and energy (kJ/mol)."""
    state = context.getState(getForces=True, getEnergy=True, groups=groups)
    return np.array(state.getForces(asNumpy=True)._value), state.getPotentialEnergy()._value


def rms(forces: np.ndarray) -> float:
    """Get the root mean square of the norms."""
    return float(np.sqrt(np.mean(np.sum(forces**2, axis=1))))


def compare(context: openmm.Context, tolerance: float, energy_tolerance: float, what: str = "") -> None:
    """Expect both forces of make_pair() to agree, in errors over the RMS force and over the energy; prints them."""
    for name, stock, tunable in (("direct", {0}, {2}), ("reciprocal", {1}, {3}), ("total", {0, 1}, {2, 3})):
        expected, expected_energy = evaluate(context, stock)
        forces, energy = evaluate(context, tunable)
        scale, energy_scale = rms(evaluate(context, {0, 1})[0]), abs(evaluate(context, {0, 1})[1])
        error = np.linalg.norm(forces - expected, axis=1).max() / scale
        energy_error = abs(energy - expected_energy) / energy_scale
        print(f"{what} {name}: error norm over RMS force {error:.1e}, of the energy {energy_error:.1e}")
        assert error < tolerance
        assert energy_error < energy_tolerance
