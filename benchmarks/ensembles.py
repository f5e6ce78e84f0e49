# SPDX-License-Identifier: MIT
"""Energy conservation and density of rock salt and water: NonbondedForce beside ESP, in single and mixed precision.

Energy: velocity Verlet after a thermostat, and the drift of the total energy as drift.py finds it. Density: Langevin
dynamics with a Monte Carlo barostat at 1 bar. Each simulation ends when it is long enough, or its seconds are over, so
that many can run side by side on one GPU; replicas differ in their random numbers. ions_and_water_page.py puts the
results of all calls together.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openmm
from common.electrolytes import (
    EQUILIBRATION_FRICTION,
    FRICTION,
    TEMPERATURE,
    Electrolyte,
    createSalt,
    createWater,
    nacl_system,
    parseCounts,
)
from common.results import ResultFile
from common.runner import console
from contestants.electrostatics import Electrostatics, findContestants
from drift import findDrift
from openmm import unit

from openmmsurrogate.analysis import averageSeries

CONTESTANTS = ("openmm-single", "openmm-mixed", "esp-single", "esp-mixed")
INTERVAL = 0.2  # ps, between samples
BAROSTAT_INTERVAL = 25  # steps
GRAMS_PER_CM3 = 1.66053907e-3  # of a dalton in a cubic nanometer


def parseArguments() -> argparse.Namespace:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--systems", nargs="+", default=["NaCl", "water"], choices=["NaCl", "water"])
    parser.add_argument("--measures", nargs="+", default=["energy", "density"], choices=["energy", "density"])
    parser.add_argument(
        "--contestants", nargs="+", default=["openmm-single", "openmm-mixed", "esp-single", "esp-mixed"]
    )
    parser.add_argument("--tolerance", type=float, default=5e-4, help="of Ewald sums (default: %(default)s)")
    parser.add_argument("--salt", type=int, default=8, help="unit cells along an edge (default: %(default)s)")
    parser.add_argument("--water", type=parseCounts, default=(1, 1, 1), help="boxes of 3,400 atoms, as 2x1x1")
    parser.add_argument("--starts", type=Path, help="folder that keeps the box of water in equilibrium")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], help="of replicas (default: 1)")
    parser.add_argument("--equilibration", type=float, default=10.0, help="ps (default: %(default)s)")
    parser.add_argument("--time", type=float, default=1000.0, help="of a simulation, ps (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="that a simulation may take (default: any)")
    parser.add_argument("--platform", default="CUDA", help="OpenMM's (default: %(default)s)")
    parser.add_argument("--output", type=Path, help="JSON file (default: results/ensembles-<date>.json)")
    return parser.parse_args()


def createElectrolyte(name: str, arguments: argparse.Namespace) -> Electrolyte:
    """Return one of the systems: the crystal with the lattice constant that it has at 1 bar."""
    if name == "NaCl":
        return createSalt(arguments.salt, nacl_system.LATTICE_CONSTANT)
    properties = {"Precision": "mixed"} if arguments.platform == "CUDA" else {}
    return createWater(arguments.water, arguments.platform, properties, arguments.starts)


class Simulation:
    """One contestant in one system: a thermostat, then velocity Verlet or a thermostat and a barostat."""

    def __init__(
        self,
        contestant: Electrostatics,
        electrolyte: Electrolyte,
        measure: str,
        seed: int,
        arguments: argparse.Namespace,
    ) -> None:
        self._stride = round(INTERVAL / electrolyte.timeStep)
        system = contestant.createSystem(electrolyte.system)
        for force in system.getForces():
            if isinstance(force, openmm.NonbondedForce):
                force.setEwaldErrorTolerance(arguments.tolerance)
        self.mass = sum(system.getParticleMass(i)._value for i in range(electrolyte.numAtoms))  # Da
        if measure == "density":
            barostat = openmm.MonteCarloBarostat(1.0, TEMPERATURE, BAROSTAT_INTERVAL)
            barostat.setRandomNumberSeed(seed)
            system.addForce(barostat)
        self._integrator = openmm.CompoundIntegrator()
        for friction in (EQUILIBRATION_FRICTION, FRICTION):
            thermostat = openmm.LangevinMiddleIntegrator(TEMPERATURE, friction, electrolyte.timeStep)
            thermostat.setRandomNumberSeed(seed)
            self._integrator.addIntegrator(thermostat)
        self._integrator.addIntegrator(openmm.VerletIntegrator(electrolyte.timeStep))
        properties = contestant.properties if arguments.platform == "CUDA" else {}
        platform = openmm.Platform.getPlatformByName(arguments.platform)
        self.context = openmm.Context(system, self._integrator, platform, properties)
        self.context.setPositions(electrolyte.positions)
        hot = 2.0 if electrolyte.velocities is None else 1.0  # half of it goes into positions where nothing moves yet
        self.context.setVelocitiesToTemperature(hot * TEMPERATURE, seed)
        self._integrator.step(round(arguments.equilibration / electrolyte.timeStep))
        self._integrator.setCurrentIntegrator(2 if measure == "energy" else 1)

    def advance(self, picoseconds: float, seconds: float) -> Iterator[openmm.State]:
        """Yield the state, with energies, after each INTERVAL."""
        start = time.perf_counter()
        for _ in range(round(picoseconds / INTERVAL)):
            self._integrator.step(self._stride)
            yield self.context.getState(energy=True)
            if time.perf_counter() - start > seconds:
                return


def measureEnergy(simulation: Simulation, arguments: argparse.Namespace) -> dict:
    """Return the drift of the total energy."""
    times, energies = [], []
    for state in simulation.advance(arguments.time, arguments.seconds):
        times.append(state.getTime().value_in_unit(unit.picosecond))
        total = state.getKineticEnergy() + state.getPotentialEnergy()
        energies.append(total.value_in_unit(unit.kilojoule_per_mole))
    numAtoms = simulation.context.getSystem().getNumParticles()
    return {"ps": times[-1] - times[0], **findDrift(np.array(times), np.array(energies), numAtoms, TEMPERATURE)}


def measureDensity(simulation: Simulation, arguments: argparse.Namespace) -> dict:
    """Return the density, and the lattice constant that rock salt of it has; the first fifth is left out."""
    volumes = np.array(
        [state.getPeriodicBoxVolume()._value for state in simulation.advance(arguments.time, arguments.seconds)]
    )
    volumes = volumes[len(volumes) // 5 :]
    numAtoms = simulation.context.getSystem().getNumParticles()
    density = averageSeries(GRAMS_PER_CM3 * simulation.mass / volumes)
    lattice = averageSeries(np.cbrt(8.0 * volumes / numAtoms))
    return {
        "ps": INTERVAL * len(volumes),
        "density_g_per_cm3": float(density.mean),
        "density_standard_error": float(density.standardError),
        "lattice_constant_nm": float(lattice.mean),
        "lattice_constant_standard_error": float(lattice.standardError),
    }


def run(
    contestant: Electrostatics, electrolyte: Electrolyte, measure: str, seed: int, arguments: argparse.Namespace
) -> dict:
    """Return the row of one simulation."""
    start = time.perf_counter()
    row = {
        "system": electrolyte.name,
        "atoms": electrolyte.numAtoms,
        "measure": measure,
        "name": contestant.name,
        "label": contestant.label,
        "platform": arguments.platform,
        **(contestant.properties if arguments.platform == "CUDA" else {}),
        "tolerance": arguments.tolerance,
        "seed": seed,
    }
    try:
        simulation = Simulation(contestant, electrolyte, measure, seed, arguments)
        row |= {"energy": measureEnergy, "density": measureDensity}[measure](simulation, arguments)
    except Exception as error:  # of whatever library: the others go on
        row["error"] = f"{type(error).__name__}: {error}"
    return row | {"seconds": round(time.perf_counter() - start, 1)}


def describe(row: dict) -> str:
    """Return a line for the console."""
    text = f"{row['system']} {row['atoms']} {row['name']} {row['tolerance']:g} seed {row['seed']}: "
    if "error" in row:
        return text + row["error"]
    if row["measure"] == "energy":
        drift, error = row["drift_kT_per_atom_ns"], row["standard_error"]
        return text + f"drift {drift:+.2e} +- {error:.1e} kT/atom/ns over {row['ps']:.0f} ps"
    density, error = row["density_g_per_cm3"], row["density_standard_error"]
    return text + f"density {density:.5f} +- {error:.5f} g/cm3 over {row['ps']:.0f} ps"


def main() -> None:
    """Simulate; print each row, and write the results row by row."""
    arguments = parseArguments()
    results = ResultFile("ensembles", vars(arguments), arguments.output)
    for name in arguments.systems:
        electrolyte = createElectrolyte(name, arguments)
        for contestant in findContestants(arguments.contestants):
            for measure in arguments.measures:
                for seed in arguments.seeds:
                    results.add(run(contestant, electrolyte, measure, seed, arguments))
                    console.print(describe(results.rows[-1]), highlight=False, soft_wrap=True)
    console.print(f"written to {results.path}", soft_wrap=True)


if __name__ == "__main__":
    main()
