# SPDX-License-Identifier: MIT
"""The best that any pair functions with a cutoff can do: functions given by their values on a grid, fitted by least
squares to the forces in one half of the frames of a data set, and judged in the other half.

Beside R2 of force components: the error of the pressure, with and without the virial in the fit, and the force at the
cutoff.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from openmmsurrogate.data import ForceDataset
from openmmsurrogate.training.frames import FrameNeighbors, PairTypes, find_neighbors
from openmmsurrogate.training.normal_equations import Grid, NormalEquations, Quadratic

NODES = 120
SMOOTHING = 1e-5  # of squared third differences: rare distances do not follow noise
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


def findLimit(path: Path, cutoff: float, virialWeight: float) -> dict:
    """Return what functions fitted to the first half of the frames do in the second."""
    with ForceDataset(path) as dataset:
        pairTypes = PairTypes.all_pairs(dataset.typeNames)
        frames, volume = readFrames(dataset, cutoff, pairTypes)
    half = (len(frames) + 1) // 2
    deviation = float(np.sqrt(np.mean([np.mean(frame.forces**2) for frame in frames[half:]])))
    grid = Grid(0.999 * min(frame.distance.min() for frame in frames), cutoff, NODES)
    fitted, judged = (sumUp(part, grid, pairTypes, deviation) for part in (frames[:half], frames[half:]))
    w = solve(fitted.quadratic(virialWeight=virialWeight), pairTypes.count)
    scale = deviation * cutoff * len(frames[0].active)
    virialErrors = (np.array(judged._virial_rows) @ w - np.array(judged._virials)) * scale
    return {
        "component_r2": 1.0 - judged.quadratic().evaluate(w),
        "pressure_error_kbar": float(virialErrors.mean()) / volume * BAR / 1000.0,
        "force_at_cutoff_kJ_per_mol_nm": float(np.abs(w.reshape(pairTypes.count, -1)[:, -1]).max()) * deviation,
    }


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="+", help="force data with virials, of two frames or more")
    parser.add_argument("--cutoffs", type=float, nargs="+", default=[0.85, 1.0, 1.2], help="nm")
    arguments = parser.parse_args()
    table = Table("data", "cutoff, nm", "virial in the fit", "R² of forces", "pressure, kbar", "|w(rc)|, kJ/mol/nm")
    for path in arguments.data:
        for cutoff in arguments.cutoffs:
            for weight in (0.0, 100.0):
                found = findLimit(path, cutoff, weight)
                table.add_row(
                    path.name,
                    f"{cutoff:g}",
                    "yes" if weight else "no",
                    f"{found['component_r2']:.5f}",
                    f"{found['pressure_error_kbar']:+.2f}",
                    f"{found['force_at_cutoff_kJ_per_mol_nm']:.1f}",
                )
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
