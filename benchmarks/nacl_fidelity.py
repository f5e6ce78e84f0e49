# SPDX-License-Identifier: MIT
"""Sodium chloride, crystal and melt: the surrogate beside PME, and beside the classical ways to cut Coulomb's law off.

Of each way: forces in configurations that PME visits, mean potential energy and g(r) at constant volume, the lattice
constant at 1 bar (for the melt that of a crystal of its density), velocity autocorrelation and density of states, and
the drift of the total energy. All start from the same configuration, equilibrated with PME.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path

from common import salt_runs
from common.results import ResultFile
from common.runner import console
from common.salt import (
    CUTOFFS,
    EXACT,
    PHASES,
    PME,
    Machine,
    Phase,
    createLattice,
    equilibrate,
    makeClassicalWays,
    makeSurrogate,
)
from common.salt_runs import Times
from contestants.salt import COARSE
from rich.table import Table

DETAILED_CUTOFF = 1.0  # nm; the truncations are simulated at this one, and compared statically at all


def parseArguments() -> argparse.Namespace:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phases", nargs="+", default=list(PHASES), choices=list(PHASES))
    parser.add_argument("--cells", type=int, default=8, help="unit cells along an edge (default: %(default)s)")
    parser.add_argument("--cutoffs", type=float, nargs="+", default=list(CUTOFFS), help="nm")
    parser.add_argument("--ways", nargs="+", help="names, in the order wanted after PME (default: all)")
    parser.add_argument("--models", type=Path, help="folder of the models (default: those of the package)")
    parser.add_argument("--equilibration", type=float, default=15.0, help="ps")
    parser.add_argument("--settling", type=float, default=4.0, help="ps")
    parser.add_argument("--constant-volume", type=float, default=30.0, help="ps")
    parser.add_argument("--constant-pressure", type=float, default=40.0, help="ps")
    parser.add_argument("--energy-conservation", type=float, default=40.0, help="ps")
    parser.add_argument("--spectrum", type=float, default=8.0, help="ps")
    parser.add_argument("--platform", default="CUDA")
    parser.add_argument("--precision", default="mixed", choices=["single", "mixed", "double"], help="of CUDA Contexts")
    parser.add_argument("--output", type=Path, help="JSON file (default: results/nacl_fidelity-<date>.json)")
    return parser.parse_args()


def measurePhase(
    phase: Phase, arguments: argparse.Namespace, machine: Machine, exact: Machine, results: ResultFile
) -> None:
    """Measure all ways in one phase, and add their rows."""
    times = Times(
        arguments.settling,
        arguments.constant_volume,
        arguments.constant_pressure,
        arguments.energy_conservation,
        sampleInterval=min(0.1, min(arguments.constant_volume, arguments.constant_pressure) / 20.0),
        frameInterval=min(1.0, arguments.constant_volume / 20.0),
        spectrum=arguments.spectrum,
    )
    lattice = createLattice(phase, 3 * (arguments.cells,))
    start = equilibrate(lattice, PME, machine, arguments.equilibration)
    surrogates = [makeSurrogate(cutoff, folder=arguments.models) for cutoff in arguments.cutoffs]
    # As nacl.py times it.
    surrogates.append(makeSurrogate(DETAILED_CUTOFF, folder=arguments.models, tolerance=COARSE))
    truncations = [way for cutoff in arguments.cutoffs for way in makeClassicalWays(cutoff)]
    simulated = {f"{kind}-{DETAILED_CUTOFF}" for kind in ("rf", "wolf", "dsf")}
    frames = reference = None
    found = {way.name: way for way in (*surrogates, *truncations)}
    for way in (PME, *(found[name] for name in arguments.ways or found)):
        begin = time.perf_counter()
        row: dict = {"phase": phase.name, "name": way.name, "label": way.label, "ions": len(start.names)}
        whole = way not in truncations
        if whole or way.name in simulated:
            values, state, visited = salt_runs.runConstantVolume(start, way, machine, times)
            if way is PME:
                frames = visited[:: max(1, len(visited) // 10)]
                reference = salt_runs.computeForces(start, frames, EXACT, exact)
            row |= values
            row |= salt_runs.runConstantPressure(start, way, machine, times)
            row |= salt_runs.runConstantEnergy(
                state, way, machine, times if whole else dataclasses.replace(times, energyConservation=0.0)
            )
        row |= salt_runs.compareStatically(start, frames, reference, way, exact)[0]
        results.add(row | {"seconds": time.perf_counter() - begin})
        console.print(describe(row), highlight=False)


def describe(row: dict) -> str:
    """Return a line about a way."""
    text = f"{row['phase']} {row['label']}: R2 {row['component_r2']:.5f}"
    if "U_kJ_per_mol" in row:
        text += (
            f", U {row['U_kJ_per_mol']:.3f} +- {row['U_standard_error']:.3f}, a {row['lattice_constant_nm']:.5f} +- "
            f"{row['standard_error_nm']:.5f} nm, LO {row['charge_current']['longitudinal_mean_THz']:.2f} THz"
        )
    if "drift_kT_per_ion_ns" in row:
        text += f", drift {row['drift_kT_per_ion_ns']:+.1e} +- {row['drift_standard_error']:.0e} kT/ion/ns"
    return text


def makeTable(rows: list[dict]) -> Table:
    """Return the main numbers as a table."""
    table = Table("phase", "way", "R2 of forces", "U, kJ/mol", "a, nm", "drift, kT/ion/ns")
    for row in rows:
        simulated = "U_kJ_per_mol" in row
        table.add_row(
            row["phase"],
            row["label"],
            f"{row['component_r2']:.5f}",
            f"{row['U_kJ_per_mol']:.3f}" if simulated else "",
            f"{row['lattice_constant_nm']:.5f}" if simulated else "",
            f"{row['drift_kT_per_ion_ns']:+.1e}" if "drift_kT_per_ion_ns" in row else "",
        )
    return table


def main() -> None:
    """Measure, print a line per way and a table, and write the results."""
    arguments = parseArguments()
    cuda = arguments.platform == "CUDA"
    machine = Machine(arguments.platform, {"Precision": arguments.precision} if cuda else {})
    exact = Machine(arguments.platform, {"Precision": "double"} if cuda else {})
    results = ResultFile("nacl_fidelity", vars(arguments), arguments.output)
    for name in arguments.phases:
        measurePhase(PHASES[name], arguments, machine, exact, results)
    console.print(makeTable(results.rows))
    console.print(f"written to {results.path}", soft_wrap=True)


if __name__ == "__main__":
    main()
