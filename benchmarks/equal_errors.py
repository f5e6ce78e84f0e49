# SPDX-License-Identifier: MIT
"""Settings with which OpenMM's PME and our SPME have the error that ESP has at a tolerance, for ions_and_water.py.

For rock salt, its melt, water, and a protein in water, each in equilibrium: the error of the electrostatic forces with
ESP at each tolerance, and, for each cutoff, the largest tolerance with which OpenMM's PME has no larger one; likewise
for the force error of our SPME at the cutoff of the System. In double on platform Reference, so that it is the error of
the parameters alone; it depends on no size of box or machine.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import openmm
from common.electrolytes import (
    Electrolyte,
    createMeltCell,
    createProtein,
    createSalt,
    createWater,
    equilibrate,
    prepare,
)
from common.electrostatics_rows import findParameters, measureError
from common.results import ResultFile
from common.runner import console
from contestants.electrostatics import SystemPair, findNonbonded
from contestants.equal_error import EqualError

CUTOFFS = {"NaCl": (0.9, 1.0, 1.2, 1.4), "NaCl melt": (0.9, 1.0, 1.2, 1.4), "water": (0.8, 0.9, 1.0, 1.2)}
CUTOFFS["protein"] = (0.9, 1.0, 1.2)  # nm
STEPS = 6  # of the bisection: to 4 percent of the tolerance


def parseArguments() -> argparse.Namespace:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--systems", nargs="+", default=list(CUTOFFS), choices=list(CUTOFFS))
    parser.add_argument("--tolerances", type=float, nargs="+", default=[5e-4, 1e-4, 1e-5])
    parser.add_argument("--salt", type=int, default=8, help="unit cells along an edge (default: %(default)s)")
    parser.add_argument("--starts", type=Path, help="folder that keeps systems in equilibrium")
    parser.add_argument("--equilibration", type=int, default=2000, help="steps of what is not kept there")
    parser.add_argument("--platform", default="Reference", help="for errors (default: %(default)s)")
    parser.add_argument(
        "--error",
        type=float,
        help="relative error to match, where ESP on another platform has another (default: ESP's here)",
    )
    parser.add_argument("--output", type=Path, help="JSON file (default: results/equal_errors-<date>.json)")
    return parser.parse_args()


def createElectrolyte(name: str, arguments: argparse.Namespace) -> Electrolyte:
    """Return a system in equilibrium."""
    steps, starts = arguments.equilibration, arguments.starts
    if name == "NaCl":
        return equilibrate(createSalt(arguments.salt), steps, "CPU", {})
    if name == "water":
        return createWater((1, 1, 1), "CPU", {}, starts)
    return prepare(createMeltCell() if name == "NaCl melt" else createProtein(), steps, "CPU", {}, starts)


class ErrorBench:
    """Measures the error of contestants in one system."""

    def __init__(self, electrolyte: Electrolyte, platform: str) -> None:
        self._positions, self._platform = electrolyte.positions, openmm.Platform.getPlatformByName(platform)
        self._systems = SystemPair(electrolyte.system)

    def measure(self, contestant: EqualError) -> dict:
        """Return the error of a contestant, its cutoff and its grid."""
        system = contestant.configure(self._systems)
        context = openmm.Context(system, openmm.VerletIntegrator(0.001), self._platform)
        context.setPositions(self._positions)
        cutoff = findNonbonded(system).getCutoffDistance()
        return {"cutoff_nm": cutoff._value, **measureError(system, context), **findParameters(system, context)}

    def findSetting(
        self, make: Callable[[float], EqualError], least: float, most: float, target: float
    ) -> tuple[float, dict]:
        """Return the largest setting between two whose relative error is not above a target, and what was measured.

        Raises ValueError if that of the least one is.
        """
        best, found = least, self.measure(make(least))
        if found["relative_force_error"] > target:
            raise ValueError(f"{make(least).label}: the error is {found['relative_force_error']:.2e} at {least:.1e}")
        for _ in range(STEPS):
            middle = math.sqrt(best * most)
            here = self.measure(make(middle))
            if here["relative_force_error"] <= target:
                best, found = middle, here
            else:
                most = middle
        return best, found


def findRows(bench: ErrorBench, system: str, tolerance: float, error: float | None) -> Iterator[dict]:
    """Yield the rows of one system and one tolerance. An error takes the place of that which ESP has here."""
    label = f"{system}, tolerance {tolerance:g}"
    esp = bench.measure(EqualError("esp", f"{label}, ESP", "double", tolerance, "ESP"))
    if error is not None:
        here = esp["relative_force_error"]
        esp |= {"relative_force_error": error, "force_error": esp["force_error"] * error / here}
        esp["relative_force_error_here"] = here
    common = {"system": system, "tolerance": tolerance}
    yield {**common, "name": "esp", "setting": tolerance, **esp}
    target = esp["relative_force_error"]

    def makeSPME(setting: float) -> EqualError:
        return EqualError("spme", f"{label}, SPME", "double", tolerance, "SPME", forceError=setting)

    yield {**common, "name": "openmm-same", "setting": tolerance, **bench.measure(EqualError("", "", "", tolerance))}
    for cutoff in CUTOFFS[system]:

        def makePME(setting: float, cutoff: float = cutoff) -> EqualError:
            return EqualError("openmm", f"{label}, OpenMM, {cutoff} nm", "double", setting, cutoff=cutoff)

        setting, found = bench.findSetting(makePME, tolerance / 64, tolerance, target)
        yield {**common, "name": "openmm", "setting": setting, **found}
    setting, found = bench.findSetting(makeSPME, esp["force_error"] / 4, esp["force_error"] * 8, target)
    yield {**common, "name": "spme", "setting": setting, **found}


def main() -> None:
    """Search; print each row, and write the results row by row."""
    arguments = parseArguments()
    results = ResultFile("equal_errors", vars(arguments), arguments.output)
    for name in arguments.systems:
        bench = ErrorBench(createElectrolyte(name, arguments), arguments.platform)
        for tolerance in arguments.tolerances:
            for row in findRows(bench, name, tolerance, arguments.error):
                results.add(row)
                console.print(
                    f"{name} {tolerance:g} {row['name']}: {row['setting']:.3g} at {row['cutoff_nm']:g} nm, error "
                    f"{row['relative_force_error']:.2e} ({row['force_error']:.3g} kJ/mol/nm), grid {row['grid']}",
                    highlight=False,
                    soft_wrap=True,
                )
    console.print(f"written to {results.path}", soft_wrap=True)


if __name__ == "__main__":
    main()
