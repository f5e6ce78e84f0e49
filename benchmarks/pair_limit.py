# SPDX-License-Identifier: MIT
"""The best that any pair functions with a cutoff can do: functions given by their values on a grid, fitted by least
squares to the forces in frames of a data set.

Fitted to one half of the frames and judged in the other, and the other way round: R2 of force components, the error
of the pressure, with and without the virial in the fit, and the force at the cutoff. Fitted to all frames and judged
in the same ones: an R2 that no other functions of this resolution surpass there, whatever they were trained on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from common.results import ResultFile
from rich.console import Console
from rich.table import Table

from openmmsurrogate.data import ForceDataset
from openmmsurrogate.training.frames import FrameNeighbors, PairTypes, find_neighbors
from openmmsurrogate.training.normal_equations import Grid, NormalEquations, Quadratic

NODES = 120
SMOOTHING = 1e-5  # of squared third differences: rare distances do not follow noise
VIRIAL_WEIGHT = 100.0  # as in examples/nacl-train.toml
BAR = 16.6053906717  # of one kJ/mol/nm^3


def readFrames(dataset: ForceDataset, cutoff: float, pairTypes: PairTypes) -> tuple[list[FrameNeighbors], float]:
    """Return the neighbors in all frames, and their mean volume, nm^3."""
    exclusions, frames, volumes = dataset.exclusions.astype(np.int64), [], []
    for index in range(dataset.numFrames):
        frame = dataset.frame(index)
        where = f"{dataset.path}, frame {index}"
        frames.append(find_neighbors(frame, dataset.typeIndices, exclusions, cutoff, pairTypes, 10**6, where))
        volumes.append(abs(np.linalg.det(frame.box)))
    return frames, float(np.mean(volumes))


def sumUp(frames: list[FrameNeighbors], grid: Grid, pairTypes: PairTypes, deviation: float) -> NormalEquations:
    """Return the loss over frames, as the training has it."""
    equations = NormalEquations(grid, pairTypes.count, deviation, len(pairTypes.names))
    for frame in frames:
        equations.add(frame, frame.active)
    return equations


def solve(quadratic: Quadratic, networks: int) -> np.ndarray:
    """Return the values at the nodes that make the loss least, smoothed."""
    differences = np.diff(np.eye(NODES), 3, axis=0)
    penalty = np.kron(np.eye(networks), differences.T @ differences)
    vector = quadratic.matrix @ quadratic.best - quadratic.residual
    return np.linalg.solve(quadratic.matrix + SMOOTHING * penalty + 1e-12 * np.eye(len(vector)), vector)


def findLimit(path: Path, cutoff: float) -> dict:
    """Return a row: what functions fitted to one half of the frames do in the other, and the bound."""
    with ForceDataset(path) as dataset:
        pairTypes = PairTypes.all_pairs(dataset.typeNames)
        frames, volume = readFrames(dataset, cutoff, pairTypes)
    half = (len(frames) + 1) // 2
    deviation = float(np.sqrt(np.mean([np.mean(frame.forces**2) for frame in frames])))
    grid = Grid(0.999 * min(frame.distance.min() for frame in frames), cutoff, NODES)
    whole, *halves = (sumUp(part, grid, pairTypes, deviation) for part in (frames, frames[:half], frames[half:]))
    row = {
        "data": path.name,
        "frames": len(frames),
        "cutoff_nm": cutoff,
        "component_r2_bound": 1.0 - whole.quadratic().least,
    }
    pressure = deviation * cutoff * len(frames[0].active) / volume * BAR / 1000.0  # kbar, of one unit of virial
    for name, weight in (("forces", 0.0), ("forces_and_virials", VIRIAL_WEIGHT)):
        functions = [solve(half.quadratic(virialWeight=weight), pairTypes.count) for half in halves]
        judged = list(zip(functions, reversed(halves), strict=True))
        losses = [equations.quadratic().evaluate(w) for w, equations in judged]
        errors = [equations.virial_errors(w) for w, equations in judged]
        row[name] = {
            "component_r2": 1.0 - float(np.average(losses, weights=[len(e) for e in errors])),
            "pressure_error_kbar": float(np.concatenate(errors).mean()) * pressure,
            "pressure_rms_error_kbar": float(np.sqrt(np.mean(_averageAxes(errors) ** 2))) * pressure,
            "force_at_cutoff_kJ_per_mol_nm": max(
                float(np.abs(w.reshape(pairTypes.count, -1)[:, -1]).max()) * deviation for w in functions
            ),
        }
    return row


def _averageAxes(errors: list[np.ndarray]) -> np.ndarray:
    """Return the error of each frame from those along three axes."""
    return np.concatenate(errors).reshape(-1, 3).mean(axis=1)


def main() -> None:
    """Print a table, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="+", help="force data with virials, of two frames or more")
    parser.add_argument("--cutoffs", type=float, nargs="+", default=[0.85, 1.0, 1.2], help="nm")
    parser.add_argument("--output", type=Path, help="JSON file (default: results/pair_limit-<date>.json)")
    arguments = parser.parse_args()
    settings = {"data": [path.name for path in arguments.data], "cutoffs": arguments.cutoffs, "nodes": NODES}
    results = ResultFile("pair_limit", settings, arguments.output)
    table = Table("data", "cutoff, nm", "virial in the fit", "R² of forces", "bound", "P, kbar", "rms", "|w(rc)|")
    for path in arguments.data:
        for cutoff in arguments.cutoffs:
            row = findLimit(path, cutoff)
            results.add(row)
            for name in ("forces", "forces_and_virials"):
                found = row[name]
                table.add_row(
                    path.name,
                    f"{cutoff:g}",
                    "yes" if name != "forces" else "no",
                    f"{found['component_r2']:.5f}",
                    f"{row['component_r2_bound']:.5f}" if name == "forces" else "",
                    f"{found['pressure_error_kbar']:+.2f}",
                    f"{found['pressure_rms_error_kbar']:.2f}",
                    f"{found['force_at_cutoff_kJ_per_mol_nm']:.1f}",
                )
    console = Console(width=140)
    console.print(table)
    console.print(f"written to {results.path}", soft_wrap=True)


if __name__ == "__main__":
    main()
