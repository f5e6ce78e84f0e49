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
import os
from collections.abc import Iterator
from pathlib import Path

from common.electrolytes import Electrolyte, createContext, createSalt, createWater, equilibrate, parseCounts
from common.electrostatics_rows import (
    findFreeMemory,
    findParameters,
    measureError,
    measureReciprocalSpace,
    measureSteps,
    profileForces,
)
from common.kernels import separateReciprocalSpace
from common.plans import addPlanOptions, makePlan
from common.results import ResultFile
from common.runner import console
from contestants.electrostatics import Electrostatics, SystemPair, findContestants

from openmmsurrogate.reporters import measureIdlePower


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
    addPlanOptions(parser, seconds=0.25, repeats=3, maximumSeconds=1.5, settlingSteps=150)
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


def measure(
    contestant: Electrostatics, electrolyte: Electrolyte, systems: SystemPair, arguments: argparse.Namespace
) -> dict:
    """Return the row of one contestant in one system."""
    isCuda = arguments.platform == "CUDA"
    plan = makePlan(arguments, minimumSteps=100)
    system = contestant.configure(systems)
    free = findFreeMemory() if isCuda else 0
    context = createContext(electrolyte, system, arguments.platform, contestant.properties if isCuda else {})
    row = {
        "system": electrolyte.name,
        "atoms": electrolyte.numAtoms,
        "name": contestant.name,
        "label": contestant.label,
        "platform": arguments.platform,
        **contestant.properties,
    }
    row |= measureSteps(contestant, context, plan)
    row |= findParameters(system, context)
    if electrolyte.numAtoms <= arguments.error_atoms:
        row |= measureError(system, context)
    if isCuda:
        row["memory_MiB"] = (free - findFreeMemory()) / 2**20
        row |= profileForces(context, measureReciprocalSpace)
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
        separateReciprocalSpace(electrolyte.system)
        systems = SystemPair(electrolyte.system)
        for contestant in contestants:
            smallest, largest = contestant.sizes
            if not arguments.everything and not smallest <= electrolyte.numAtoms <= largest:
                continue
            try:
                row = measure(contestant, electrolyte, systems, arguments)
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
