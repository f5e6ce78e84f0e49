# SPDX-License-Identifier: MIT
"""Whole steps of liquid argon on OpenMM's CPU platform: SurrogateForce's table beside NonbondedForce, on all cores."""

from __future__ import annotations

import argparse
import os

from common.argon import createContext, createSurrogate, liquid_argon
from common.results import writeResults
from common.stepping import Contestant, race
from rich.console import Console
from rich.table import Table

from openmmsurrogate import SurrogateForce

SETTLING_STEPS = 1500  # melting


def measureSize(numAtoms: int, arguments: argparse.Namespace) -> list[dict]:
    """Measure one system size: a crystal with the last atoms left out, melted in a box of the liquid's density."""
    numCells = 1
    while 4 * numCells**3 < numAtoms:
        numCells += 1
    positions, edge = liquid_argon.createLattice(numCells)
    newEdge = (numAtoms / liquid_argon.NUMBER_DENSITY) ** (1.0 / 3.0)
    positions = positions[:numAtoms] * (newEdge / edge)
    forces = {
        "OpenMM NonbondedForce": liquid_argon.createLennardJones(numAtoms),
        "SurrogateForce, table, single": createSurrogate(numAtoms, SurrogateForce.Table, SurrogateForce.Single),
        "SurrogateForce, table, double": createSurrogate(numAtoms, SurrogateForce.Table, SurrogateForce.Double),
    }
    properties = {} if arguments.threads is None else {"Threads": str(arguments.threads)}
    contestants = [
        Contestant(label, createContext(positions, newEdge, force, "CPU", properties))
        for label, force in forces.items()
    ]
    rows = race(contestants, SETTLING_STEPS, arguments.seconds, arguments.repeats)
    reference = rows[0]["ms_per_step"]
    return [{"atoms": numAtoms, **row, "relative_time": row["ms_per_step"] / reference} for row in rows]


def main() -> None:
    """Measure, print a table, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--atoms", type=int, nargs="+", default=[1500, 6000, 24000])
    parser.add_argument("--threads", type=int, help="default: OpenMM's, one per core")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one measurement")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    rows = []
    table = Table("atoms", "force", "ms/step", "relative to NonbondedForce", "K")
    for numAtoms in arguments.atoms:
        for row in measureSize(numAtoms, arguments):
            rows.append(row)
            table.add_row(
                str(row["atoms"]),
                row["label"],
                f"{row['ms_per_step']:.3f}",
                f"{row['relative_time']:.2f}",
                f"{row['temperature_K']:.0f}",
            )
    # Other work on the machine slows all contestants down, but not all alike: keep a record of it.
    settings = {**vars(arguments), "load_average": os.getloadavg()}
    console = Console()
    console.print(table)
    console.print(f"written to {writeResults('surrogate_cpu', rows, settings)}", soft_wrap=True)


if __name__ == "__main__":
    main()
