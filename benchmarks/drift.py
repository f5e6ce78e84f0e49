# SPDX-License-Identifier: MIT
"""Drift of the total energy of liquid argon without a thermostat: Lennard-Jones beside SurrogateForce.

The integrator is velocity Verlet. The drift is the slope of a straight line through the total energy, in kT per atom
and nanosecond; its error, an upper estimate, is that of the mean of the slopes of 8 parts of the run. NonbondedForce
does not shift its energy to zero at the cutoff, so that it jumps as pairs cross it; "lj-shifted" does. All start from
the same liquid, and equilibrate with their own forces.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import openmm
from common.argon import TEMPERATURE, Liquid, liquid_argon, melt
from common.contestant import Setting
from common.results import ResultFile
from common.runner import console
from contestants import findContestants
from contestants.openmm_md import OpenMMContestant
from openmm import unit
from rich.table import Table

BLOCKS = 8
GAS_CONSTANT = unit.MOLAR_GAS_CONSTANT_R.value_in_unit(unit.kilojoule_per_mole / unit.kelvin)  # kJ/mol/K


def createContext(liquid: Liquid, forces: list[openmm.Force], setting: Setting, equilibration: int) -> openmm.Context:
    """Return a Context with VerletIntegrator, equilibrated with a thermostat before."""
    thermostat = openmm.LangevinMiddleIntegrator(TEMPERATURE, 5.0, liquid_argon.TIME_STEP)
    thermostat.setRandomNumberSeed(1)
    verlet = openmm.VerletIntegrator(liquid_argon.TIME_STEP)
    both = openmm.CompoundIntegrator()
    both.addIntegrator(thermostat)
    both.addIntegrator(verlet)
    system = liquid_argon.createSystem(liquid.numAtoms, liquid.edge, forces)
    platform = openmm.Platform.getPlatformByName(setting.platform)
    context = openmm.Context(system, both, platform, setting.properties)
    context.setPositions(liquid.positions)
    context.setVelocities(liquid.velocities)
    both.step(equilibration)
    both.setCurrentIntegrator(1)
    return context


def sampleEnergies(context: openmm.Context, steps: int, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Return times, ps, and total energies, kJ/mol."""
    integrator, numAtoms = context.getIntegrator(), context.getSystem().getNumParticles()
    times, energies = [], []
    for _ in range(samples):
        integrator.step(steps // samples)
        state = context.getState(energy=True)
        total = (state.getKineticEnergy() + state.getPotentialEnergy()).value_in_unit(unit.kilojoule_per_mole)
        if not np.isfinite(total):
            raise ValueError(f"the total energy of {numAtoms} atoms is {total}")
        times.append(state.getTime().value_in_unit(unit.picosecond))
        energies.append(total)
    return np.array(times), np.array(energies)


def findDrift(times: np.ndarray, energies: np.ndarray, numAtoms: int, temperature: float = TEMPERATURE) -> dict:
    """Return slope and its standard error, kT per atom and ns, and the fluctuation about the line, kT per atom."""
    kT = temperature * GAS_CONSTANT
    scale = 1000.0 / (kT * numAtoms)
    slope, intercept = np.polyfit(times, energies, 1)
    residuals = energies - (slope * times + intercept)
    slopes = [
        np.polyfit(*block, 1)[0]
        for block in zip(np.array_split(times, BLOCKS), np.array_split(energies, BLOCKS), strict=True)
    ]
    return {
        "drift_kT_per_atom_ns": slope * scale,
        "standard_error": float(np.std(slopes, ddof=1) / np.sqrt(BLOCKS)) * scale,
        "fluctuation_kT_per_atom": float(np.std(residuals)) / (kT * numAtoms),
    }


def measure(contestant: OpenMMContestant, liquid: Liquid, setting: Setting, arguments: argparse.Namespace) -> dict:
    """Return a row for one contestant."""
    context = createContext(liquid, contestant.createForces(liquid.numAtoms), setting, arguments.equilibration)
    start = time.perf_counter()
    times, energies = sampleEnergies(context, arguments.steps, arguments.samples)
    seconds = time.perf_counter() - start
    return {
        "atoms": liquid.numAtoms,
        "name": contestant.name,
        "label": contestant.label,
        "platform": setting.platform,
        **setting.properties,
        "steps": arguments.steps,
        "ns": float(times[-1] - times[0]) / 1000.0,
        "seconds": seconds,
        **findDrift(times, energies, liquid.numAtoms),
    }


def main() -> None:
    """Measure, print a table, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--atoms", type=int, default=64000)
    parser.add_argument("--contestants", nargs="+", default=["lj", "lj-shifted", "table-single", "network-bfloat16"])
    parser.add_argument("--steps", type=int, default=1000000)
    parser.add_argument("--samples", type=int, default=400, help="energies along the run")
    parser.add_argument("--equilibration", type=int, default=2000, help="steps with a thermostat before")
    parser.add_argument("--platform", default="CUDA")
    parser.add_argument("--precision", default="mixed", choices=["single", "mixed", "double"], help="of CUDA Contexts")
    parser.add_argument("--output", type=Path, help="JSON file (default: results/drift-<date>.json)")
    arguments = parser.parse_args()
    setting = Setting(arguments.platform, {"Precision": arguments.precision} if arguments.platform == "CUDA" else {})
    liquid = melt(arguments.atoms, setting.platform, setting.properties)
    results = ResultFile("drift", vars(arguments), arguments.output)
    table = Table("contestant", "steps", "drift, kT/atom/ns", "standard error", "fluctuation, kT/atom", "s")
    for contestant in findContestants(arguments.contestants):
        row = measure(contestant, liquid, setting, arguments)
        results.add(row)
        table.add_row(
            row["label"],
            str(row["steps"]),
            f"{row['drift_kT_per_atom_ns']:+.2e}",
            f"{row['standard_error']:.1e}",
            f"{row['fluctuation_kT_per_atom']:.1e}",
            f"{row['seconds']:.0f}",
        )
    console.print(table)
    console.print(f"written to {results.path}", soft_wrap=True)


if __name__ == "__main__":
    main()
