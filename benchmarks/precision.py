# SPDX-License-Identifier: MIT
"""What rounding to each numeric format does to the shipped argon model: forces and energies of the liquid.

Platform Reference emulates the formats. The configurations are those of a Lennard-Jones liquid. Everything is relative
to the same model in double precision.
"""

from __future__ import annotations

import argparse

import numpy as np
import openmm
from common.argon import createContext, createSurrogate, liquid_argon
from common.results import ResultFile
from openmm import unit
from rich.console import Console
from rich.table import Table

from openmmsurrogate import NumericFormat, SurrogateForce
from openmmsurrogate.analysis import compareForces, formatR2, toEVPerAngstrom

FORMATS = ("single", "tf32", "float16", "bfloat16", "float8", "int8", "int4")
SETTLING_STEPS = 5000  # melting at 300 K and cooling to 100 K
FRAME_INTERVAL = 1000  # steps
FORCE = unit.kilojoule_per_mole / unit.nanometer


def sampleLiquid(numCells: int, numFrames: int) -> tuple[np.ndarray, float]:
    """Return configurations of the Lennard-Jones liquid, nm, shape (frames, atoms, 3), and the edge of their box."""
    positions, edge = liquid_argon.createLattice(numCells)
    context = createContext(positions, edge, [liquid_argon.createLennardJones(len(positions))], "CPU", {})
    context.getIntegrator().step(SETTLING_STEPS)
    frames = []
    for _ in range(numFrames):
        context.getIntegrator().step(FRAME_INTERVAL)
        state = context.getState(positions=True, enforcePeriodicBox=True)
        frames.append(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer))
    return np.array(frames), edge


def evaluate(format: str, frames: np.ndarray, edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Return forces, kJ/mol/nm, and energies per atom, kJ/mol, of all frames, without a table."""
    numAtoms = frames.shape[1]
    force = createSurrogate(numAtoms, SurrogateForce.Network, NumericFormat.parse(format))
    system = liquid_argon.createSystem(numAtoms, edge, [force])
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    forces, energies = [], []
    for frame in frames:
        context.setPositions(frame)
        state = context.getState(forces=True, energy=True)
        forces.append(state.getForces(asNumpy=True).value_in_unit(FORCE))
        energies.append(state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole) / numAtoms)
    return np.array(forces), np.array(energies)


def measureFormats(frames: np.ndarray, edge: float) -> list[dict]:
    """Compare each format with double precision."""
    exactForces, exactEnergies = evaluate("double", frames, edge)
    rows = []
    for format in FORMATS:
        forces, energies = evaluate(format, frames, edge)
        metrics = compareForces(exactForces, forces)
        rows.append(
            {
                "format": format,
                "r2": metrics.r2,
                "rmse_eV_per_angstrom": float(toEVPerAngstrom(metrics.magnitudeRMSE)),
                "relative_error_norm": metrics.relativeRMSE,
                "energy_per_atom_kJ_per_mol": float(energies.mean()),
                "energy_difference_per_atom_kJ_per_mol": float((energies - exactEnergies).mean()),
            }
        )
    return rows


def main() -> None:
    """Measure, print a table, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=6, help="fcc cells per edge: 4 n^3 atoms (default: %(default)s)")
    parser.add_argument("--frames", type=int, default=8, help="configurations (default: %(default)s)")
    arguments = parser.parse_args()
    frames, edge = sampleLiquid(arguments.cells, arguments.frames)
    rows = measureFormats(frames, edge)
    table = Table(
        "format", "R² of |F|", "RMSE of |F|, eV/Å", "error norm / RMS force", "energy per atom, kJ/mol", "difference"
    )
    for row in rows:
        table.add_row(
            row["format"],
            formatR2(row["r2"]),
            f"{row['rmse_eV_per_angstrom']:.1e}",
            f"{row['relative_error_norm']:.1e}",
            f"{row['energy_per_atom_kJ_per_mol']:.3f}",
            f"{row['energy_difference_per_atom_kJ_per_mol']:+.1e}",
        )
    console = Console()
    console.print(table)
    results = ResultFile("precision", {**vars(arguments), "atoms": frames.shape[1]})
    for row in rows:
        results.add(row)
    console.print(f"written to {results.path}", soft_wrap=True)


if __name__ == "__main__":
    main()
