# SPDX-License-Identifier: MIT
"""Ions and water at equal measured force error: OpenMM's NonbondedForce beside TunablePMEForce with SPME and ESP.

Rock salt and its melt, water, and a protein in water, in equilibrium. For each tolerance: OpenMM's PME with that
tolerance, OpenMM's PME at several cutoffs and our SPME with the error that ESP has (equal_errors.py finds the
settings), and ESP. Whole Langevin steps in time and joules; of some the kernels of reciprocal space, and of the rest,
each computed alone; the error of the forces on the GPU in small systems.

Rows are written one by one. With --resume those that the file has are left out. Several calls that are given the same
file for --turns can be started together: they make their systems at the same time, and measure in turn.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import openmm
from common.electrolytes import (
    EQUILIBRATION_FRICTION,
    FRICTION,
    Electrolyte,
    createContext,
    createMeltCell,
    createProtein,
    createSalt,
    createWater,
    parseCounts,
    prepare,
    repeat,
)
from common.electrostatics_rows import (
    findParameters,
    measureDirectSpace,
    measureError,
    measureReciprocalSpace,
    measureSteps,
    profileForces,
)
from common.kernels import separateReciprocalSpace, warmUpProfiler
from common.plans import addPlanOptions, makePlan
from common.results import ResultFile, loadLatest
from common.runner import console
from common.turns import addTurnsOption, findIdlePower, takeTurn
from contestants.electrostatics import SystemPair, findNonbonded
from contestants.equal_error import DEFAULT_TOLERANCE, PROFILED, EqualError, makeContestants

EQUAL_CUTOFFS = (0.9, 1.0, 1.2, 1.4)  # nm, of OpenMM with the error of ESP, where equal_errors.py has them
CONTESTANTS = (
    *("esp-single", "openmm-single", "esp-mixed", "openmm-mixed", "spme-single"),
    *(f"openmm-single-{cutoff:g}" for cutoff in EQUAL_CUTOFFS),
)


def parseArguments() -> argparse.Namespace:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--salt", type=int, nargs="*", default=[10, 20, 32, 50, 63, 80], help="unit cells along an edge"
    )
    parser.add_argument("--melt", type=parseCounts, nargs="*", default=[(4, 4, 4)], help="boxes of 4,096 ions")
    parser.add_argument(
        "--water", type=parseCounts, nargs="*", default=[(2, 2, 2), (4, 4, 5), (6, 7, 7)], help="boxes of 3,400 atoms"
    )
    parser.add_argument("--protein", action=argparse.BooleanOptionalAction, default=True, help="23,000 atoms")
    parser.add_argument("--tolerances", type=float, nargs="+", default=[5e-4, 1e-4, 1e-5])
    parser.add_argument("--contestants", nargs="+", default=list(CONTESTANTS), help="names (default: %(default)s)")
    parser.add_argument("--starts", type=Path, help="folder that keeps systems in equilibrium")
    parser.add_argument("--equal-errors", type=Path, help="results of equal_errors.py (default: the latest)")
    parser.add_argument("--platform", default="CUDA", help="OpenMM's (default: %(default)s)")
    addPlanOptions(parser, seconds=0.25, repeats=2, maximumSeconds=1.0, settlingSteps=150)
    parser.add_argument("--equilibration", type=int, default=300, help="steps of a large system (default: %(default)s)")
    parser.add_argument(
        "--error-atoms", type=int, default=30000, help="largest system whose error is measured (default: %(default)s)"
    )
    parser.add_argument("--speed", action=argparse.BooleanOptionalAction, default=True, help="or errors alone")
    parser.add_argument(
        "--kernels",
        action=argparse.BooleanOptionalAction,
        default=True,
        help=f"measure their times, of {', '.join(PROFILED)} at {DEFAULT_TOLERANCE:g}",
    )
    addTurnsOption(parser)
    parser.add_argument("--resume", action="store_true", help="go on with the output file")
    parser.add_argument("--output", type=Path, help="JSON file (default: results/ions_and_water-<date>.json)")
    return parser.parse_args()


def listElectrolytes(arguments: argparse.Namespace) -> Iterator[Callable[[], Electrolyte]]:
    """Yield functions that make the systems asked for. All but the crystal are copies of a small one in equilibrium."""
    platform, starts = arguments.platform, arguments.starts
    properties = {"Precision": "mixed"} if platform == "CUDA" else {}
    for cells in arguments.salt:
        yield lambda cells=cells: createSalt(cells)
    for counts in arguments.melt:
        yield lambda counts=counts: repeat(prepare(createMeltCell(), 9000, platform, properties, starts), counts)
    for counts in arguments.water:
        yield lambda counts=counts: createWater(counts, platform, properties, starts)
    if arguments.protein:
        yield lambda: prepare(createProtein(), 2500, platform, properties, starts)


class Bench:
    """Measures contestants in one system, one after the other; all go on from where the first has brought it."""

    def __init__(self, electrolyte: Electrolyte, arguments: argparse.Namespace) -> None:
        self._arguments, self._electrolyte, self._isFirst = arguments, electrolyte, True
        separateReciprocalSpace(electrolyte.system)
        self._systems = SystemPair(electrolyte.system)

    @property
    def electrolyte(self) -> Electrolyte:
        """The system as it is now."""
        return self._electrolyte

    def measure(self, contestant: EqualError, tolerance: float) -> dict:
        """Return the row of a contestant."""
        arguments, electrolyte = self._arguments, self._electrolyte
        isCuda = arguments.platform == "CUDA"
        properties = contestant.properties if isCuda else {}
        start = time.perf_counter()
        system = contestant.configure(self._systems)
        context = createContext(electrolyte, system, arguments.platform, properties)
        if self._isFirst:
            self._equilibrate(context)
        row = self.describe(contestant, tolerance)
        row["cutoff_nm"] = findNonbonded(system).getCutoffDistance()._value
        if arguments.speed:
            plan = makePlan(arguments, minimumSteps=100)
            row |= measureSteps(contestant, context, plan)
            if isCuda and arguments.kernels and contestant.name in PROFILED and tolerance == DEFAULT_TOLERANCE:
                row |= profileForces(context, measureReciprocalSpace, measureDirectSpace)
        row |= findParameters(system, context)
        if electrolyte.numAtoms <= arguments.error_atoms:
            row |= measureError(system, context)
        return row | {"seconds": round(time.perf_counter() - start, 2)}

    def describe(self, contestant: EqualError, tolerance: float) -> dict:
        """Return what a row begins with."""
        isCuda = self._arguments.platform == "CUDA"
        return {
            "system": self._electrolyte.name,
            "atoms": self._electrolyte.numAtoms,
            "volume_nm3": self._electrolyte.volume,
            "tolerance": tolerance,
            "name": contestant.name,
            "label": contestant.label,
            "platform": self._arguments.platform,
            **(contestant.properties if isCuda else {}),
        }

    def _equilibrate(self, context: openmm.Context) -> None:
        """Let copies of a small system become different, and a lattice warm."""
        integrator = context.getIntegrator()
        integrator.setFriction(EQUILIBRATION_FRICTION)
        integrator.step(self._arguments.equilibration)
        integrator.setFriction(FRICTION)
        state = context.getState(positions=True, velocities=True)
        self._electrolyte = dataclasses.replace(
            self._electrolyte,
            positions=state.getPositions(asNumpy=True)._value,
            velocities=state.getVelocities(asNumpy=True)._value,
        )
        self._isFirst = False


def measureSystem(create: Callable[[], Electrolyte], equal: list[dict], results: ResultFile, arguments) -> None:
    """Measure all contestants in one system."""
    bench = Bench(create(), arguments)
    name, atoms = bench.electrolyte.name, bench.electrolyte.numAtoms
    done = {(row["system"], row["atoms"], row["tolerance"], row["name"]) for row in results.rows if "error" not in row}
    with takeTurn(arguments.turns):
        for tolerance in arguments.tolerances:
            found = makeContestants(name, tolerance, equal)
            for contestant in (found[wanted] for wanted in arguments.contestants if wanted in found):
                if (name, atoms, tolerance, contestant.name) in done:
                    continue
                try:
                    row = bench.measure(contestant, tolerance)
                except Exception as error:  # of whatever library: the others go on
                    row = bench.describe(contestant, tolerance) | {"error": f"{type(error).__name__}: {error}"}
                results.add(row)
                console.print(describe(row), highlight=False, soft_wrap=True)
                gc.collect()  # Contexts hold GPU memory


def describe(row: dict) -> str:
    """Return a line for the console."""
    text = f"{row['system']} {row['atoms']} {row['tolerance']:g} {row['name']}: "
    if "error" in row:
        return text + row["error"]
    if "ms_per_step" in row:
        text += f"{row['ms_per_step']:.4g} ms"
    if "J_per_step" in row:
        text += f", {row['J_per_step']:.3g} J"
    if "direct_us" in row:
        text += f", k-space {row['kspace_us']:.0f}, rest {row['direct_us']:.0f} us"
    text += f", profile: {row['profile_error']}" if "profile_error" in row else ""
    text += f", grid {row['grid']}"
    if "force_error" in row:
        text += f", error {row['relative_force_error']:.2e}"
    return text + f" ({row['seconds']:.1f} s)"


def main() -> None:
    """Measure; print each row, and write the results row by row."""
    arguments = parseArguments()
    equal = loadLatest("equal_errors", arguments.equal_errors)["rows"]
    unknown = (
        set(arguments.contestants)
        - set(makeContestants("NaCl", 5e-4, equal))
        - {name for row in equal for name in makeContestants(row["system"], row["tolerance"], equal)}
    )
    if unknown:
        raise ValueError(f"there is no contestant {sorted(unknown)[0]!r}")
    settings = {**vars(arguments), "load_average": os.getloadavg(), "idle_W": findIdlePower(arguments)}
    if arguments.platform == "CUDA" and arguments.speed and arguments.kernels:
        warmUpProfiler()  # before others measure
    results = ResultFile("ions_and_water", settings, arguments.output, arguments.resume)
    for create in listElectrolytes(arguments):
        measureSystem(create, equal, results, arguments)
    console.print(f"written to {results.path}", soft_wrap=True)


if __name__ == "__main__":
    main()
