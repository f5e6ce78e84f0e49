# SPDX-License-Identifier: MIT
"""Learn the three pair interactions of an argon-krypton liquid from positions and total forces alone.

The simulated potential is Lennard-Jones with Lorentz-Berthelot combining rules, truncated at the cutoff. The training
sees the position and the total force of each atom. What force each pair contributes is computed only at the end, to
judge the networks.
"""

import argparse
import itertools
from pathlib import Path

import numpy as np
import openmm
from openmm import unit
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from openmmsurrogate import SurrogateModel
from openmmsurrogate.analysis import formatR2, toEVPerAngstrom
from openmmsurrogate.data import ForceDataset, SamplingSettings, SystemSource, assignTypes, findPairs, sampleForces
from openmmsurrogate.evaluation import evaluateModels, loadCandidates
from openmmsurrogate.training import readConfig, train

KELVIN = unit.MOLAR_GAS_CONSTANT_R.value_in_unit(unit.kilojoule_per_mole / unit.kelvin)  # kJ/mol
# sigma, nm; epsilon, kJ/mol; mass, dalton. Argon: Rahman, Phys. Rev. 136, A405 (1964). "Krypton" is an illustration: a
# larger, heavier and stickier atom, of krypton's size and well depth as Lennard-Jones models have them (0.36 nm, 160 to
# 170 K); its digits are not those of any one fit, and nothing here depends on them.
ATOMS = {"Ar": (0.3405, 119.8 * KELVIN, 39.948), "Kr": (0.36274, 162.58 * KELVIN, 83.798)}
CUTOFF = 0.9  # nm
NUMBER_DENSITY = 17.0  # atoms per nm^3: a liquid at 120 K
TRAINING_TEMPERATURES = (120.0, 300.0)  # K: the liquid, and a hot fluid that explores closer contacts
HELD_OUT_TEMPERATURE = 120.0  # K
# Of the training, beside its defaults: fewer steps than for one network of higher accuracy, and a coarser grid, as the
# sums over all frames grow with the square of networks times nodes.
SETTINGS = (f"cutoff={CUTOFF}", "adamSteps=1000", "lbfgsSteps=800", "gridPoints=400")


def createMixture(numCells=6, seed=1):
    """Return a System of 4*numCells^3 atoms, half of each kind, no topology, and positions on an fcc lattice, nm.

    For openmm-surrogate sample, too: ``examples/mixture.py:createMixture``. The energy is zero at the cutoff.
    """
    edge = (4.0 * numCells**3 / NUMBER_DENSITY) ** (1.0 / 3.0)
    basis = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    cells = np.stack(np.meshgrid(*3 * [np.arange(numCells)], indexing="ij"), axis=-1).reshape(-1, 1, 3)
    positions = (cells + basis).reshape(-1, 3) * (edge / numCells)
    force = openmm.CustomNonbondedForce(
        "4*epsilon*((x^2-x)-(xc^2-xc)); x=(sigma/r)^6; xc=(sigma/rc)^6;"
        "sigma=0.5*(sigma1+sigma2); epsilon=sqrt(epsilon1*epsilon2)"
    )
    force.addGlobalParameter("rc", CUTOFF)
    force.addPerParticleParameter("sigma")
    force.addPerParticleParameter("epsilon")
    force.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(CUTOFF)
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*(edge * np.eye(3)))
    for kind in np.random.default_rng(seed).permutation(np.arange(len(positions)) % 2):
        sigma, epsilon, mass = ATOMS[("Ar", "Kr")[kind]]
        system.addParticle(mass)
        force.addParticle([sigma, epsilon])
    system.addForce(force)
    return system, None, positions


def pairForce(type1, type2, r):
    """Return -dU/dr of a pair in kJ/mol/nm, r in nm: what the networks are judged by, never trained on."""
    (sigma1, epsilon1, _), (sigma2, epsilon2, _) = ATOMS[type1], ATOMS[type2]
    x = (0.5 * (sigma1 + sigma2) / r) ** 6
    return 24.0 * np.sqrt(epsilon1 * epsilon2) * (2.0 * x * x - x) / r


def sample(path, arguments, temperature, frames, seed, progress):
    """Simulate the mixture and write positions and total forces to a file, unless it is there."""
    task = progress.add_task(f"sampling at {temperature:g} K", total=frames)
    source = SystemSource(*createMixture(arguments.cells), "examples/mixture.py:createMixture")
    settings = SamplingSettings(
        temperature=temperature,
        numFrames=frames,
        interval=arguments.interval,
        equilibration=arguments.equilibration,
        startTemperature=300.0,
        seed=seed,
    )
    sampleForces(source, assignTypes(source), settings, path, lambda *r: progress.update(task, completed=r[1]))
    return path


def comparePairs(model, path):
    """Return R2 and RMSE, kJ/mol/nm, of the pair forces in the frames of a file, for each pair of types."""
    pairs = list(itertools.combinations_with_replacement(ATOMS, 2))
    true, predicted = {pair: [] for pair in pairs}, {pair: [] for pair in pairs}
    with ForceDataset(path) as dataset:
        kinds = np.array(dataset.typeNames)[dataset.typeIndices]
        for frame in dataset:
            i, j, displacement = findPairs(frame.positions, frame.box, CUTOFF)
            r = np.linalg.norm(displacement, axis=1)
            for a, b in pairs:
                chosen = r[((kinds[i] == a) & (kinds[j] == b)) | ((kinds[i] == b) & (kinds[j] == a))]
                true[a, b].append(pairForce(a, b, chosen))
                predicted[a, b].append(model.computeForce(a, b, chosen)._value)
    result = {}
    for pair in pairs:
        w, error = np.concatenate(true[pair]), np.concatenate(predicted[pair]) - np.concatenate(true[pair])
        result[pair] = 1.0 - np.mean(error**2) / np.var(w), float(np.sqrt(np.mean(error**2)))
    return result


def makeTable(metrics, pairs):
    """Return what is printed."""
    table = Table("held-out frames", "R²", "RMSE", caption="RMSE in kJ/mol/nm; in brackets eV/Å")
    rows = {"total force |F| of an atom": (metrics.r2, metrics.magnitudeRMSE)}
    rows |= {f"force of a pair {a}-{b}": values for (a, b), values in pairs.items()}
    for name, (r2, rmse) in rows.items():
        table.add_row(name, formatR2(r2), f"{rmse:.2g} ({toEVPerAngstrom(rmse):.1e})")
    return table


def parseArguments():
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default="argon-krypton.safetensors", help="model to write")
    parser.add_argument("--data", type=Path, default="mixture-data", help="folder for the sampled forces")
    parser.add_argument("--cells", type=int, default=6, help="fcc cells along an edge (default: 6, 864 atoms)")
    parser.add_argument("--frames", type=int, default=60, help="training frames at each temperature (default: 60)")
    parser.add_argument("--interval", type=float, default=2.0, help="time between frames, ps (default: 2)")
    parser.add_argument("--equilibration", type=float, default=20.0, help="ps (default: 20)")
    parser.add_argument("--seed", type=int, default=1, help="seed of all random numbers (default: 1)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="setting of the training; may be repeated"
    )
    return parser.parse_args()


def main():
    """Sample, train, judge."""
    arguments, console = parseArguments(), Console()
    config = readConfig(settings=[*SETTINGS, f"seed={arguments.seed}", *arguments.set])
    arguments.data.mkdir(exist_ok=True)
    with Progress(console=console) as progress:
        files = [
            sample(arguments.data / f"{t:g}K.h5", arguments, t, arguments.frames, arguments.seed + i, progress)
            for i, t in enumerate(TRAINING_TEMPERATURES)
        ]
        heldOut = arguments.data / "held-out.h5"
        sample(heldOut, arguments, HELD_OUT_TEMPERATURE, max(2, arguments.frames // 3), arguments.seed + 100, progress)
        tasks = {}

        def report(stage, step, total, state):
            if stage not in tasks:
                tasks[stage] = progress.add_task(f"training, {stage}", total=total)
            progress.update(tasks[stage], completed=step)

        result = train(files, config, reporter=report)
    result.model.save(arguments.output)
    evaluation = evaluateModels(loadCandidates([arguments.output]), [heldOut])
    metrics = evaluation.models[0].fidelity[0].metrics
    console.print(makeTable(metrics, comparePairs(SurrogateModel.load(arguments.output), heldOut)))
    console.print(f"written to {arguments.output}")


if __name__ == "__main__":
    main()
