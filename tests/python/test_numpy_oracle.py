# SPDX-License-Identifier: MIT
"""SurrogateForce on the Reference platform against the independent numpy implementation in pair_oracle.py."""

import numpy as np
import pytest
from liquid_samples import compute, shaken_lattice
from pair_oracle import NumpyModel

from openmmsurrogate import PairNetwork, SurrogateForce, SurrogateModel

# Double arithmetic on both sides; sums over some fifty neighbours of terms up to ten times the result.
TOLERANCE = 1e-12
MINIMUM_DISTANCE = 0.27  # nm; some pairs of the configurations are closer


def make_network(seed, activation, output, minimumDistance):
    rng = np.random.default_rng(seed)
    widths = [1, 16, 24, 1]
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    weights = [rng.normal(0.0, 2.0 / np.sqrt(shape[1]), shape) for shape in shapes]
    network = PairNetwork(widths, weights, [rng.normal(size=n) for n in widths[1:]], activation, output)
    network.setOutputStandardization(1.5, 40.0)
    network.setCore(minimumDistance, 5.0)
    return network


@pytest.fixture(scope="module")
def two_type_model(tmp_path_factory):
    """A model of two types with three different networks, and the file it was saved to."""
    model = SurrogateModel(["A", "B"], 0.8)
    networks = (
        ((0, 0), make_network(1, PairNetwork.Tanh, PairNetwork.ForceWeight, MINIMUM_DISTANCE)),
        ((0, 1), make_network(2, PairNetwork.SiLU, PairNetwork.ForceWeight, MINIMUM_DISTANCE)),
        ((1, 1), make_network(3, PairNetwork.Tanh, PairNetwork.Energy, 0.0)),
    )
    for pair, network in networks:
        model.setPairNetwork(*pair, model.addNetwork(network))
    model.setEnergyOffset("A", -1.25)
    path = tmp_path_factory.mktemp("oracle") / "two-types.safetensors"
    model.save(path)
    return model, path


def compare(model, path, positions, box, types, exclusions):
    force = SurrogateForce(model)
    force.setPrecision(SurrogateForce.Double)
    force.setEvaluationMethod(SurrogateForce.Network)
    force.setUsesPeriodicBoundaryConditions(box is not None)
    for kind in types:
        force.addParticle(int(kind))
    for pair in exclusions:
        force.addExclusion(*pair)
    forces, energy = compute(force, positions, 4.0 * np.eye(3) if box is None else box)
    expected, expectedEnergy = NumpyModel(path).compute(positions, box, types, exclusions)
    scale = np.sqrt(np.mean(np.sum(expected**2, axis=1)))
    error = np.linalg.norm(forces - expected, axis=1).max() / scale
    energyError = abs(energy - expectedEnergy) / abs(expectedEnergy)
    print(f"largest error norm over RMS force {error:.1e}, relative error of the energy {energyError:.1e}")
    assert error < TOLERANCE
    assert energyError < TOLERANCE
    return expected


@pytest.mark.parametrize("shape", ["cubic", "triclinic", "not periodic"])
def test_two_types_with_exclusions(two_type_model, shape):
    positions, box = shaken_lattice(3, shear=0.3 if shape == "triclinic" else 0.0, amplitude=0.04)
    types = np.arange(len(positions)) % 2
    types[[5, 17]] = -1
    # Neighbours in the lattice, some across the boundary.
    exclusions = [(0, 1), (2, 0), (8, 9), (3, 40), (107, 0)]
    box = None if shape == "not periodic" else box
    compare(*two_type_model, positions, box, types, exclusions)
    assert np.any(types < 0)


def test_exclusions_matter_to_both(two_type_model):
    """The comparison would be blind if the excluded pairs did not interact anyway."""
    positions, box = shaken_lattice(3)
    types = np.zeros(len(positions), int)
    without, _ = NumpyModel(two_type_model[1]).compute(positions, box, types)
    with_, _ = NumpyModel(two_type_model[1]).compute(positions, box, types, [(0, 1), (8, 9)])
    changed = np.abs(without - with_).max(axis=1) > 1.0
    assert np.flatnonzero(changed).tolist() == [0, 1, 8, 9]


@pytest.mark.parametrize("shear", [0.0, 0.3], ids=["cubic", "triclinic"])
def test_shipped_argon_model(shear, tmp_path):
    model = SurrogateModel.load("argon")
    path = tmp_path / "argon.safetensors"
    model.save(path)
    positions, box = shaken_lattice(4, shear)
    compare(model, path, positions, box, np.zeros(len(positions), int), [(0, 1)])


def test_pair_functions(two_type_model):
    """computeForce() and computeEnergy() of single pairs, through the core and up to the cutoff."""
    model, path = two_type_model
    oracle = NumpyModel(path)
    r = np.linspace(0.05, 0.81, 153)
    for (a, b), network in oracle.pairs.items():
        expected, energies = network.force(r), np.zeros_like(r)
        energies[r < 0.8] = network.energies(r[r < 0.8])
        forces = model.computeForce(a, b, r)._value
        assert np.abs(forces - expected).max() < TOLERANCE * np.abs(expected).max()
        assert np.abs(model.computeEnergy(a, b, r)._value - energies).max() < TOLERANCE * np.abs(energies).max()
