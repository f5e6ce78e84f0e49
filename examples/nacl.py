# SPDX-License-Identifier: MIT
"""Sodium chloride three times: with PME as any OpenMM script has it, with TunablePMEForce dropped in, and with a
surrogate that needs no k-space at all. Prints time per step, energies, and how well forces agree."""

import argparse
import time

import nacl_system
import numpy as np
import openmm
from openmm import unit
from rich.console import Console
from rich.table import Table

from openmmsurrogate import SurrogateForce, SurrogateModel, replaceNonbondedForce
from openmmsurrogate.analysis import compareForces

ENERGY = unit.kilojoule_per_mole


def createPMESystem(names, edge):
    """Return a System with PME: a stand-in for whatever your script makes."""
    return nacl_system.createSystem(names, edge, [nacl_system.createPME(names)])


def replaceWithSurrogate(system, topology, model):
    """Return a copy of a System with a surrogate in place of its NonbondedForce; the names of atoms are its types."""
    system = openmm.XmlSerializer.clone(system)
    for i in reversed(range(system.getNumForces())):
        if isinstance(system.getForce(i), openmm.NonbondedForce):
            system.removeForce(i)
    force = SurrogateForce(model)
    for atom in topology.atoms():
        force.addParticle(atom.name)
    system.addForce(force)
    return system


def createContext(system, positions, arguments):
    """Return a Context at the temperature of the crystal."""
    integrator = openmm.LangevinMiddleIntegrator(
        nacl_system.CRYSTAL_TEMPERATURE, nacl_system.FRICTION, nacl_system.TIME_STEP
    )
    integrator.setRandomNumberSeed(arguments.seed)
    platform = [openmm.Platform.getPlatformByName(arguments.platform)] if arguments.platform else []
    context = openmm.Context(system, integrator, *platform)
    context.setPositions(positions)
    context.setVelocitiesToTemperature(2.0 * nacl_system.CRYSTAL_TEMPERATURE, arguments.seed)  # half goes to positions
    return context


def computeForces(context, positions):
    """Return forces, kJ/mol/nm."""
    context.setPositions(positions)
    return context.getState(forces=True).getForces(asNumpy=True).value_in_unit(ENERGY / unit.nanometer)


def simulate(context, steps):
    """Return the mean potential energy per ion of the second half, kJ/mol, and the time of a step, ms."""
    context.getIntegrator().step(steps // 2)
    context.getState(energy=True)  # waits until the steps are done
    energies, start, samples = [], time.perf_counter(), max(1, steps // 40)
    for _ in range(samples):
        context.getIntegrator().step(steps // 2 // samples)
        energies.append(context.getState(energy=True).getPotentialEnergy().value_in_unit(ENERGY))
    seconds = time.perf_counter() - start
    ions = context.getSystem().getNumParticles()
    return np.mean(energies) / ions, 1000.0 * seconds / (samples * (steps // 2 // samples))


def main():
    """Simulate, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=5, help="unit cells of 8 ions along an edge (default: 5)")
    parser.add_argument("--steps", type=int, default=2000, help="of 1 fs, of each simulation (default: 2,000)")
    parser.add_argument("--model", default="nacl-1.0nm", help="shipped model or file (default: nacl-1.0nm)")
    parser.add_argument("--platform", help="OpenMM's (default: the fastest)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()

    positions, names, edge = nacl_system.createLattice(arguments.cells)
    topology = nacl_system.createTopology(names, edge)
    system = createPMESystem(names, edge)
    systems = {
        "NonbondedForce, PME": system,
        "TunablePMEForce, dropped in": replaceNonbondedForce(system),
        f"SurrogateForce, {arguments.model}": replaceWithSurrogate(
            system, topology, SurrogateModel.load(arguments.model)
        ),
    }
    contexts = {name: createContext(system, positions, arguments) for name, system in systems.items()}
    results = {name: simulate(context, arguments.steps) for name, context in contexts.items()}

    # Forces of all in one configuration, which the simulation with PME has come to.
    reference = contexts["NonbondedForce, PME"].getState(positions=True).getPositions(asNumpy=True)
    forces = {name: computeForces(context, reference) for name, context in contexts.items()}
    surrogate = systems[f"SurrogateForce, {arguments.model}"]
    # Warns if this is not what the model was trained on, such as a melt.
    SurrogateForce.cast(surrogate.getForce(0)).checkInContext(contexts[f"SurrogateForce, {arguments.model}"])

    table = Table("", "ms/step", "U per ion, kJ/mol", "R² of forces", title=f"{len(names)} ions")
    for name, (energy, milliseconds) in results.items():
        r2 = compareForces(forces["NonbondedForce, PME"], forces[name]).componentR2
        table.add_row(name, f"{milliseconds:.3g}", f"{energy:.2f}", f"{r2:.6f}")
    Console().print(table)


if __name__ == "__main__":
    main()
