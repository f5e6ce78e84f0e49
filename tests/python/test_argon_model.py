# SPDX-License-Identifier: MIT
"""The shipped argon model against Lennard-Jones argon, on configurations that its fit never saw."""

import json

import numpy as np
import pytest
from liquid_samples import compute, liquid_argon
from openmm import unit

from openmmsurrogate import NumericFormat, SurrogateForce, SurrogateModel, listModels
from openmmsurrogate.analysis import compareForces, toEVPerAngstrom

SEED = 987  # not among those of the training data


@pytest.fixture(scope="module")
def model():
    return SurrogateModel.load("argon")


@pytest.fixture(scope="module")
def liquid():
    """Lennard-Jones configurations at 100 K: frames, shape (frames, atoms, 3) in nm, and box vectors as rows, nm."""
    positions, edge = liquid_argon.createLattice(4)
    system = liquid_argon.createSystem(len(positions), edge, [liquid_argon.createLennardJones(len(positions))])
    context = liquid_argon.createContext(system, 100.0, SEED, "Reference")
    context.setPositions(positions)
    context.setVelocitiesToTemperature(300.0, SEED)
    context.getIntegrator().step(1000)
    frames = []
    for _ in range(5):
        context.getIntegrator().step(200)
        frames.append(context.getState(positions=True).getPositions(asNumpy=True).value_in_unit(unit.nanometer))
    return np.array(frames), edge * np.eye(3)


def make_force(model, numAtoms, precision, method):
    force = SurrogateForce(model)
    force.setPrecision(precision)
    force.setEvaluationMethod(method)
    for _ in range(numAtoms):
        force.addParticle("Ar")
    return force


def test_is_listed_with_its_provenance(model):
    assert "argon" in listModels()
    provenance = json.loads(model.getProvenance())
    assert provenance["command"] == "openmm-surrogate train"
    assert provenance["config"]["cutoff"] == liquid_argon.CUTOFF == model.getCutoff()._value
    network = model.getNetwork(model.getPairNetwork("Ar", "Ar"))
    assert tuple(network.getWidths()) == (1, 64, 64, 64, 1)
    histogram = network.getTrainingHistogram()
    assert histogram.sum() == provenance["training"]["pairs"]
    binWidth = liquid_argon.CUTOFF / len(histogram)
    closest = provenance["training"]["smallest_distance_nm"][0]
    assert np.flatnonzero(histogram)[0] == int(closest / binWidth)
    assert 0.0 <= closest - network.getMinimumDistance()._value < 0.001


@pytest.mark.parametrize(
    ("platform", "precision", "method", "tolerance"),
    [
        # The training alone: it saw forces in single precision, and the jump of truncated Lennard-Jones at the cutoff.
        ("Reference", SurrogateForce.Double, SurrogateForce.Network, 5e-6),
        # The default table tolerance, 1e-5 for each pair, comes on top.
        ("Reference", SurrogateForce.Double, SurrogateForce.Table, 2e-5),
        ("CPU", SurrogateForce.Default, SurrogateForce.Automatic, 2e-5),
    ],
    ids=["network", "table", "defaults on CPU"],
)
def test_forces_of_the_unseen_liquid(model, liquid, platform, precision, method, tolerance):
    frames, box = liquid
    numAtoms = frames.shape[1]
    true = [compute(liquid_argon.createLennardJones(numAtoms), x, box)[0] for x in frames]
    predicted = [compute(make_force(model, numAtoms, precision, method), x, box, platform)[0] for x in frames]
    metrics = compareForces(true, predicted)
    print(
        f"1 - R2 {1.0 - metrics.r2:.1e}, RMSE {metrics.componentRMSE:.1e} kJ/mol/nm, "
        f"error norm over RMS force {metrics.relativeRMSE:.1e} RMS, {metrics.relativeMaximum:.1e} largest"
    )
    assert metrics.r2 > 0.9999999
    assert metrics.relativeRMSE < tolerance


@pytest.mark.parametrize(
    ("name", "format", "r2", "rmse"),
    [  # what was asked of each, and what docs/theory/quantization.md says of it with a margin: R2, RMSE in eV/angstrom
        ("argon-fp16", "float16", 0.999998, 5e-5),
        ("argon-bf16", "bfloat16", 0.99999, 1.3e-4),
        ("argon-int8", "int8", 0.9999, 3e-4),
        ("argon-fp8", "float8", 0.999, 1e-3),
        ("argon-int4", "int4", 0.999998, 8e-5),
    ],
)
def test_quantized_models_run_in_their_formats(name, format, r2, rmse, liquid):
    """Forces of the networks, and energies without a fitted constant, in the format that the model chooses itself."""
    quantized = SurrogateModel.load(name)
    assert quantized.getFormat() == NumericFormat.parse(format)
    assert json.loads(quantized.getProvenance())["quantization"]["format"] == format
    frames, box = liquid
    numAtoms = frames.shape[1]
    results = [compute(liquid_argon.createShiftedLennardJones(numAtoms), x, box) for x in frames]
    true, energies = (np.array(values) for values in zip(*results, strict=True))
    results = [compute(make_force(quantized, numAtoms, "default", SurrogateForce.Network), x, box) for x in frames]
    predicted, found = (np.array(values) for values in zip(*results, strict=True))
    metrics = compareForces(true, predicted)
    difference = found.mean() / energies.mean() - 1.0
    print(
        f"1 - R2 {1.0 - metrics.r2:.1e}, RMSE {toEVPerAngstrom(metrics.magnitudeRMSE):.1e} eV/angstrom, "
        f"energy {100.0 * difference:+.3f} %"
    )
    assert metrics.r2 > r2
    assert toEVPerAngstrom(metrics.magnitudeRMSE) < rmse
    assert abs(difference) < 5e-4


def test_energy_of_the_unseen_liquid(model, liquid):
    """Energies under the one convention, zero at the cutoff, without a fitted constant."""
    frames, box = liquid
    numAtoms = frames.shape[1]
    for frame in frames:
        _, expected = compute(liquid_argon.createShiftedLennardJones(numAtoms), frame, box)
        force = make_force(model, numAtoms, SurrogateForce.Double, SurrogateForce.Network)
        _, energy = compute(force, frame, box)
        print(
            f"energy per atom {expected / numAtoms:.6f} kJ/mol, difference {(energy - expected) / numAtoms:.1e} kJ/mol"
        )
        assert (
            abs(energy - expected) / numAtoms < 5e-4
        )  # 1e-4 of the energy: a pair force from forces alone integrates well


def test_pair_function_follows_lennard_jones(model):
    network = model.getNetwork(0)
    r = np.linspace(network.getMinimumDistance()._value, liquid_argon.CUTOFF, 3001)[:-1]
    exact = liquid_argon.lennardJonesForce(r)
    error = np.abs(model.computeForce("Ar", "Ar", r)._value - exact) / np.hypot(exact, model.getForceScale()._value)
    print(f"largest error of w over sqrt(w^2 + (largest attraction)^2): {error.max():.1e}")
    print(f"the same where the liquid at 100 K is: {error[r > 0.31].max():.1e}")
    # Few pairs of the hot fluid came so close that they tell the force at the smallest distances.
    assert error.max() < 2e-3
    assert error[r > 0.31].max() < 5e-5
    energyError = np.abs(model.computeEnergy("Ar", "Ar", r)._value - liquid_argon.lennardJonesEnergy(r))
    print(
        f"largest error of energy over epsilon beyond 0.33 nm: {energyError[r > 0.33].max() / liquid_argon.EPSILON:.1e}"
    )
    assert energyError[r > 0.33].max() < 1e-4 * liquid_argon.EPSILON


def test_core_is_strictly_repulsive_and_joins_smoothly(model):
    edge = model.getNetwork(0).getMinimumDistance()._value
    r = np.linspace(0.0, edge, 1001)
    force = model.computeForce("Ar", "Ar", r)._value
    energy = model.computeEnergy("Ar", "Ar", r)._value
    assert np.all(force[1:] > 0.0)
    assert np.all(np.diff(energy) < 0.0)
    assert np.isfinite(energy[0])
    assert energy[0] > 1000.0 * 0.8314  # kT at 100 K: nothing crosses
    step = 1e-6
    outside, inside = (model.computeForce("Ar", "Ar", edge + d)._value for d in (step, -step))
    slope = (outside - inside) / (2.0 * step)
    exactSlope = (liquid_argon.lennardJonesForce(edge + step) - liquid_argon.lennardJonesForce(edge - step)) / (
        2.0 * step
    )
    assert outside == pytest.approx(inside, rel=1e-4)
    # The training saw few pairs here, and so knows the slope less well than the force.
    assert slope == pytest.approx(exactSlope, rel=0.1)
