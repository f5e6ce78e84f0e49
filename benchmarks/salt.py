# SPDX-License-Identifier: MIT
"""Structure and energy conservation of NaCl at 298 K: NonbondedForce beside TunablePMEForce in each precision.

From one configuration each equilibrates with a thermostat, and then runs without one (velocity Verlet, 1 fs): the
radial distribution functions, and the drift of the total energy as drift.py finds it. Writes JSON and a figure.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openmm
from common.electrolytes import FRICTION, SALT_STEP, TEMPERATURE, Electrolyte, createSalt, equilibrate
from common.page import ROOT
from common.results import ResultFile, loadLatest
from common.runner import console
from contestants.electrostatics import Electrostatics, findContestants
from drift import GAS_CONSTANT, findDrift
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from openmm import unit

from openmmsurrogate.analysis import computeRadialDistribution
from openmmsurrogate.plots.style import GUIDE, figureStyle

FIGURE = ROOT / "docs" / "images" / "salt.png"
LARGEST_DISTANCE = 1.0  # nm
BINS = 200
REFERENCE = "openmm-double"
PAIRS = {"Na-Cl": (0, 1), "Na-Na": (0, 0), "Cl-Cl": (1, 1)}
COLORS = ("#000000", "#777777", "#BBBBBB", "#56B4E9", "#0072B2", "#1A3A6E", "#6A3D9A", "#E69F00", "#D55E00", "#8C2D04")


def run(contestant: Electrostatics, salt: Electrolyte, arguments: argparse.Namespace) -> dict:
    """Return the row of one contestant."""
    isCuda = arguments.platform == "CUDA"
    thermostat = openmm.LangevinMiddleIntegrator(TEMPERATURE, FRICTION, SALT_STEP)
    thermostat.setRandomNumberSeed(1)
    integrator = openmm.CompoundIntegrator()
    integrator.addIntegrator(thermostat)
    integrator.addIntegrator(openmm.VerletIntegrator(SALT_STEP))
    platform = openmm.Platform.getPlatformByName(arguments.platform)
    system = contestant.createSystem(salt.system)
    context = openmm.Context(system, integrator, platform, contestant.properties if isCuda else {})
    context.setPositions(salt.positions)
    context.setVelocities(salt.velocities)
    integrator.step(arguments.equilibration)
    integrator.setCurrentIntegrator(1)
    times, energies, temperatures, frames = [], [], [], []
    for sample in range(arguments.samples):
        integrator.step(arguments.steps // arguments.samples)
        isFrame = sample % (arguments.samples // arguments.frames) == 0
        state = context.getState(energy=True, positions=isFrame)
        kinetic = state.getKineticEnergy().value_in_unit(unit.kilojoule_per_mole)
        times.append(state.getTime().value_in_unit(unit.picosecond))
        energies.append(kinetic + state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole))
        temperatures.append(kinetic / (1.5 * salt.numAtoms * GAS_CONSTANT))
        if isFrame:
            frames.append(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer))
    row = {
        "atoms": salt.numAtoms,
        "name": contestant.name,
        "label": contestant.label,
        "platform": arguments.platform,
        **contestant.properties,
        "steps": arguments.steps,
        "temperature_K": float(np.mean(temperatures)),
        **findDrift(np.array(times), np.array(energies), salt.numAtoms, TEMPERATURE),
        "time_ps": np.round(np.array(times) - times[0], 6).tolist(),
        "energy_kJ_per_mol_atom": ((np.array(energies) - energies[0]) / salt.numAtoms).tolist(),
    }
    row["distributions"] = computeDistributions(np.array(frames), salt)
    return row


def computeDistributions(frames: np.ndarray, salt: Electrolyte) -> dict[str, dict]:
    """Return g(r) and its standard error for each kind of pairs."""
    force = next(force for force in salt.system.getForces() if isinstance(force, openmm.NonbondedForce))
    charges = np.array([force.getParticleParameters(i)[0]._value for i in range(salt.numAtoms)])
    kinds = (frames[:, charges > 0], frames[:, charges < 0])
    box = [vector.value_in_unit(unit.nanometer) for vector in salt.system.getDefaultPeriodicBoxVectors()]
    found = {}
    for pair, (first, second) in PAIRS.items():
        others = None if first == second else kinds[second]
        distribution = computeRadialDistribution(kinds[first], box, LARGEST_DISTANCE, BINS, others)
        found[pair] = {
            "g": np.round(distribution.g, 5).tolist(),
            "standard_error": np.round(distribution.standardError, 5).tolist(),
        }
    return found


def plot(rows: Sequence[dict], path: Path) -> None:
    """Draw radial distribution functions, what they differ by from OpenMM's in double, and the total energy."""
    with figureStyle():
        figure = Figure(figsize=(12.5, 3.6), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, 3)
        _draw_distributions(panels[0], rows)
        _draw_differences(panels[1], rows)
        _draw_energies(panels[2], rows)
        figure.legend(*panels[2].get_legend_handles_labels(), loc="outside right center")
        figure.savefig(path, dpi=150)


def _distances() -> np.ndarray:
    return (np.arange(BINS) + 0.5) * LARGEST_DISTANCE / BINS


def _draw_distributions(axes: Axes, rows: Sequence[dict]) -> None:
    for color, row in zip(COLORS, rows, strict=False):
        for pair, style in (("Na-Cl", "-"), ("Na-Na", "--")):
            axes.plot(_distances(), row["distributions"][pair]["g"], style, color=color, linewidth=0.8)
    axes.set(xlabel="r, nm", ylabel="g(r); Na-Cl, and Na-Na dashed", xlim=(0.2, LARGEST_DISTANCE))


def _draw_differences(axes: Axes, rows: Sequence[dict]) -> None:
    reference = next((row for row in rows if row["name"] == REFERENCE), rows[0])
    expected = reference["distributions"]["Na-Cl"]
    for color, row in zip(COLORS, rows, strict=False):
        axes.plot(
            _distances(),
            np.subtract(row["distributions"]["Na-Cl"]["g"], expected["g"]),
            color=color,
            linewidth=0.8,
        )
    band = 2.0 * np.sqrt(2.0) * np.array(expected["standard_error"])
    axes.fill_between(_distances(), -band, band, color=GUIDE, alpha=0.3, linewidth=0, label="2 standard errors")
    axes.set(xlabel="r, nm", ylabel=f"Na-Cl, minus {reference['label']}", xlim=(0.2, LARGEST_DISTANCE))
    axes.legend(fontsize="x-small", frameon=False)


def _draw_energies(axes: Axes, rows: Sequence[dict]) -> None:
    for color, row in zip(COLORS, rows, strict=False):
        energies = 1000.0 * np.array(row["energy_kJ_per_mol_atom"])
        axes.plot(row["time_ps"], energies, color=color, linewidth=0.8, label=row["label"])
    axes.set(xlabel="time, ps", ylabel="total energy, J/mol per ion")


def describe(row: dict) -> str:
    """Return a line for the console."""
    if "error" in row:
        return f"{row['name']}: {row['error']}"
    drift, error = row["drift_kT_per_atom_ns"], row["standard_error"]
    return f"{row['name']}: drift {drift:+.2e} +- {error:.1e} kT/atom/ns, {row['temperature_K']:.1f} K"


def main() -> None:
    """Run all, print their drifts, and write the results and the figure; or draw the figure of the latest results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=12, help="unit cells along an edge (default: %(default)s)")
    parser.add_argument("--contestants", nargs="+", default=["all"], help="names, or all (default)")
    parser.add_argument("--platform", default="CUDA")
    parser.add_argument("--steps", type=int, default=20000, help="without thermostat (default: %(default)s)")
    parser.add_argument("--samples", type=int, default=200, help="energies along the run")
    parser.add_argument("--frames", type=int, default=20, help="for radial distribution functions")
    parser.add_argument("--equilibration", type=int, default=2000, help="steps with a thermostat before")
    parser.add_argument("--output", type=Path, help="JSON file (default: results/salt-<date>.json)")
    parser.add_argument("--figure", type=Path, default=FIGURE)
    parser.add_argument("--plot-only", action="store_true", help="draw the latest results")
    arguments = parser.parse_args()
    if arguments.plot_only:
        plot([row for row in loadLatest("salt")["rows"] if "error" not in row], arguments.figure)
        return
    settings = {key: value for key, value in vars(arguments).items() if key not in ("figure", "plot_only")}
    results = ResultFile("salt", settings, arguments.output)
    properties = {"Precision": "mixed"} if arguments.platform == "CUDA" else {}
    salt = equilibrate(createSalt(arguments.cells), arguments.equilibration, arguments.platform, properties)
    for contestant in findContestants(arguments.contestants):
        try:
            row = run(contestant, salt, arguments)
        except Exception as error:  # of whatever library: the others go on
            row = {"name": contestant.name, "label": contestant.label, "error": f"{type(error).__name__}: {error}"}
        results.add(row)
        console.print(describe(row), highlight=False)
    plot([row for row in results.rows if "error" not in row], arguments.figure)
    console.print(f"written to {results.path} and {arguments.figure}", soft_wrap=True)


if __name__ == "__main__":
    main()
