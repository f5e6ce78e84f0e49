# SPDX-License-Identifier: MIT
"""SurrogateModel, PairNetwork and NumericFormat as Python sees them."""

import copy
import pickle

import numpy as np
import pytest
from helpers import make_model, make_network
from openmm import OpenMMException, unit

from openmmsurrogate import NumericFormat, PairNetwork, SurrogateModel, listModels

FORCE = unit.kilojoule_per_mole / unit.nanometer


def test_network_gives_back_its_arrays():
    weights = [np.array([[1.5], [-2.0]]), np.array([[0.25, 3.0]])]
    biases = [[0.5, -0.5], [1.0]]
    network = PairNetwork([1, 2, 1], weights, biases, PairNetwork.SiLU, PairNetwork.Energy)
    assert network.getWidths() == (1, 2, 1)
    assert network.getActivation() == PairNetwork.SiLU
    assert network.getOutput() == PairNetwork.Energy
    for layer in range(network.getNumLayers()):
        assert network.getWeights(layer).dtype == np.float32
        np.testing.assert_array_equal(network.getWeights(layer), weights[layer])
        np.testing.assert_array_equal(network.getBiases(layer), biases[layer])


def test_network_matches_numpy():
    network = make_network()
    network.setOutputStandardization(2.0, 3.0)
    model = SurrogateModel(["A"], 0.9)
    model.setPairNetwork("A", "A", model.addNetwork(network))
    r = np.linspace(0.25, 0.89, 20)
    h = (r / 0.9)[:, None]
    for layer in range(3):
        z = h @ network.getWeights(layer).astype(float).T + network.getBiases(layer).astype(float)
        h = np.tanh(z) if layer < 2 else z
    np.testing.assert_allclose(model.computeForce("A", "A", r).value_in_unit(FORCE), 2.0 + 3.0 * h[:, 0], rtol=1e-12)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,)])
def test_results_have_the_shape_of_the_distances(shape):
    model = make_model()
    r = np.full(shape, 0.4)
    for compute in (model.computeForce, model.computeEnergy):
        values = compute("A", "B", r)
        assert np.shape(values._value) == shape
        assert np.all(values._value == compute("B", "A", 0.4)._value)


def test_distances_and_results_have_units():
    model = make_model()
    assert model.computeForce(0, 1, 4 * unit.angstrom) == model.computeForce("A", "B", 0.4)
    assert model.computeEnergy(0, 1, 0.4).unit == unit.kilojoule_per_mole
    assert model.getCutoff() == 0.9 * unit.nanometer
    model.setEnergyOffset("B", 1 * unit.kilocalorie_per_mole)
    assert model.getEnergyOffset(1) == 4.184 * unit.kilojoule_per_mole
    model.setForceScale(10 * FORCE)
    assert model.getForceScale() == 10 * FORCE


def test_formats_are_emulated():
    model = make_model()
    exact = model.computeForce(0, 0, 0.4)._value
    rounded = model.computeForce(0, 0, 0.4, NumericFormat.BFloat16)._value
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.1)


def test_quantization_round_trip():
    network = make_network()
    weight_scales = np.linspace(0.1, 0.8, 8).reshape(8, 1)
    network.setLayerQuantization(1, weight_scales, [0.5], [-3])
    found = network.getLayerQuantization(1)
    np.testing.assert_array_equal(found[0], weight_scales.astype(np.float32))
    np.testing.assert_array_equal(found[1], np.float32([0.5]))
    np.testing.assert_array_equal(found[2], [-3])
    assert all(array.size == 0 for array in network.getLayerQuantization(0))


def make_unusual_network() -> PairNetwork:
    network = make_network()
    network.setOutputStandardization(1.5, 2.5)
    network.setCore(0.21, 12.0)
    network.setTrainingHistogram([0.0, 3.0, 5.0])
    network.setLayerQuantization(0, np.full((8, 1), 0.1))
    return network


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_copies_are_complete_and_independent(duplicate):
    model = make_model()
    model.addNetwork(make_unusual_network())
    model.setProvenance('{"author": "somebody"}')
    second = duplicate(model)
    assert type(second) is SurrogateModel
    assert second.getTypeNames() == model.getTypeNames()
    assert second.getProvenance() == model.getProvenance()
    assert second.getPairNetwork("B", "B") == SurrogateModel.NonInteracting
    network = duplicate(second.getNetwork(2))
    assert type(network) is PairNetwork
    assert network.getOutputMean() == 1.5 * FORCE
    assert network.getMinimumDistance() == 0.21 * unit.nanometer
    assert network.getCoreStiffness() == 12.0
    np.testing.assert_array_equal(network.getTrainingHistogram(), [0.0, 3.0, 5.0])
    np.testing.assert_array_equal(network.getLayerQuantization(0)[0], np.full((8, 1), np.float32(0.1)))
    np.testing.assert_array_equal(network.getWeights(1), model.getNetwork(2).getWeights(1))
    second.setFormat(NumericFormat.Int8)
    assert model.getFormat() == NumericFormat.Default


@pytest.mark.parametrize("minimum", [0.0, 1.0, 3.5])
def test_networks_are_copied_whatever_their_minimum_distance(minimum):
    network = make_network()
    network.setCore(minimum)
    for second in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert second.getMinimumDistance() == minimum * unit.nanometer
        np.testing.assert_array_equal(second.getWeights(0), network.getWeights(0))


def test_models_are_saved_and_loaded(tmp_path):
    model = make_model()
    model.save(tmp_path / "two.safetensors")
    second = SurrogateModel.load(tmp_path / "two.safetensors")
    assert type(second) is SurrogateModel
    assert second.computeForce("A", "B", 0.4) == model.computeForce("A", "B", 0.4)


def test_shipped_models_load_by_name():
    assert "argon" in listModels()
    for name in listModels():
        assert SurrogateModel.load(name).getNumNetworks() > 0


def test_unknown_name_lists_the_shipped_models():
    with pytest.raises(OpenMMException, match=r"'xenon' is neither a file nor a shipped model.*argon"):
        SurrogateModel.load("xenon")


def test_format_names_and_rounding():
    assert NumericFormat.parse("bfloat16") == NumericFormat.BFloat16
    assert NumericFormat.getName(NumericFormat.Float8) == "float8"
    assert NumericFormat.isReduced(NumericFormat.TF32)
    assert NumericFormat.round(1.0 + 2.0**-9, NumericFormat.BFloat16) == 1.0
    assert NumericFormat.quantize(0.26, 0.1, 0, NumericFormat.Int8) == 3
    assert NumericFormat.dequantize(3, 0.5, 1) == 1.0
    with pytest.raises(TypeError):
        NumericFormat()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SurrogateModel([], 1.0), "types"),
        (lambda: SurrogateModel(["A", "A"], 1.0), "'A'"),
        (lambda: SurrogateModel(["A"], -1.0), "cutoff"),
        (lambda: SurrogateModel(["A"], float("nan")), "cutoff"),
        (lambda: make_model().getNetwork(5), "no network 5"),
        (lambda: make_model().computeForce(0, 5, 0.3), "no particle type 5"),
        (lambda: make_model().computeForce("A", "C", 0.3), "no particle type 'C'"),
        (lambda: make_model().computeForce(0, 0, [0.3, -1.0]), "-1"),
        (lambda: make_model().computeEnergy(0, 0, float("nan")), "nan"),
        (lambda: SurrogateModel(["A"], 1.0).computeForce(0, 0, 0.3), "A"),
        (lambda: make_model().setPairNetwork(0, 0, -7), "-7"),
        (lambda: make_model().setProvenance("somebody"), "JSON"),
        (lambda: make_model().save("/nonexistent/a.safetensors"), "/nonexistent/a.safetensors"),
        (lambda: PairNetwork([1, 2, 1], [[[1], [2]], [[1], [2]]], [[0, 0], [0]]), r"layer 1 must have shape \(1, 2\)"),
        (lambda: PairNetwork([1, 2, 1], [[[1], [2]]], [[0, 0], [0]]), "3 widths need 2 weights"),
        (lambda: PairNetwork([2, 1], [[[1, 1]]], [[0]]), "first and the last width"),
        (lambda: PairNetwork([1, 1], [[[np.nan]]], [[0]]), "not finite"),
        (lambda: PairNetwork([1, 1], [[[1e300]]], [[0]]), "not finite"),
        (lambda: PairNetwork([1, 1], [[[1]]], [[0]], 9), "9 is not an activation"),
        (lambda: make_network().getWeights(9), "no layer 9"),
        (lambda: make_network().setOutputStandardization(0, 0), "standard deviation"),
        (lambda: make_network().setCore(-0.1), "-0.1"),
        (lambda: make_network().setLayerQuantization(1, [-1.0] * 8), "positive"),
        (lambda: NumericFormat.parse("float7"), "'float7'.*bfloat16.*in short: .*bf16"),
        (lambda: NumericFormat.round(1.0, NumericFormat.Int8), "int8"),
    ],
)
def test_wrong_values_raise_openmm_exception(call, message):
    with pytest.raises(OpenMMException, match=message):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: SurrogateModel("A", 1.0),
        lambda: SurrogateModel([1], 1.0),
        lambda: SurrogateModel(["A"], "1 nm"),
        lambda: SurrogateModel(["A"], 1 * unit.kelvin),
        lambda: SurrogateModel.load(3),
        lambda: make_model().addNetwork(None),
        lambda: make_model().computeForce(0.5, 0, 0.3),
        lambda: make_model().computeForce(0, 0, 3 * unit.kelvin),
        lambda: make_model().computeForce(0, 0, "near"),
        lambda: PairNetwork([1, 1], [[["a"]]], [[0]]),
        lambda: PairNetwork(None, None, None),
        lambda: PairNetwork([1, 2.7, 1], [[[1], [2]], [[1, 2]]], [[0, 0], [0]]),
        lambda: make_network().setLayerQuantization(1, [0.1] * 8, [0.5], [0.5]),
    ],
)
def test_wrong_types_raise_type_error(call):
    with pytest.raises(TypeError):
        call()
