# SPDX-License-Identifier: MIT
"""Whole steps of sodium chloride on a GPU, side by side in one run: stock PME in each precision and at other cutoffs
with the same force error, TunablePMEForce at that error, and the surrogate without k-space as table and as network.

The crystal at 298 K, Langevin steps of 1 fs with all neighbor searching. On CUDA, windows of what uses OpenMM's
neighbor list hold a multiple of the steps after which OpenMM reorders the ions on the host, whatever --seconds is. The
force error of stock PME is measured in the crystal of ERROR_CELLS against a converged sum, and the targets of
TunablePMEForce are set so that it has the same there; then the force errors of all contestants are measured in that
crystal: those of PME are errors of arithmetic, those of the surrogate of its physics.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import openmm
from common.contestant import Setting
from common.measuring import Measurement, Plan, measureWindow, settle, summarize
from common.plans import addPlanOptions, makePlan
from common.results import ResultFile
from common.runner import console
from common.salt import EXACT, PHASES, Machine, Salt, createLattice, makeSurrogate, takeSalt
from common.salt_runs import computeForces
from common.table import makeTable
from common.turns import addTurnsOption, findIdlePower, takeTurn
from contestants.salt import SaltContestant, SaltSystems, makeContestants

from openmmsurrogate.reporters import PowerMeter, openCounter
from openmmsurrogate.study.provenance import describeDevice
from openmmsurrogate.study.timed_context import REORDERING_INTERVAL

CELLS = [10, 20, 32, 50, 63]  # 8,000 to 2,000,376 ions
SETTLING_STEPS = 500  # from the lattice to the crystal at 298 K
ERROR_CELLS = 10
ADJUSTMENTS = 5


def parseArguments() -> argparse.Namespace:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, nargs="*", default=CELLS, help="unit cells of 8 ions along an edge")
    parser.add_argument("--error-cells", type=int, default=ERROR_CELLS, help="of the crystal for force errors")
    parser.add_argument("--contestants", nargs="+", help="names, in the order wanted (default: all)")
    parser.add_argument("--starts", type=Path, help="folder that keeps equilibrated crystals for a later call")
    parser.add_argument("--errors", type=Path, help="JSON file that keeps measured force errors for a later call")
    parser.add_argument("--models", type=Path, help="folder of the models (default: those of the package)")
    parser.add_argument("--platform", default="CUDA", help="OpenMM's (default: %(default)s)")
    addPlanOptions(parser, seconds=0.3, repeats=3, maximumSeconds=5.0, settlingSteps=300)
    addTurnsOption(parser)
    parser.add_argument("--minimum-steps", type=int, default=30, help="in all windows (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="JSON file (default: results/nacl-<date>.json)")
    return parser.parse_args()


def makeCrystal(cells: int, arguments: argparse.Namespace) -> Salt:
    """Return the crystal at its temperature, by way of the fastest force there is: the surrogate's table."""
    salt = createLattice(PHASES["crystal"], 3 * (cells,))
    kept = None if arguments.starts is None else arguments.starts / f"crystal-{cells}.npz"
    if kept is not None and kept.exists():
        with np.load(kept) as arrays:
            return replace(salt, positions=arrays["positions"], velocities=arrays["velocities"])
    integrator = openmm.LangevinMiddleIntegrator(salt.phase.temperature, 5.0, 0.002)
    integrator.setRandomNumberSeed(1)
    machine = Machine(arguments.platform, {})
    forces = makeSurrogate(1.0, folder=arguments.models).createForces(salt.names, salt.phase)
    context = machine.createContext(salt, forces, integrator)
    integrator.step(SETTLING_STEPS)
    salt = takeSalt(context, salt)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, positions=salt.positions, velocities=salt.velocities)
    return salt


class ErrorMeter:
    """Force errors in one configuration, over the RMS force."""

    def __init__(self, systems: SaltSystems, platform: str) -> None:
        salt, self._systems, self._platform = systems.salt, systems, platform
        exact = Machine(platform, {"Precision": "double"} if platform == "CUDA" else {})
        self._reference = computeForces(salt, salt.positions[None], EXACT, exact)[0]
        self.rmsForce = float(np.sqrt(np.mean(np.sum(self._reference**2, axis=1))))

    def measure(self, contestant: SaltContestant) -> float:
        """Return the root mean square error of a contestant."""
        stepper = contestant.prepare(self._systems, findSetting(self._platform, contestant))
        error = stepper.computeForces(self._systems.salt) - self._reference
        return float(np.sqrt(np.mean(np.sum(error**2, axis=1)))) / self.rmsForce

    def findForceErrors(self) -> dict[str, float]:
        """Return the settings, kJ/mol/nm, at which TunablePMEForce has the error of stock PME."""
        stock = next(c for c in makeContestants({}) if c.name == "pme-single")
        wanted, result = self.measure(stock), {}
        for name in ("SPME", "ESP"):
            setting = wanted * self.rmsForce
            for _ in range(ADJUSTMENTS):  # its estimate is on the safe side
                result[name] = setting
                found = self.measure(next(c for c in makeContestants({name: setting}) if c.name == f"tunable-{name}"))
                if found > 0.9 * wanted:
                    break
                setting *= 0.97 * wanted / found
        return result


def findSetting(platform: str, contestant: SaltContestant) -> Setting:
    """Return where a contestant runs."""
    return Setting(platform, {"Precision": contestant.precision} if platform == "CUDA" else {})


def measureContestant(
    contestant: SaltContestant, systems: SaltSystems, platform: str, plan: Plan, pairs: float | None = None
) -> dict:
    """Return a row; if the contestant fails, one that says why. Pairs are counted if their number is not known."""
    setting, gpu = findSetting(platform, contestant), describeDevice()["gpu"] if platform == "CUDA" else None
    if contestant.reorders and platform == "CUDA":
        plan = replace(plan, multiple=REORDERING_INTERVAL)
    try:
        measurement = Measurement(contestant, contestant.prepare(systems, setting))
        settle(measurement, plan)
        with PowerMeter(openCounter() if platform == "CUDA" else None) as meter:
            for _ in range(plan.repeats):
                measureWindow(measurement)
        row = summarize(measurement, systems.salt.edge, setting, gpu, meter, pairs)
    except Exception as error:  # of whatever library: the others go on
        row = {"atoms": systems.salt.numAtoms, "name": contestant.name, "label": contestant.label}
        row["error"] = f"{type(error).__name__}: {error}"
    return row | {"cutoff_nm": contestant.cutoff}


def findErrors(arguments: argparse.Namespace) -> dict:
    """Return the settings of TunablePMEForce, and the force errors of contestants, measured or kept in a file."""
    if arguments.errors is not None and arguments.errors.exists():
        kept: dict = json.loads(arguments.errors.read_text())
        return kept
    with takeTurn(arguments.turns):
        systems = SaltSystems(makeCrystal(arguments.error_cells, arguments), arguments.models)
        meter = ErrorMeter(systems, arguments.platform)
        settings = meter.findForceErrors()
        names = arguments.contestants or [c.name for c in makeContestants(settings)]
        errors = {c.name: meter.measure(c) for c in makeContestants(settings) if c.hasPairs and c.name in names}
    result = {"force_error_settings_kJ_per_mol_nm": settings, "force_errors_over_rms_force": errors}
    console.print(f"force errors over the RMS force: {errors}", highlight=False)
    if arguments.errors is not None:
        arguments.errors.write_text(json.dumps(result))
    return result


def measureCrystal(
    cells: int, wanted: Sequence[SaltContestant], plan: Plan, results: ResultFile, arguments: argparse.Namespace
) -> None:
    """Measure contestants in one crystal; print and write each row."""
    systems = SaltSystems(createLattice(PHASES["crystal"], 3 * (cells,)), arguments.models)
    fitting = [contestant for contestant in wanted if systems.salt.numAtoms <= contestant.largest]
    for contestant in fitting:  # while others measure; if one fails its row will say why
        with contextlib.suppress(Exception):
            contestant.findSystem(systems)
    pairs: dict[float, float] = {}
    with takeTurn(arguments.turns):
        systems.salt = makeCrystal(cells, arguments)
        for contestant in fitting:
            row = measureContestant(contestant, systems, arguments.platform, plan, pairs.get(contestant.cutoff))
            if "pairs" in row:
                pairs[contestant.cutoff] = row["pairs"]  # a crystal has as many of them at any time
            results.add(row)
            text = row.get("error", f"{row.get('ms_per_step', 0.0):.4f} ms, {row.get('J_per_step', 0.0):.4f} J")
            console.print(f"{row['atoms']} {row['name']} {text}", highlight=False)
            gc.collect()  # Contexts hold GPU memory


def main() -> None:
    """Measure; print each row, and a table at the end; write the results row by row."""
    arguments = parseArguments()
    plan = makePlan(arguments, arguments.minimum_steps)
    settings = {**vars(arguments), "load_average": os.getloadavg(), "idle_W": findIdlePower(arguments)}
    settings |= findErrors(arguments)
    found = {c.name: c for c in makeContestants(settings["force_error_settings_kJ_per_mol_nm"])}
    wanted = [found[name] for name in arguments.contestants or found]
    results = ResultFile("nacl", settings, arguments.output)
    results.write()  # without cells there are force errors alone
    for cells in arguments.cells:
        measureCrystal(cells, wanted, plan, results, arguments)
    console.print(makeTable(results.rows))
    console.print(f"written to {results.path}", soft_wrap=True)


if __name__ == "__main__":
    main()
