# SPDX-License-Identifier: MIT
"""The pressure of the melt of sodium chloride, at the density of PME at 1 bar, in simulations of PME and of the
surrogate; and in the configurations that the surrogate visits the pressure of PME.

It tells two errors apart: that of the surrogate's pressure in given configurations, which training can make small, and
that of the configurations themselves. The setting pressureShift of the training takes off the sum of both.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import openmm
from common.results import ResultFile
from common.runner import console
from common.salt import CUTOFFS, PHASES, Machine, Salt, Way, createLattice, equilibrate, makeSurrogate, nacl_system
from common.salt_runs import KELVIN
from openmm import unit

from openmmsurrogate.analysis import averageSeries

BAR = 0.0602214076  # kJ/mol/nm^3
STEP = 1e-3  # of edges: energies are rounded, and curved
# As the training has it.
TRAINED_ON = Way("pme", "PME", lambda names, _: [nacl_system.createPME(names, 1.2, 1e-5)])


def parseArguments() -> argparse.Namespace:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=8, help="unit cells along an edge (default: %(default)s)")
    names = [TRAINED_ON.name, *(f"surrogate-{cutoff}" for cutoff in CUTOFFS)]
    parser.add_argument("--ways", nargs="+", default=names, choices=names, help="(default: all)")
    parser.add_argument("--models", type=Path, help="folder of the models (default: those of the package)")
    parser.add_argument("--equilibration", type=float, default=15.0, help="ps")
    parser.add_argument("--time", type=float, default=100.0, help="ps (default: %(default)s)")
    parser.add_argument("--interval", type=float, default=0.1, help="ps between pressures (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--platform", default="CUDA")
    parser.add_argument("--output", type=Path, help="JSON file (default: results/nacl_pressure-<date>.json)")
    return parser.parse_args()


def computePressure(context: openmm.Context, positions: np.ndarray, salt: Salt) -> float:
    """Return the pressure of a configuration, kinetic part at the temperature of the phase, kbar."""
    energies = []
    for stretch in (1.0 + STEP, 1.0 - STEP):
        context.setPeriodicBoxVectors(*(stretch * np.diag(salt.edges)))
        context.setPositions(stretch * positions)
        energies.append(context.getState(energy=True).getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole))
    virial = -(energies[0] - energies[1]) / (np.log1p(STEP) - np.log1p(-STEP))
    ideal = salt.numAtoms * KELVIN * salt.phase.temperature
    return (ideal + virial / 3.0) / float(np.prod(salt.edges)) / BAR / 1000.0


def measure(way: Way, lattice: Salt, machine: Machine, arguments: argparse.Namespace) -> dict:
    """Return a row."""
    begin = time.perf_counter()
    start = equilibrate(lattice, way, machine, arguments.equilibration)
    integrator = openmm.LangevinMiddleIntegrator(start.phase.temperature, 2.0, 0.002)
    integrator.setRandomNumberSeed(arguments.seed)
    context = machine.createContext(start, way.createForces(start.names, start.phase), integrator)
    probes = {
        judge.name: machine.createContext(
            start, judge.createForces(start.names, start.phase), openmm.VerletIntegrator(0.001)
        )
        for judge in (way, TRAINED_ON)
    }
    pressures: dict[str, list[float]] = {name: [] for name in probes}
    for _ in range(round(arguments.time / arguments.interval)):
        integrator.step(round(arguments.interval / 0.002))
        positions = context.getState(positions=True).getPositions(asNumpy=True).value_in_unit(unit.nanometer)
        for name, probe in probes.items():
            pressures[name].append(computePressure(probe, positions, start))
    row = {"name": way.name, "label": way.label, "ions": start.numAtoms, "ps": arguments.time}
    row |= _average("pressure", pressures[way.name])
    if way is not TRAINED_ON:
        difference = np.subtract(pressures[way.name], pressures[TRAINED_ON.name])
        row |= _average("difference_from_pme_here", difference)
        row["rms_difference_kbar"] = float(np.sqrt(np.mean(difference**2)))
        row |= _average("pme_here", pressures[TRAINED_ON.name])
        row["pressure_shift_bar"] = _findShift(way, lattice)
    return row | {"seconds": time.perf_counter() - begin}


def _findShift(way: Way, salt: Salt) -> float:
    """Return the setting pressureShift that a surrogate was trained with, bar."""
    (force,) = way.createForces(salt.names, salt.phase)
    shift: float = json.loads(force.getModel().getProvenance())["config"].get("pressureShift", 0.0)
    return shift


def _average(name: str, values: list[float] | np.ndarray) -> dict[str, float]:
    average = averageSeries(values)
    return {f"{name}_kbar": float(average.mean), f"{name}_standard_error_kbar": float(average.standardError)}


def main() -> None:
    """Measure PME and the surrogates, and write the results row by row."""
    arguments = parseArguments()
    machine = Machine(arguments.platform, {"Precision": "mixed"} if arguments.platform == "CUDA" else {})
    results = ResultFile("nacl_pressure", vars(arguments), arguments.output)
    lattice = createLattice(PHASES["melt"], 3 * (arguments.cells,))
    ways = (TRAINED_ON, *(makeSurrogate(cutoff, folder=arguments.models) for cutoff in CUTOFFS))
    for way in (way for way in ways if way.name in arguments.ways):
        row = measure(way, lattice, machine, arguments)
        results.add(row)
        text = f"{row['label']}: {row['pressure_kbar']:+.3f} +- {row['pressure_standard_error_kbar']:.3f} kbar"
        if way is not TRAINED_ON:
            text += f"; PME in its configurations {row['pme_here_kbar']:+.3f} kbar"
            text += f", difference {row['difference_from_pme_here_kbar']:+.3f}"
        console.print(f"{text} ({row['seconds']:.0f} s)", highlight=False)
    console.print(f"written to {results.path}", soft_wrap=True)


if __name__ == "__main__":
    main()
