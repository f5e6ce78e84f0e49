# SPDX-License-Identifier: MIT
"""A GPU without room for what a force needs."""

import numpy as np
import openmm
import pytest

from openmmsurrogate import SurrogateForce, SurrogateModel, TunablePMEForce

torch = pytest.importorskip("torch")
NUM_ATOMS = 500_000  # their pairs take 183 MiB


def make_context(system: openmm.System, positions: np.ndarray) -> openmm.Context:
    """Make a Context on a GPU, or skip the test."""
    names = [openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())]
    if "CUDA" not in names or not torch.cuda.is_available():
        pytest.skip("OpenMM has no platform CUDA here, or PyTorch no GPU")
    properties = {"Precision": "single"}
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("CUDA"), properties)
    context.setPositions(positions)
    return context


def expect_error_without_memory(context: openmm.Context, message: str) -> None:
    """Take all memory but at most 96 MiB, expect an evaluation to fail, and give it back."""
    taken = []
    for size in (1 << 30, 1 << 26):
        while torch.cuda.mem_get_info()[0] > size + (1 << 25):
            taken.append(torch.empty(size, dtype=torch.uint8, device="cuda"))
    with pytest.raises(openmm.OpenMMException, match=message):
        context.getState(forces=True)
    taken.clear()
    torch.cuda.empty_cache()


def test_a_gpu_without_memory_is_told_and_the_context_goes_on() -> None:
    """Pairs find no room; the error says so, and once there is room the same Context computes the forces."""
    force = SurrogateForce(SurrogateModel.load("argon"))
    force.setEvaluationMethod(SurrogateForce.Network)
    force.setPrecision(SurrogateForce.BFloat16)
    system = openmm.System()
    for _ in range(NUM_ATOMS):
        force.addParticle(0)
        system.addParticle(39.948)
    system.addForce(force)
    edge = 80 * 0.4
    system.setDefaultPeriodicBoxVectors((edge, 0, 0), (0, edge, 0), (0, 0, edge))
    lattice = 0.4 * np.stack(np.meshgrid(*[np.arange(80)] * 3), -1).reshape(-1, 3)[:NUM_ATOMS]
    context = make_context(system, lattice)
    expect_error_without_memory(context, "the GPU has no memory for 183 MiB of pairs")
    forces = context.getState(forces=True).getForces(asNumpy=True)._value
    assert np.isfinite(forces).all()
    assert np.abs(forces.sum(axis=0)).max() < 1e-6 * np.abs(forces).sum()


def test_the_mesh_that_measures_errors_finds_no_room() -> None:
    """Of 324 x 324 x 324 points, 260 MiB; once there is room the same Context measures, and computes the forces."""
    lattice = 2.0 * np.stack(np.meshgrid(*[np.arange(20)] * 3), -1).reshape(-1, 3)
    force = TunablePMEForce()
    force.setNonbondedMethod(openmm.NonbondedForce.PME)
    force.setKSpaceMethod("ESP")
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors((40, 0, 0), (0, 40, 0), (0, 0, 40))
    for i in range(len(lattice)):
        force.addParticle(1.0 if i % 2 else -1.0, 0.3, 0.0)
        system.addParticle(20.0)
    system.addForce(force)
    context = make_context(system, lattice + np.random.default_rng(1).normal(0.0, 0.1, lattice.shape))
    expect_error_without_memory(context, "measures its error with a second mesh, of 324 x 324 x 324 points")
    assert np.isfinite(context.getState(forces=True).getForces(asNumpy=True)._value).all()
    assert force.getMeshErrorInContext(context).relative < 5e-4
