# SPDX-License-Identifier: MIT
"""What benchmarks of electrostatics measure of a Context: steps, joules, memory, kernels, errors."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import openmm
from contestants.electrostatics import findNonbonded, findTunable, makeMeasurable
from contestants.openmm_md import ContextStepper
from openmm import unit

from common.contestant import Contestant
from common.kernels import DIRECT_STAGES, KSPACE_GROUP, STAGES, measureKernels, sumStages
from common.measuring import Measurement, Plan, measureWindow, settle
from openmmsurrogate.reporters import PowerMeter, openCounter

FORCE = unit.kilojoule_per_mole / unit.nanometer
ERROR_PARTICLES = 300  # whose forces are compared
REORDERING = 251  # steps after which OpenMM sorts its atoms on the host, which windows must contain equally often


def measureSteps(contestant: Contestant, context: openmm.Context, plan: Plan) -> dict:
    """Return time and energy of whole steps."""
    isCuda = context.getPlatform().getName() == "CUDA"
    stepper = ContextStepper(context)
    measurement = Measurement(contestant, stepper)
    settle(measurement, plan)
    measurement.steps = math.ceil(measurement.steps / REORDERING) * REORDERING
    with PowerMeter(openCounter() if isCuda else None) as meter:
        for _ in range(plan.repeats):
            measureWindow(measurement)
    milliseconds = measurement.milliseconds
    row = {
        "steps": measurement.steps * len(milliseconds),
        "ms_per_step": statistics.median(milliseconds),
        "ms_per_step_range": [min(milliseconds), max(milliseconds)],
        "temperature_K": stepper.temperature(),
    }
    power = meter.findPower(measurement.windows)
    if power is not None:
        row["W"] = power
        row["J_per_step"] = power * statistics.mean(milliseconds) / 1000.0
    return row


def profileForces(context: openmm.Context, *measures: Callable[[openmm.Context], dict]) -> dict:
    """Return what functions such as measureReciprocalSpace() find. If one fails it is told why, as "profile_error":
    what was measured before, whole steps among it, is not lost."""
    row: dict = {}
    try:
        for measure in measures:
            row |= measure(context)
    except Exception as error:  # of whatever library
        row["profile_error"] = f"{type(error).__name__}: {error}"
    return row


def measureReciprocalSpace(context: openmm.Context) -> dict:
    """Return the times of the kernels of reciprocal space, computed alone; nothing where they cannot be seen."""
    kernels = measureKernels(context, {KSPACE_GROUP}, 20)
    if not kernels:
        return {}
    stages = sumStages(kernels, STAGES)
    return {"kernels_us": _rounded(kernels), "stages_us": stages, "kspace_us": sum(stages.values())}


def measureDirectSpace(context: openmm.Context, steps: int = 60) -> dict:
    """Return the times of the kernels of everything but reciprocal space; nothing where they cannot be seen.

    Lists are built every few steps, which is why there are several.
    """
    kernels = measureKernels(context, set(range(32)) - {KSPACE_GROUP}, steps)
    if not kernels:
        return {}
    stages = sumStages(kernels, DIRECT_STAGES)
    return {"direct_kernels_us": _rounded(kernels), "direct_stages_us": stages, "direct_us": sum(stages.values())}


def _rounded(kernels: dict[str, float]) -> dict[str, float]:
    return {name: round(time, 2) for name, time in sorted(kernels.items())}


def measureError(system: openmm.System, context: openmm.Context) -> dict[str, float]:
    """Return the error of the electrostatic forces at a Context's positions."""
    force = findTunable(system)
    if force is None:
        system, force = makeMeasurable(system, context)
        platform = context.getPlatform()
        names = platform.getPropertyNames()
        properties = {name: platform.getPropertyValue(context, name) for name in names}
        other = openmm.Context(system, openmm.VerletIntegrator(0.001), platform, properties)
        other.setPositions(context.getState(positions=True).getPositions(asNumpy=True))
        context = other
    error = force.measureForceErrorInContext(context, ERROR_PARTICLES)
    return {"force_error": error.absolute.value_in_unit(FORCE), "relative_force_error": error.relative}


def findParameters(system: openmm.System, context: openmm.Context) -> dict:
    """Return what a Context runs with: the split's alpha (of ESP that of the Gaussian with the same second moment) in
    1/nm, and the grid."""
    force = findNonbonded(system)
    tunable = findTunable(system)
    alpha, *grid = (tunable or force).getPMEParametersInContext(context)
    return {"alpha_per_nm": alpha, "grid": grid}


def findFreeMemory() -> int:
    """Return the free memory of the GPU, bytes; 0 without one."""
    import torch

    return torch.cuda.mem_get_info()[0] if torch.cuda.is_available() else 0
