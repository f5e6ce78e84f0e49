# SPDX-License-Identifier: MIT
"""Fit the pair network that ships as argon.safetensors to Lennard-Jones argon.

Two short Reference-platform simulations, of the liquid at 100 K and of a hot fluid of the same density, tell which
distances matter and how large forces are. The network 1-64-64-64-1 is then fitted to the force weight w = -dU/dr at
Chebyshev points of that range, rounded to float32, and judged by forces in a simulation that the fit never saw.
The same seed gives the same weights, up to rounding in the linear algebra library.
"""

import argparse
import datetime
import json
import os
import platform

# One thread: the matrices are small, and the number of threads would change the rounding.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import liquid_argon
import numpy as np
import openmm
import scipy
from openmm import unit
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from scipy.spatial import cKDTree

import openmmsurrogate
from openmmsurrogate.analysis import compareForces
from openmmsurrogate.training import evaluateNetwork, fitNetwork, initializeNetwork, roundToSingle

WIDTHS = [1, 64, 64, 64, 1]
TEMPERATURES = (100.0, 300.0)  # K: the liquid, and a hot fluid that explores closer contacts
NUM_CELLS = 5  # fcc cells along an edge: 500 atoms
MELT_STEPS, SAMPLE_STEPS, SAMPLE_INTERVAL = 1000, 1000, 25
NUM_SAMPLES = 300  # Chebyshev points; the fit error between them equals that at them
NUM_BINS = 170  # of the training histogram: 0.005 nm each
KJ_PER_NM = unit.kilojoule_per_mole / unit.nanometer


def sampleLiquid(temperature, seed, progress):
    """Return positions and forces, shape (frames, atoms, 3), of a Lennard-Jones fluid, and the edge of its box."""
    positions, edge = liquid_argon.createLattice(NUM_CELLS)
    numAtoms = len(positions)
    system = liquid_argon.createSystem(numAtoms, edge, [liquid_argon.createLennardJones(numAtoms)])
    # Reference, because it alone repeats a trajectory bit by bit.
    context = liquid_argon.createContext(system, temperature, seed, "Reference")
    context.setPositions(positions)
    # Half the kinetic energy goes into melting: start hot.
    context.setVelocitiesToTemperature(3.0 * temperature, seed)
    context.getIntegrator().step(MELT_STEPS)
    frames, forces = [], []
    for _ in progress.track(range(SAMPLE_STEPS // SAMPLE_INTERVAL), description=f"sampling at {temperature:g} K"):
        context.getIntegrator().step(SAMPLE_INTERVAL)
        state = context.getState(positions=True, forces=True, enforcePeriodicBox=True)
        frames.append(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer))
        forces.append(state.getForces(asNumpy=True).value_in_unit(KJ_PER_NM))
    return np.array(frames), np.array(forces), edge


def collectDistances(frames, edge):
    """Return the distances of all pairs within the cutoff, nm."""
    distances = []
    for frame in frames:
        tree = cKDTree(frame % edge, boxsize=edge)
        pairs = tree.sparse_distance_matrix(tree, liquid_argon.CUTOFF, output_type="ndarray")
        distances.append(pairs["v"][pairs["i"] < pairs["j"]])
    return np.concatenate(distances)


def fitForceWeight(minimumDistance, standardDeviation, numSteps, seed, progress):
    """Return the float32 parameters of a network fitted to w(r) between minimumDistance and the cutoff."""
    cutoff = liquid_argon.CUTOFF
    angles = np.pi * (np.arange(NUM_SAMPLES) + 0.5) / NUM_SAMPLES
    r = 0.5 * (minimumDistance + cutoff) - 0.5 * (cutoff - minimumDistance) * np.cos(angles)
    weight = liquid_argon.lennardJonesForce(r)
    # Absolute errors count where attraction rules and relative ones in the repulsion, which spans three decades.
    sampleWeights = standardDeviation / np.hypot(weight, forceScale())
    samples = (r / cutoff, weight / standardDeviation, sampleWeights)
    task = progress.add_task("fitting", total=numSteps)

    def report(step, residual):
        progress.update(task, completed=step, description=f"fitting, error {residual:.1e}")

    start = initializeNetwork(WIDTHS, minimumDistance / cutoff, 1.0, seed)
    result = fitNetwork(start, *samples, maxSteps=numSteps, reporter=report)
    return roundToSingle(result.parameters, *samples)


def forceScale():
    """Return the largest attraction of Lennard-Jones argon, kJ/mol/nm: at r = (26/7)^(1/6) sigma."""
    return -float(liquid_argon.lennardJonesForce((26.0 / 7.0) ** (1.0 / 6.0) * liquid_argon.SIGMA))


def createModel(parameters, standardDeviation, minimumDistance, histogram, provenance):
    """Return the SurrogateModel made of the fitted parameters."""
    network = openmmsurrogate.PairNetwork(WIDTHS, parameters.weights, parameters.biases)
    network.setOutputStandardization(0.0, standardDeviation)
    network.setCore(minimumDistance)
    network.setTrainingHistogram(histogram)
    model = openmmsurrogate.SurrogateModel(["Ar"], liquid_argon.CUTOFF)
    model.setPairNetwork(0, 0, model.addNetwork(network))
    model.setForceScale(forceScale())
    model.setProvenance(json.dumps(provenance))
    return model


def evaluateForces(model, frames, edge):
    """Return the forces of the model on each frame, from the network itself in double precision."""
    force = openmmsurrogate.SurrogateForce(model)
    for _ in range(frames.shape[1]):
        force.addParticle("Ar")
    force.setEvaluationMethod(openmmsurrogate.SurrogateForce.Network)
    system = liquid_argon.createSystem(frames.shape[1], edge, [force])
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference"))
    forces = []
    for frame in frames:
        context.setPositions(frame)
        forces.append(context.getState(forces=True).getForces(asNumpy=True).value_in_unit(KJ_PER_NM))
    return np.array(forces)


def describe(arguments, distances, error):
    """Return where the model comes from, as it is kept in the file."""
    return {
        "script": "examples/fit_argon.py",
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "target": {
            "potential": "Lennard-Jones, truncated at the cutoff, energy shifted to zero there",
            "sigma_nm": liquid_argon.SIGMA,
            "epsilon_kJ_per_mol": liquid_argon.EPSILON,
            "cutoff_nm": liquid_argon.CUTOFF,
        },
        "training": {
            "temperatures_K": list(TEMPERATURES),
            "number_density_per_nm3": liquid_argon.NUMBER_DENSITY,
            "atoms": 4 * NUM_CELLS**3,
            "frames": len(TEMPERATURES) * SAMPLE_STEPS // SAMPLE_INTERVAL,
            "pairs": len(distances),
            "smallest_distance_nm": float(distances.min()),
            "fit_points": NUM_SAMPLES,
            "fit_steps": arguments.fitSteps,
            "seed": arguments.seed,
        },
        "largest_error": {"value": error, "relative_to": "sqrt(w^2 + force scale^2)"},
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "openmm": openmm.__version__,
            "openmm-surrogate": openmmsurrogate.__version__,
        },
    }


def parseArguments():
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="argon.safetensors", help="file to write (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of all random numbers (default: %(default)s)")
    parser.add_argument(
        "--fit-steps", dest="fitSteps", type=int, default=3000, help="Levenberg-Marquardt steps (default: %(default)s)"
    )
    return parser.parse_args()


def main():
    """Sample, fit, save, and print how good the fit is."""
    arguments, console = parseArguments(), Console()
    columns = (
        TextColumn("{task.description:32}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        training = [sampleLiquid(t, arguments.seed + i, progress) for i, t in enumerate(TEMPERATURES)]
        distances = np.concatenate([collectDistances(frames, edge) for frames, _, edge in training])
        histogram, _ = np.histogram(distances, bins=NUM_BINS, range=(0.0, liquid_argon.CUTOFF))
        minimumDistance = np.floor(distances.min() * 1000.0) / 1000.0
        # PNNL-38353 standardizes by the training set's force components, whose mean is zero by Newton's third law.
        standardDeviation = float(np.round(np.std([forces for _, forces, _ in training]), 3))
        parameters = fitForceWeight(minimumDistance, standardDeviation, arguments.fitSteps, arguments.seed, progress)
        r = np.linspace(minimumDistance, liquid_argon.CUTOFF, 20001)
        exact = liquid_argon.lennardJonesForce(r)
        fitted = standardDeviation * evaluateNetwork(parameters, r / liquid_argon.CUTOFF)
        error = float(np.max(np.abs(fitted - exact) / np.hypot(exact, forceScale())))
        provenance = describe(arguments, distances, error)
        model = createModel(parameters, standardDeviation, minimumDistance, histogram, provenance)
        model.save(arguments.output)
        frames, forces, edge = sampleLiquid(TEMPERATURES[0], arguments.seed + len(TEMPERATURES), progress)
        metrics = compareForces(forces, evaluateForces(model, frames, edge))
    console.print(f"smallest distance sampled     {distances.min():.4f} nm, core below {minimumDistance:.3f} nm")
    console.print(f"largest parameter             {parameters.largestWeight():.2f}")
    console.print(f"largest error of w(r)         {error:.1e} of sqrt(w^2 + (largest attraction)^2)")
    console.print(
        f"forces of an unseen run       R2 = 1 - {1.0 - metrics.r2:.1e}, RMSE {metrics.componentRMSE:.1e} kJ/mol/nm"
    )
    console.print(
        f"error norm over RMS force     {metrics.relativeRMSE:.1e} RMS, {metrics.relativeMaximum:.1e} largest"
    )
    console.print(f"written                       {arguments.output}")


if __name__ == "__main__":
    main()
