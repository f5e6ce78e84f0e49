# SPDX-License-Identifier: MIT
"""Whole steps of liquid argon on a GPU: SurrogateForce beside OpenMM's own pair forces, in time and joules."""

from __future__ import annotations

import argparse

from common.argon import createContext, createSurrogate, createTabulated, liquid_argon
from common.results import writeResults
from common.stepping import Contestant, race
from rich.console import Console
from rich.table import Table

from openmmsurrogate import SurrogateForce

SETTLING_STEPS = 1500  # melting, and OpenMM's first reorderings


def measureSize(numCells: int, arguments: argparse.Namespace) -> list[dict]:
    """Measure one system size."""
    positions, edge = liquid_argon.createLattice(numCells)
    n = len(positions)
    forces = {
        "OpenMM NonbondedForce": liquid_argon.createLennardJones(n),
        "OpenMM CustomNonbondedForce, tabulated": createTabulated(n),
        "SurrogateForce, table": createSurrogate(n, SurrogateForce.Table),
    }
    properties = {"Precision": arguments.precision}
    contestants = [
        Contestant(label, createContext(positions, edge, force, "CUDA", properties)) for label, force in forces.items()
    ]
    rows = race(contestants, SETTLING_STEPS, arguments.seconds, arguments.repeats)
    return [{"atoms": n, "precision": arguments.precision, **row} for row in rows]


def main() -> None:
    """Measure, print a table, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cells", type=int, nargs="+", default=[11, 25, 40, 63, 100], help="fcc cells per edge: 4 n^3 atoms"
    )
    parser.add_argument("--precision", default="single", choices=["single", "mixed", "double"])
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one measurement")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    rows = []
    table = Table("atoms", "force", "ms/step", "J/step", "K")
    for numCells in arguments.cells:
        for row in measureSize(numCells, arguments):
            rows.append(row)
            joules = f"{row['J_per_step']:.4f}" if "J_per_step" in row else ""
            table.add_row(
                str(row["atoms"]), row["label"], f"{row['ms_per_step']:.4f}", joules, f"{row['temperature_K']:.0f}"
            )
    console = Console()
    console.print(table)
    console.print(
        f"written to {writeResults(f'surrogate-{arguments.precision}', rows, vars(arguments))}", soft_wrap=True
    )


if __name__ == "__main__":
    main()
