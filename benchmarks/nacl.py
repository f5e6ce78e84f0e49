# SPDX-License-Identifier: MIT
"""Whole steps of sodium chloride on a GPU, side by side in one run: stock PME in each precision and at other cutoffs
with the same force error, TunablePMEForce at that error, and the surrogate without k-space as table and as network.

The crystal at 298 K, Langevin steps of 1 fs with all neighbor searching. Up to ERROR_IONS ions each contestant's force
error is measured as well, against a converged sum: those of PME are errors of arithmetic, those of the surrogate of its
physics.
"""

from __future__ import annotations

import argparse
import gc
import os
from pathlib import Path

import numpy as np
import openmm
from common.contestant import Setting
from common.measuring import Plan
from common.results import ResultFile
from common.runner import console, runGroup
from common.salt import EXACT, PHASES, Machine, Salt, createLattice, makeSurrogate, takeSalt
from common.salt_runs import computeForces
from common.table import makeTable
from contestants.salt import SaltContestant, SaltSystems, makeContestants

from openmmsurrogate.reporters import measureIdlePower
from openmmsurrogate.study.provenance import describeDevice

CELLS = [10, 20, 32, 50, 63]  # 8,000 to 2,000,376 ions
SETTLING_STEPS = 500  # from the lattice to the crystal at 298 K
ERROR_IONS = 64000


def parseArguments() -> argparse.Namespace:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, nargs="+", default=CELLS, help="unit cells of 8 ions along an edge")
    parser.add_argument("--contestants", nargs="+", help="names (default: all)")
    parser.add_argument("--models", type=Path, help="folder of the models (default: those of the package)")
    parser.add_argument("--platform", default="CUDA", help="OpenMM's (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.3, help="length of a window (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="windows (default: %(default)s)")
    parser.add_argument("--minimum-steps", type=int, default=30, help="in all windows (default: %(default)s)")
    parser.add_argument("--maximum-seconds", type=float, default=5.0, help="for all windows of a contestant")
    parser.add_argument("--settling-steps", type=int, default=300, help="before (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="JSON file (default: results/nacl-<date>.json)")
    return parser.parse_args()


def makeCrystal(cells: int, arguments: argparse.Namespace) -> Salt:
    """Return the crystal at its temperature, by way of the fastest force there is: the surrogate's table."""
    salt = createLattice(PHASES["crystal"], 3 * (cells,))
    integrator = openmm.LangevinMiddleIntegrator(salt.phase.temperature, 5.0, 0.002)
    integrator.setRandomNumberSeed(1)
    machine = Machine(arguments.platform, {})
    forces = makeSurrogate(1.0, folder=arguments.models).createForces(salt.names, salt.phase)
    context = machine.createContext(salt, forces, integrator)
    integrator.step(SETTLING_STEPS)
    return takeSalt(context, salt)


class ErrorMeter:
    """Force errors of contestants in one configuration."""

    def __init__(self, salt: Salt, platform: str) -> None:
        self._platform = platform
        exact = Machine(platform, {"Precision": "double"} if platform == "CUDA" else {})
        self._reference = computeForces(salt, salt.positions[None], EXACT, exact)[0]
        self.rmsForce = float(np.sqrt(np.mean(np.sum(self._reference**2, axis=1))))

    def measure(self, contestant: SaltContestant, properties: dict[str, str]) -> float:
        """Return the root mean square error over the RMS force."""
        context = contestant.createContext(self._platform, properties)
        forces = context.getState(forces=True).getForces(asNumpy=True)._value
        return float(np.sqrt(np.mean(np.sum((forces - self._reference) ** 2, axis=1)))) / self.rmsForce


def main() -> None:
    """Measure; print each row, and a table at the end; write the results row by row."""
    arguments = parseArguments()
    cuda = arguments.platform == "CUDA"
    plan = Plan(
        arguments.seconds,
        arguments.repeats,
        arguments.minimum_steps,
        arguments.maximum_seconds,
        arguments.settling_steps,
    )
    settings = {**vars(arguments), "load_average": os.getloadavg()}
    if cuda:
        settings["idle_W"] = measureIdlePower()
    gpu = describeDevice()["gpu"] if cuda else None
    results = ResultFile("nacl", settings, arguments.output)
    forceError: float | None = None  # of stock PME, kJ/mol/nm
    for cells in arguments.cells:
        salt = makeCrystal(cells, arguments)
        systems = SaltSystems(salt, arguments.models)
        meter = ErrorMeter(salt, arguments.platform) if salt.numAtoms <= ERROR_IONS else None
        if meter is not None:
            stock = next(c for c in makeContestants(systems, None) if c.name == "pme-single")
            forceError = meter.rmsForce * meter.measure(stock, {"Precision": stock.precision} if cuda else {})
        for contestant in makeContestants(systems, forceError):
            if salt.numAtoms > contestant.largest or contestant.name not in (
                arguments.contestants or [contestant.name]
            ):
                continue
            properties = {"Precision": contestant.precision} if cuda else {}
            for row in runGroup([contestant], salt, Setting(arguments.platform, properties), plan, gpu):
                row["cutoff_nm"] = contestant.cutoff
                if meter is not None and contestant.hasPairs and "error" not in row:
                    row["force_error"] = meter.measure(contestant, properties)
                results.add(row)
                text = row.get("error", f"{row.get('ms_per_step', 0.0):.4f} ms, {row.get('J_per_step', 0.0):.4f} J")
                console.print(f"{row['atoms']} {row['name']} {text} {row.get('force_error', '')}", highlight=False)
            gc.collect()  # Contexts hold GPU memory
    console.print(makeTable(results.rows))
    console.print(f"written to {results.path}", soft_wrap=True)


if __name__ == "__main__":
    main()
