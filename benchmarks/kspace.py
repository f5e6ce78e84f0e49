# SPDX-License-Identifier: MIT
"""Electrostatics on a GPU: OpenMM's NonbondedForce beside TunablePMEForce, in all their precisions.

Rock salt (cutoff 1 nm, 1 fs) and water (TIP3P-FB, 0.9 nm, 2 fs) at 298 K, both with OpenMM's default error tolerance.
Each system is equilibrated once, and all go on from there. For each: time and energy of whole Langevin steps, the
times of the kernels of reciprocal space in further steps, the device memory of the Context, and the error of
the electrostatic forces against a converged Ewald sum; that of NonbondedForce is measured with its alpha, grid and
order in a TunablePMEForce.
"""

from __future__ import annotations

import argparse
import gc
import math
import os
import statistics
from collections.abc import Iterator
from pathlib import Path

import openmm
from common.electrolytes import Electrolyte, createContext, createSalt, createWater, equilibrate, parseCounts
from common.kernels import measureKernels, separateReciprocalSpace, sumStages
from common.measuring import Measurement, Plan, measureWindow, settle
from common.results import ResultFile
from common.runner import console
from contestants.electrostatics import Electrostatics, findContestants, findTunable, makeMeasurable
from contestants.openmm_md import ContextStepper
from openmm import unit

from openmmsurrogate.reporters import PowerMeter, measureIdlePower, openCounter

FORCE = unit.kilojoule_per_mole / unit.nanometer
ERROR_PARTICLES = 300  # whose forces are compared
REORDERING = 251  # steps after which OpenMM sorts its atoms on the host, which windows must contain equally often


def parseArguments() -> argparse.Namespace:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--salt", type=int, nargs="*", default=[10, 20, 32, 50], help="unit cells along an edge")
    parser.add_argument(
        "--water", type=parseCounts, nargs="*", default=[(2, 2, 2), (4, 4, 5)], help="boxes of 3,400 atoms, as 4x4x5"
    )
    parser.add_argument("--starts", type=Path, help="folder that keeps the box of water in equilibrium")
    parser.add_argument("--contestants", nargs="+", default=["all"], help="names, or all (default)")
    parser.add_argument("--platform", default="CUDA", help="OpenMM's (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.25, help="length of a window (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="windows (default: %(default)s)")
    parser.add_argument("--maximum-seconds", type=float, default=1.5, help="for all windows (default: %(default)s)")
    parser.add_argument("--settling-steps", type=int, default=150, help="before (default: %(default)s)")
    parser.add_argument("--equilibration", type=int, default=500, help="steps of each system (default: %(default)s)")
    parser.add_argument(
        "--error-atoms", type=int, default=70000, help="largest system whose error is measured (default: %(default)s)"
    )
    parser.add_argument("--everything", action="store_true", help="measure all contestants in all systems")
    parser.add_argument("--output", type=Path, help="JSON file (default: results/kspace-<date>.json)")
    return parser.parse_args()


def createElectrolytes(arguments: argparse.Namespace) -> Iterator[Electrolyte]:
    """Make and equilibrate one system after the other."""
    properties = {"Precision": "mixed"} if arguments.platform == "CUDA" else {}
    for numCells in arguments.salt:
        yield equilibrate(createSalt(numCells), arguments.equilibration, arguments.platform, properties)
    for counts in arguments.water:
        water = createWater(counts, arguments.platform, properties, arguments.starts)
        yield equilibrate(water, arguments.equilibration, arguments.platform, properties)


def measureError(contestant: Electrostatics, system: openmm.System, context: openmm.Context) -> dict[str, float]:
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
    force = next(force for force in system.getForces() if isinstance(force, openmm.NonbondedForce))
    tunable = findTunable(system)
    alpha, *grid = (tunable or force).getPMEParametersInContext(context)
    return {"alpha_per_nm": alpha, "grid": grid}


def findFreeMemory() -> int:
    """Return the free memory of the GPU, bytes; 0 without one."""
    import torch

    return torch.cuda.mem_get_info()[0] if torch.cuda.is_available() else 0


def measure(contestant: Electrostatics, electrolyte: Electrolyte, arguments: argparse.Namespace) -> dict:
    """Return the row of one contestant in one system."""
    isCuda = arguments.platform == "CUDA"
    plan = Plan(arguments.seconds, arguments.repeats, 100, arguments.maximum_seconds, arguments.settling_steps)
    system = contestant.createSystem(electrolyte.system)
    separateReciprocalSpace(system)
    free = findFreeMemory() if isCuda else 0
    context = createContext(electrolyte, system, arguments.platform, contestant.properties if isCuda else {})
    stepper = ContextStepper(context)
    measurement = Measurement(contestant, stepper)
    settle(measurement, plan)
    measurement.steps = math.ceil(measurement.steps / REORDERING) * REORDERING
    memory = free - findFreeMemory() if isCuda else 0
    with PowerMeter(openCounter() if isCuda else None) as meter:
        for _ in range(plan.repeats):
            measureWindow(measurement)
    milliseconds = measurement.milliseconds
    row = {
        "system": electrolyte.name,
        "atoms": electrolyte.numAtoms,
        "name": contestant.name,
        "label": contestant.label,
        "platform": arguments.platform,
        **contestant.properties,
        **findParameters(system, context),
        "steps": measurement.steps * len(milliseconds),
        "ms_per_step": statistics.median(milliseconds),
        "ms_per_step_range": [min(milliseconds), max(milliseconds)],
        "temperature_K": stepper.temperature(),
    }
    power = meter.findPower(measurement.windows)
    if power is not None:
        row["W"] = power
        row["J_per_step"] = power * statistics.mean(milliseconds) / 1000.0
    if electrolyte.numAtoms <= arguments.error_atoms:
        row.update(measureError(contestant, system, context))
    if isCuda:
        row["memory_MiB"] = memory / 2**20
        kernels = measureKernels(context)
        row["kernels_us"] = {name: round(time, 2) for name, time in sorted(kernels.items())}
        row["stages_us"] = sumStages(kernels)
        row["kspace_us"] = sum(row["stages_us"].values())
    return row


def describe(row: dict) -> str:
    """Return a line for the console."""
    if "error" in row:
        return f"{row['system']} {row['atoms']} {row['name']}: {row['error']}"
    text = f"{row['system']} {row['atoms']} {row['name']}: {row['ms_per_step']:.4g} ms/step"
    if "kspace_us" in row:
        stages = ", ".join(f"{stage} {time:.1f}" for stage, time in row["stages_us"].items())
        text += f", k-space {row['kspace_us']:.1f} us ({stages}), {row['memory_MiB']:.0f} MiB"
    text += f", alpha {row['alpha_per_nm']:.3f}, grid {row['grid']}"
    if "force_error" in row:
        text += f", force error {row['relative_force_error']:.2e}"
    return text


def main() -> None:
    """Measure; print each row, and write the results row by row."""
    arguments = parseArguments()
    contestants = findContestants(arguments.contestants)
    settings = {**vars(arguments), "load_average": os.getloadavg()}
    if arguments.platform == "CUDA":
        settings["idle_W"] = measureIdlePower()
    results = ResultFile("kspace", settings, arguments.output)
    for electrolyte in createElectrolytes(arguments):
        for contestant in contestants:
            smallest, largest = contestant.sizes
            if not arguments.everything and not smallest <= electrolyte.numAtoms <= largest:
                continue
            try:
                row = measure(contestant, electrolyte, arguments)
            except Exception as error:  # of whatever library: the others go on
                row = {
                    "system": electrolyte.name,
                    "atoms": electrolyte.numAtoms,
                    "name": contestant.name,
                    "label": contestant.label,
                    "error": f"{type(error).__name__}: {error}",
                }
            results.add(row)
            console.print(describe(row), highlight=False, soft_wrap=True)
            gc.collect()  # Contexts hold GPU memory
    console.print(f"written to {results.path}", soft_wrap=True)


if __name__ == "__main__":
    main()
