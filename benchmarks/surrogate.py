# SPDX-License-Identifier: MIT
"""Whole steps of liquid argon on a GPU, side by side: OpenMM's forces, SurrogateForce by table and by network in every
numeric format, the report's way (JAX on dense neighbor arrays) and compiled PyTorch on given pairs.

Each size is melted once, and all contestants go on from there. Whole steps are Langevin steps with all neighbor
searching; what computes only forces of fixed pairs is in parentheses.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from common.contestant import Setting
from common.plans import addPlanOptions, makePlan
from common.results import ResultFile
from common.runner import console, runSizes
from common.table import makeTable
from common.turns import addTurnsOption, findIdlePower
from contestants import findContestants

SIZES = [6078, 12156, 24312, 48624, 60780, 64000, 256000, 1000000, 4000000]


def parseArguments() -> argparse.Namespace:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--atoms", type=int, nargs="+", default=SIZES)
    parser.add_argument("--contestants", nargs="+", default=["all"], help="names, or all (default)")
    parser.add_argument("--platform", default="CUDA", help="OpenMM's (default: %(default)s)")
    parser.add_argument("--precision", default="single", choices=["single", "mixed", "double"], help="of CUDA Contexts")
    parser.add_argument("--threads", type=int, help="of platform CPU; default: OpenMM's, one per core")
    addPlanOptions(parser, seconds=1.0, repeats=3, maximumSeconds=15.0, settlingSteps=300)
    parser.add_argument("--minimum-steps", type=int, default=1000, help="in all windows (default: %(default)s)")
    parser.add_argument("--starts", type=Path, help="folder that keeps melted liquids for a later call")
    addTurnsOption(parser)
    parser.add_argument("--interleave", action="store_true", help="contestants take turns")
    parser.add_argument("--output", type=Path, help="JSON file (default: results/surrogate-<date>.json)")
    return parser.parse_args()


def findSetting(arguments: argparse.Namespace) -> Setting:
    """Return where the contestants run."""
    if arguments.platform == "CUDA":
        return Setting("CUDA", {"Precision": arguments.precision})
    if arguments.platform == "CPU" and arguments.threads is not None:
        return Setting("CPU", {"Threads": str(arguments.threads)})
    return Setting(arguments.platform, {})


def main() -> None:
    """Measure; print each row, and a table at the end; write the results row by row."""
    arguments = parseArguments()
    setting = findSetting(arguments)
    plan = makePlan(arguments, arguments.minimum_steps)
    settings = {**vars(arguments), "idle_W": findIdlePower(arguments)}
    settings["load_average"] = os.getloadavg()  # other work slows contestants down unequally
    results = ResultFile("surrogate" if setting.platform == "CUDA" else "surrogate_cpu", settings, arguments.output)
    contestants = findContestants(arguments.contestants)
    for row in runSizes(
        arguments.atoms, contestants, setting, plan, arguments.interleave, arguments.starts, arguments.turns
    ):
        results.add(row)
        console.print(f"{row['atoms']} {row['name']} {row.get('error', row.get('ms_per_step'))}", highlight=False)
    console.print(makeTable(results.rows))
    console.print(f"written to {results.path}", soft_wrap=True)


if __name__ == "__main__":
    main()
