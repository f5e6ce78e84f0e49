# SPDX-License-Identifier: MIT
"""A GPU without room for what a force needs."""

import numpy as np
import openmm
import pytest

from openmmsurrogate import SurrogateForce, SurrogateModel

torch = pytest.importorskip("torch")
NUM_ATOMS = 500_000  # their pairs take 183 MiB


def test_a_gpu_without_memory_is_told_and_the_context_goes_on() -> None:
    """Pairs find no room; the error says so, and once there is room the same Context computes the forces."""
    names = [openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())]
    if "CUDA" not in names or not torch.cuda.is_available():
        pytest.skip("OpenMM has no platform CUDA here, or PyTorch no GPU")
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
    properties = {"Precision": "single"}
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("CUDA"), properties)
    context.setPositions(lattice)
    taken = []
    for size in (1 << 30, 1 << 26):
        while torch.cuda.mem_get_info()[0] > size + (1 << 25):
            taken.append(torch.empty(size, dtype=torch.uint8, device="cuda"))
    with pytest.raises(openmm.OpenMMException, match="the GPU has no memory for 183 MiB of pairs"):
        context.getState(forces=True)
    taken.clear()
    torch.cuda.empty_cache()
    forces = context.getState(forces=True).getForces(asNumpy=True)._value
    assert np.isfinite(forces).all()
    assert np.abs(forces.sum(axis=0)).max() < 1e-6 * np.abs(forces).sum()
