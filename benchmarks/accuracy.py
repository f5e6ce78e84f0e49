# SPDX-License-Identifier: MIT
"""The shipped models in each numeric format on a platform: how far from platform Reference, and from double precision.

For each model, format and method, on configurations of liquid argon (mixtures: its atoms take the types in turn):
the difference from Reference in the same format says how well the platform computes the function of the format, and the
difference from Reference in double what the format makes of the model. Single precision holds the positions exactly.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openmm
from common.argon import createContext, createCrystal, createSurrogate, liquid_argon
from common.contestant import Setting
from common.results import ResultFile
from common.runner import console
from contestants import FORMATS
from openmm import unit
from rich.table import Table

from openmmsurrogate import SurrogateForce, SurrogateModel, listModels
from openmmsurrogate.analysis import compareForces, formatR2, toEVPerAngstrom

MELTING_STEPS = 3000
FRAME_INTERVAL = 1000  # steps
FORCE = unit.kilojoule_per_mole / unit.nanometer
METHODS = {"network": SurrogateForce.Network, "table": SurrogateForce.Table}


@dataclass(frozen=True)
class Case:
    """One function."""

    model: str
    format: str
    method: str


def sampleLiquid(numAtoms: int, numFrames: int) -> tuple[np.ndarray, float]:
    """Return configurations of the Lennard-Jones liquid, nm, shape (frames, atoms, 3), and the edge of their box."""
    positions, edge = createCrystal(numAtoms)
    context = createContext(positions, edge, [liquid_argon.createLennardJones(numAtoms)], "CPU", {})
    context.getIntegrator().step(MELTING_STEPS)
    frames = []
    for _ in range(numFrames):
        context.getIntegrator().step(FRAME_INTERVAL)
        state = context.getState(positions=True, enforcePeriodicBox=True)
        frames.append(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer))
    return np.float32(frames).astype(float), edge


def evaluate(case: Case, frames: np.ndarray, edge: float, setting: Setting) -> tuple[np.ndarray, np.ndarray]:
    """Return forces, kJ/mol/nm, and energies per atom, kJ/mol, of all frames."""
    numAtoms = frames.shape[1]
    force = createSurrogate(numAtoms, METHODS[case.method], case.format, case.model)
    numTypes = force.getModel().getNumTypes()
    for i in range(numAtoms if numTypes > 1 else 0):
        force.setParticleType(i, i % numTypes)
    system = liquid_argon.createSystem(numAtoms, edge, [force])
    platform = openmm.Platform.getPlatformByName(setting.platform)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform, setting.properties)
    forces, energies = [], []
    for frame in frames:
        context.setPositions(frame)
        state = context.getState(forces=True, energy=True)
        forces.append(state.getForces(asNumpy=True).value_in_unit(FORCE))
        energies.append(state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole) / numAtoms)
    return np.array(forces), np.array(energies)


def measureModel(
    model: str,
    formats: Sequence[str],
    methods: Sequence[str],
    frames: np.ndarray,
    edge: float,
    settings: Sequence[Setting],
) -> list[dict]:
    """Compare all formats of one model, on all settings of the platform."""
    reference = Setting("Reference", {})
    exact = evaluate(Case(model, "double", "network"), frames, edge, reference)
    rows = []
    for method in methods:
        for format in formats:
            case = Case(model, format, method)
            try:
                emulated = evaluate(case, frames, edge, reference)
            except openmm.OpenMMException as error:  # a format that is not defined for the model
                rows.append({**vars(case), "error": str(error)})
                continue
            for setting in settings:
                rows.append({**vars(case), "platform": setting.platform, **setting.properties})
                try:
                    found = evaluate(case, frames, edge, setting)
                except openmm.OpenMMException as error:
                    rows[-1]["error"] = str(error)
                    continue
                rows[-1].update(compare(found, emulated, exact))
    return rows


def compare(found: tuple, emulated: tuple, exact: tuple) -> dict:
    """Return the differences of forces and energies."""
    platform, format = compareForces(emulated[0], found[0]), compareForces(exact[0], found[0])
    return {
        "relative_error_to_reference": platform.relativeRMSE,
        "largest_error_to_reference": platform.relativeMaximum,
        "energy_error_to_reference_kJ_per_mol": float(np.abs(found[1] - emulated[1]).max()),
        "emulated_relative_error_to_double": compareForces(exact[0], emulated[0]).relativeRMSE,
        "relative_error_to_double": format.relativeRMSE,
        "r2_to_double": format.r2,
        "rmse_to_double_eV_per_angstrom": float(toEVPerAngstrom(format.magnitudeRMSE)),
        "energy_error_to_double_kJ_per_mol": float((found[1] - exact[1]).mean()),
    }


def makeTable(rows: Sequence[dict]) -> Table:
    """Return the rows as a table."""
    table = Table("model", "format", "method", "Context")
    for heading in (
        "to Reference: RMS",
        "largest",
        "energy",
        "to double: R²",
        "RMSE, eV/Å",
        "RMS",
        "(Reference's)",
        "energy",
    ):
        table.add_column(heading, justify="right")
    for row in rows:
        cells = [row["model"], row["format"], row["method"], row.get("Precision", row.get("platform", ""))]
        if "error" in row:
            table.add_row(*cells, "refused: the file says why")
            continue
        table.add_row(
            *cells,
            f"{row['relative_error_to_reference']:.1e}",
            f"{row['largest_error_to_reference']:.1e}",
            f"{row['energy_error_to_reference_kJ_per_mol']:.1e}",
            formatR2(row["r2_to_double"]),
            f"{row['rmse_to_double_eV_per_angstrom']:.1e}",
            f"{row['relative_error_to_double']:.1e}",
            f"{row['emulated_relative_error_to_double']:.1e}",
            f"{row['energy_error_to_double_kJ_per_mol']:+.1e}",
        )
    return table


def main() -> None:
    """Measure, print a table, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=listModels(), help="names or files (default: all shipped ones)")
    parser.add_argument("--formats", nargs="+", default=list(FORMATS), choices=FORMATS)
    parser.add_argument("--methods", nargs="+", default=["network"], choices=METHODS)
    parser.add_argument("--platform", default="CUDA")
    parser.add_argument("--precisions", nargs="+", default=["single"], choices=["single", "mixed", "double"])
    parser.add_argument("--atoms", type=int, default=2048)
    parser.add_argument("--frames", type=int, default=2)
    parser.add_argument("--output", type=Path, help="JSON file (default: results/accuracy-<date>.json)")
    arguments = parser.parse_args()
    if arguments.platform == "CUDA":
        settings = [Setting("CUDA", {"Precision": precision}) for precision in arguments.precisions]
    else:
        settings = [Setting(arguments.platform, {})]
    frames, edge = sampleLiquid(arguments.atoms, arguments.frames)
    results = ResultFile("accuracy", vars(arguments), arguments.output)
    for model in arguments.models:
        SurrogateModel.load(model)  # a misspelt name is told at once
        for row in measureModel(model, arguments.formats, arguments.methods, frames, edge, settings):
            results.add(row)
    console.print(makeTable(results.rows))
    console.print(f"written to {results.path}", soft_wrap=True)


if __name__ == "__main__":
    main()
