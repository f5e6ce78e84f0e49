# SPDX-License-Identifier: MIT
"""Times of the GPU kernels of electrostatics, by name and by stage."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import openmm

KSPACE_GROUP = 1  # force group that reciprocal space is put into, so that it can be computed alone

# What the kernels' names contain: OpenMM's, ours, cuFFT's; of reciprocal space, and of the rest.
STAGES = {
    "sort": r"findAtomGridIndex|computeRange|Bucket|sortShortList|sortCharges|finishSort",
    "spread": r"SpreadCharge|spreadCharges|readSums",
    "FFT": r"fft|r2c|c2r|radix",
    "convolve": r"[cC]onvol|computeFactors|EvaluateEnergy",
    "interpolate": r"[iI]nterpolateForce",
}
DIRECT_STAGES = {
    "pairs": r"computeNonbonded|computeDirect",
    "list": r"buildList|findSlots|updatePositions|[pP]rune|BlockBounds|BlocksWith|computeRange|[sS]ort|Bucket",
    "exceptions": r"computeExceptions|computeBonded",
}


def separateReciprocalSpace(system: openmm.System) -> None:
    """Put the reciprocal space of a System's NonbondedForce into KSPACE_GROUP."""
    for force in system.getForces():
        if isinstance(force, openmm.NonbondedForce):
            force.setReciprocalSpaceForceGroup(KSPACE_GROUP)


def warmUpProfiler() -> None:
    """Load what measureKernels() needs, which takes seconds."""
    import torch
    from torch.profiler import ProfilerActivity, profile

    if torch.cuda.is_available():
        with profile(activities=[ProfilerActivity.CUDA]):
            torch.zeros(1, device="cuda")
            torch.cuda.synchronize()


@contextlib.contextmanager
def computeAlone(context: openmm.Context, groups: set[int]) -> Iterator[None]:
    """Let the integrator use the forces of some groups alone; afterwards it uses those it did before, and the Context
    is where it was, whatever has happened. Some dozen steps with half of the forces push molecules into each other,
    from where no simulation can go on."""
    integrator = context.getIntegrator()
    before = integrator.getIntegrationForceGroups()
    state = context.getState(positions=True, velocities=True)
    integrator.setIntegrationForceGroups(groups)
    try:
        yield
    finally:
        integrator.setIntegrationForceGroups(before)
        context.setState(state)


def measureKernels(context: openmm.Context, groups: set[int], steps: int) -> dict[str, float]:
    """Return the times of all kernels in a step with the forces of some groups, us, by PyTorch's profiler, which sees
    what any library launches. It is empty without a GPU. The steps are part of no trajectory."""
    import torch
    from torch.profiler import ProfilerActivity, profile

    if not torch.cuda.is_available():
        return {}
    integrator = context.getIntegrator()
    with computeAlone(context, groups):
        integrator.step(1)
        context.getState(energy=True, groups=0)  # which waits
        with profile(activities=[ProfilerActivity.CUDA]) as profiler:
            integrator.step(steps)
            context.getState(energy=True, groups=0)
            torch.cuda.synchronize()
    times: dict[str, float] = {}
    for event in profiler.events():
        if event.device_type == torch.autograd.DeviceType.CUDA:
            times[event.name] = times.get(event.name, 0.0) + event.device_time / steps
    return times


def sumStages(kernels: dict[str, float], stages: dict[str, str] = STAGES) -> dict[str, float]:
    """Return the time of each stage, us, without what belongs to none: integration, and buffers being cleared."""
    return {
        stage: sum(time for name, time in kernels.items() if re.search(pattern, name))
        for stage, pattern in stages.items()
    }
