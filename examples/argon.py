# SPDX-License-Identifier: MIT
"""Liquid argon at 100 K on a pair network, next to the Lennard-Jones potential it was fitted to.

Runs the same NVT simulation twice, once with SurrogateForce and once with NonbondedForce, then compares the energies
per atom, the radial distribution functions, and the forces on configurations of the Lennard-Jones run, which the fit
never saw. Energies of both are zero at the cutoff; no constant is fitted.
"""

import argparse
import functools
import itertools
from dataclasses import dataclass
from time import perf_counter

import liquid_argon
import numpy as np
from openmm import Platform, unit
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from openmmsurrogate import SurrogateForce, SurrogateModel
from openmmsurrogate.analysis import (
    averageSeries,
    compareForces,
    computeRadialDistribution,
    formatR2,
    toEVPerAngstrom,
)
from openmmsurrogate.plots import LiquidRun, plotLiquidComparison

TEMPERATURE = 100.0  # K
MELTING_TEMPERATURE = 300.0  # K
MELTING_STEPS = 1000
ENERGY_INTERVAL = 40  # steps between energies
FRAME_INTERVAL = 200  # steps between configurations
MINIMUM_FRAMES = 16  # fewer tell nothing about standard errors


@dataclass
class Trajectory:
    """Samples of one simulation: energies per atom in kJ/mol at times in ps, and wrapped positions in nm."""

    times: np.ndarray
    energies: np.ndarray
    frames: np.ndarray
    millisecondsPerStep: float


def createSurrogate(model, numAtoms):
    """Return a SurrogateForce for atoms that are all argon."""
    force = SurrogateForce(model)
    for _ in range(numAtoms):
        force.addParticle("Ar")
    return force


def advance(integrator, steps, report):
    """Take steps without sampling."""
    for start in range(0, steps, ENERGY_INTERVAL):
        count = min(ENERGY_INTERVAL, steps - start)
        integrator.step(count)
        report(count)


def runLiquid(system, energySystem, positions, arguments, seed, report):
    """Melt the crystal, equilibrate the liquid, and sample it; report(steps) is called as steps are done.

    Energies are those of energySystem in the configurations of system.
    """
    context = liquid_argon.createContext(system, MELTING_TEMPERATURE, seed, arguments.platform)
    energyContext = liquid_argon.createContext(energySystem, TEMPERATURE, seed, arguments.platform)
    integrator = context.getIntegrator()
    context.setPositions(positions)
    context.setVelocitiesToTemperature(2.0 * MELTING_TEMPERATURE, seed)
    advance(integrator, MELTING_STEPS, report)
    integrator.setTemperature(TEMPERATURE)
    advance(integrator, arguments.equilibration, report)
    energies, frames, seconds = [], [], 0.0
    for i in range(ENERGY_INTERVAL, arguments.steps + 1, ENERGY_INTERVAL):
        start = perf_counter()
        integrator.step(ENERGY_INTERVAL)
        seconds += perf_counter() - start
        frame = context.getState(positions=True, enforcePeriodicBox=True).getPositions(asNumpy=True)
        energyContext.setPositions(frame)
        energy = energyContext.getState(energy=True).getPotentialEnergy()
        energies.append(energy.value_in_unit(unit.kilojoule_per_mole) / len(positions))
        if i % FRAME_INTERVAL == 0:
            frames.append(frame.value_in_unit(unit.nanometer))
        report(ENERGY_INTERVAL)
    times = liquid_argon.TIME_STEP * ENERGY_INTERVAL * np.arange(1, len(energies) + 1)
    return Trajectory(times, np.array(energies), np.array(frames), 1000.0 * seconds / arguments.steps)


def evaluateForces(system, frames, platform):
    """Return the forces of a System on each frame, kJ/mol/nm, shape (frames, atoms, 3)."""
    context = liquid_argon.createContext(system, TEMPERATURE, 1, platform)
    forces = []
    for frame in frames:
        context.setPositions(frame)
        state = context.getState(forces=True)
        forces.append(state.getForces(asNumpy=True).value_in_unit(unit.kilojoule_per_mole / unit.nanometer))
    return np.array(forces)


def analyse(label, trajectory, edge):
    """Return averages, errors and g(r) of a trajectory."""
    distribution = computeRadialDistribution(trajectory.frames, edge * np.eye(3), min(1.2, 0.499 * edge), 150)
    return LiquidRun(label, trajectory.times, trajectory.energies, averageSeries(trajectory.energies), distribution)


def printResults(console, reference, surrogate, metrics):
    """Print the comparison as a table."""
    table = Table(title="Liquid argon, Lennard-Jones against its surrogate", title_justify="left")
    table.add_column("quantity")
    table.add_column("value")
    for run in (reference, surrogate):
        average = run.averageEnergy
        table.add_row(f"energy per atom, {run.label}", f"{average.mean:.4f} ± {average.standardError:.4f} kJ/mol")
    difference = surrogate.averageEnergy.mean - reference.averageEnergy.mean
    error = np.hypot(surrogate.averageEnergy.standardError, reference.averageEnergy.standardError)
    table.add_row("  difference", f"{difference:+.4f} kJ/mol = {difference / error:+.1f} standard errors")
    table.add_row("R² of |F|", formatR2(metrics.r2))
    table.add_row(
        "RMSE of |F|", f"{metrics.magnitudeRMSE:.2e} kJ/mol/nm = {toEVPerAngstrom(metrics.magnitudeRMSE):.2e} eV/Å"
    )
    table.add_row(
        "force error norm / RMS force", f"{metrics.relativeRMSE:.1e} RMS, {metrics.relativeMaximum:.1e} largest"
    )
    deviation = np.abs(surrogate.distribution.g - reference.distribution.g)
    errors = np.hypot(surrogate.distribution.standardError, reference.distribution.standardError)
    worst = int(deviation.argmax())
    where = f"at {reference.distribution.r[worst]:.3f} nm"
    table.add_row("largest deviation of g(r)", f"{deviation[worst]:.4f} ± {errors[worst]:.4f} {where}")
    console.print(table)
    console.print("Standard errors of runs this short are themselves uncertain by some 30 %, and rather too small.")


def parseArguments():
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--atoms", type=int, default=2048, help="atoms, rounded up to whole fcc cells (default: %(default)s)"
    )
    parser.add_argument("--steps", type=int, default=40000, help="sampled steps of 2 fs (default: %(default)s)")
    parser.add_argument(
        "--equilibration", type=int, default=4000, help="steps at 100 K before that (default: %(default)s)"
    )
    parser.add_argument(
        "--platform", choices=[Platform.getPlatform(i).getName() for i in range(Platform.getNumPlatforms())]
    )
    parser.add_argument("--model", default="argon", help="model name or .safetensors file (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=2026, help="seed of velocities and thermostat (default: %(default)s)"
    )
    parser.add_argument("--output", default="argon.png", help="figure to write (default: %(default)s)")
    arguments = parser.parse_args()
    if 4 * cellsPerEdge(arguments.atoms) ** 3 < 2.0**3 * liquid_argon.CUTOFF**3 * liquid_argon.NUMBER_DENSITY:
        parser.error(f"--atoms {arguments.atoms} makes a box narrower than twice the cutoff; use 108 or more")
    if arguments.steps < MINIMUM_FRAMES * FRAME_INTERVAL:
        parser.error(
            f"--steps {arguments.steps} is too few for standard errors; use {MINIMUM_FRAMES * FRAME_INTERVAL} or more"
        )
    return arguments


def cellsPerEdge(numAtoms):
    """Return the smallest number of fcc cells along an edge of a cube that holds numAtoms."""
    return next(n for n in itertools.count(1) if 4 * n**3 >= numAtoms)


def main():
    """Run both simulations, compare them, and draw the figure."""
    arguments, console = parseArguments(), Console()
    positions, edge = liquid_argon.createLattice(cellsPerEdge(arguments.atoms))
    numAtoms = len(positions)
    lennardJones, shifted, surrogate = (
        liquid_argon.createSystem(numAtoms, edge, [force])
        for force in (
            liquid_argon.createLennardJones(numAtoms),
            liquid_argon.createShiftedLennardJones(numAtoms),
            createSurrogate(SurrogateModel.load(arguments.model), numAtoms),
        )
    )
    # NonbondedForce moves the atoms; the force that shifts its energy only reports it.
    runs = (("Lennard-Jones", lennardJones, shifted), ("surrogate", surrogate, surrogate))
    state = f"{numAtoms} atoms, {TEMPERATURE:g} K, {liquid_argon.NUMBER_DENSITY:g} nm⁻³"
    console.print(f"Liquid argon, {state}, cubic box of {edge:.3f} nm")
    console.print(
        f"Each run: {MELTING_STEPS} steps at {MELTING_TEMPERATURE:g} K, {arguments.equilibration} to equilibrate, "
        f"{arguments.steps} for the averages"
    )
    columns = (TextColumn("{task.description:14}"), BarColumn(), MofNCompleteColumn(), TextColumn("steps"))
    trajectories = []
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as progress:
        for i, (label, system, energySystem) in enumerate(runs):
            task = progress.add_task(label, total=MELTING_STEPS + arguments.equilibration + arguments.steps)
            report = functools.partial(progress.advance, task)
            trajectories.append(runLiquid(system, energySystem, positions, arguments, arguments.seed + i, report))
    with console.status("analysing"):
        results = [analyse(label, t, edge) for (label, _, _), t in zip(runs, trajectories, strict=True)]
        frames = trajectories[0].frames[:: max(1, len(trajectories[0].frames) // 16)]
        forces = [evaluateForces(system, frames, arguments.platform) for _, system, _ in runs]
        plotLiquidComparison(*results, *forces, arguments.output, f"Liquid argon, {state}")
    printResults(console, *results, compareForces(*forces))
    times = ", ".join(
        f"{run.label} {t.millisecondsPerStep:.2f} ms" for run, t in zip(results, trajectories, strict=True)
    )
    console.print(f"time per step: {times}")
    console.print(f"figure written to {arguments.output}", soft_wrap=True)


if __name__ == "__main__":
    main()
