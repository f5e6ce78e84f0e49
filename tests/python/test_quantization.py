# SPDX-License-Identifier: MIT
"""Quantization: PyTorch's rounding is that of NumericFormat, rounded networks are those of C++, fine-tuning helps."""

import dataclasses
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("h5py")

# ruff: noqa: E402
from training_data import CUTOFF, write_data

from openmmsurrogate import NumericFormat, PairNetwork, SurrogateModel
from openmmsurrogate.quantization import QuantizationConfig, quantize
from openmmsurrogate.quantization.rounded_module import RoundedPairModule, Scheme
from openmmsurrogate.quantization.rounding import find_spacing, round_float, round_integer
from openmmsurrogate.training import TrainingConfig, train

FORMATS = ("bfloat16", "float16", "float8", "int8", "int4")
QUICK = QuantizationConfig(steps=60, gridPoints=150, threads=1)


def make_network(activation="tanh"):
    """A network 1-24-20-24-1 of random numbers."""
    random = np.random.default_rng(4)
    widths = [1, 24, 20, 24, 1]
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    weights = [random.normal(scale=2.0 if n == 1 else m**-0.5, size=(m, n)) for m, n in shapes]
    network = PairNetwork(widths, weights, [random.normal(scale=0.5, size=m) for m, _ in shapes], activation)
    if activation == "clampedPolynomial":
        network.setActivationCoefficients(TrainingConfig().coefficients)
    network.setCore(0.2)
    return network


def all_float8_values():
    codes = torch.arange(256, dtype=torch.uint8).view(torch.float8_e4m3fn).double().numpy()
    return codes[np.isfinite(codes)]


def test_float8_codes_and_ties():
    values = np.unique(all_float8_values())
    assert len(values) == 253  # 256 codes, two of which are NaN and two of which are zeros
    np.testing.assert_array_equal(NumericFormat.round(values, "float8"), values)
    between = np.concatenate([0.5 * (values[1:] + values[:-1]), 0.75 * values[1:] + 0.25 * values[:-1], [449.0, -1e9]])
    expected = round_float(torch.from_numpy(between), "float8").numpy()
    np.testing.assert_array_equal(NumericFormat.round(between, "float8"), expected)
    assert NumericFormat.round(449.0, "float8") == 448.0


@pytest.mark.parametrize(("format", "dtype", "fraction"), [("float16", "float16", 10), ("bfloat16", None, 7)])
def test_sixteen_bit_formats_and_ties(format, dtype, fraction):
    codes = torch.arange(65536, dtype=torch.int32).to(torch.int16)
    values = codes.view(torch.float16 if format == "float16" else torch.bfloat16).double().numpy()
    values = np.unique(values[np.isfinite(values)])
    np.testing.assert_array_equal(NumericFormat.round(values, format), values)
    ties = 0.5 * (values[1:] + values[:-1])
    expected = ties.astype(np.float16) if dtype else torch.from_numpy(ties).to(torch.bfloat16).double().numpy()
    np.testing.assert_array_equal(NumericFormat.round(ties, format), np.asarray(expected, float))
    np.testing.assert_array_equal(round_float(torch.from_numpy(ties), format).numpy(), np.asarray(expected, float))


@pytest.mark.parametrize(("format", "largest"), [("int8", 127), ("int4", 7)])
def test_integer_codes_and_ties(format, largest):
    codes = np.arange(-largest, largest + 1)
    scale, zero = 0.125, 5 if format == "int8" else 0
    values = scale * (np.arange(-largest - 20, largest + 21, 0.5) - zero)
    found = NumericFormat.quantize(values, scale, zero, format)
    assert set(found) == set(codes)
    expected = round_integer(torch.from_numpy(values), torch.tensor(scale).double(), zero, format).numpy()
    np.testing.assert_array_equal(scale * (found - zero), expected)


@pytest.mark.parametrize("endLayersSingle", [True, False], ids=["single ends", "all layers"])
@pytest.mark.parametrize("activation", ["tanh", "silu", "clampedPolynomial"])
@pytest.mark.parametrize("format", FORMATS)
def test_rounded_network_is_that_of_cpp(format, activation, endLayersSingle):
    network = make_network(activation)
    module = RoundedPairModule(network, Scheme(format, endLayersSingle, 16)).double()
    s = np.linspace(0.34, 0.999, 301)
    for scales in ("derived", "calibrated") if format == "int8" else ("derived",):
        if scales == "calibrated":
            module.calibrate(torch.from_numpy(s))
            module.write_quantization(network)
            assert len(network.getLayerQuantization(1)[1]) == 24
        else:
            module.calibrate_symmetric(0.2 / CUTOFF)
        model = SurrogateModel(["A"], CUTOFF)
        model.setPairNetwork(0, 0, model.addNetwork(network))
        model.setEndLayersSingle(endLayersSingle)
        expected = model.computeForce(0, 0, s * CUTOFF, format=format)._value
        with torch.no_grad():
            found = module(torch.from_numpy(s * CUTOFF / CUTOFF)).numpy()
        exact = model.computeForce(0, 0, s * CUTOFF, format="double")._value
        scale = np.sqrt(np.mean(exact**2))
        differences = np.abs(found - expected) / scale
        rounding = np.sqrt(np.mean((expected - exact) ** 2)) / scale
        print(f"{scales}: rounding {rounding:.1e}, largest difference {differences.max():.1e}")
        # A value at a tie may fall to either side in another order of summation.
        assert np.mean(differences > 1e-9) < 0.02
        assert differences.max() < 3.0 * rounding


@pytest.mark.parametrize("activation", ["tanh", "silu", "clampedPolynomial"])
@pytest.mark.parametrize("format", FORMATS)
def test_expected_noise_is_that_of_rounding(format, activation):
    """The root mean square of what the rounding of inputs changes, over distances."""
    module = RoundedPairModule(make_network(activation), Scheme(format, True, 16)).double()
    s = torch.linspace(0.35, 1.0, 20001, dtype=torch.float64)
    module.calibrate(s)
    with torch.no_grad():
        rounded, expected = module(s), module.expect_noise(s).mean().sqrt()
        module.rounds_inputs = False
        found = torch.mean((rounded - module(s)) ** 2).sqrt()
    print(f"expected {expected:.2e}, found {found:.2e}")
    assert 0.6 * found < expected < 1.5 * found


@pytest.mark.parametrize("format", ["bfloat16", "float16", "float8"])
def test_spacing_is_that_of_the_values(format):
    x = torch.tensor([0.37, -3.1, 1.0, 2.0**-4], dtype=torch.float64)
    step = find_spacing(x, format)
    rounded = round_float(x, format)
    np.testing.assert_array_equal(round_float(rounded + step, format), rounded + step)
    np.testing.assert_array_equal(round_float(rounded + 0.4 * step, format), rounded)


def test_gradients_reach_the_scale_of_a_learned_range():
    """Inside the range that of the rounding error, outside that of the end of the range."""
    x = torch.tensor([0.23, -0.31, 50.0, -50.0], dtype=torch.float64, requires_grad=True)
    scale = torch.full((4,), 0.1, dtype=torch.float64, requires_grad=True)
    rounded = round_integer(x, scale, 7, "int8")
    np.testing.assert_allclose(rounded.detach(), [0.2, -0.3, 12.0, -13.4])
    rounded.sum().backward()
    np.testing.assert_allclose(scale.grad, [2.0 - 2.3, -3.0 + 3.1, 120.0, -134.0], atol=1e-12)
    np.testing.assert_array_equal(x.grad, [1.0, 1.0, 0.0, 0.0])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path = write_data(tmp_path_factory.mktemp("data") / "one.h5")
    config = TrainingConfig(cutoff=CUTOFF, hidden=(16, 16), adamSteps=100, lbfgsSteps=200, gridPoints=120, threads=1)
    return train([path], config).model, path


@pytest.mark.parametrize("format", ["bf16", "fp16", "fp8", "int8", "int4"])
def test_refit_and_finetuning_beat_plain_rounding(trained, format):
    model, path = trained
    errors = {m: quantize(model, format, m, [path], QUICK) for m in ("plain", "refit", "finetune")}
    print({method: f"{result.heldOutError:.1e}" for method, result in errors.items()})
    assert errors["refit"].heldOutError < errors["plain"].heldOutError
    assert errors["finetune"].heldOutError < errors["plain"].heldOutError
    result = errors["finetune"].model
    assert result.getFormat() == NumericFormat.parse(format)
    assert json.loads(result.getProvenance())["quantization"]["method"] == "finetune"


def test_learned_ranges_go_into_the_model(trained):
    model, path = trained
    results = [
        quantize(model, "int8", "finetune", [path], dataclasses.replace(QUICK, polishSteps=0, learnedRanges=learned))
        for learned in (False, True)
    ]
    calibrated, learned = (result.model.getNetwork(0).getLayerQuantization(1)[1] for result in results)
    assert len(learned) == len(calibrated) == 16
    assert 1e-3 < np.abs(learned / calibrated - 1.0).max() < 0.5
    assert results[1].heldOutError < quantize(model, "int8", "plain", [path], QUICK).heldOutError


def test_refit_keeps_the_mean_energy(trained):
    model, path = trained
    random = np.random.default_rng(7)
    r = CUTOFF * random.uniform(0.3, 1.0, 4000) ** (1.0 / 3.0)  # uniform in the volume
    mean = {
        method: quantize(model, "fp8", method, [path], QUICK)
        .model.computeEnergy(0, 0, r, format="float8")
        ._value.mean()
        for method in ("plain", "refit")
    }
    exact = model.computeEnergy(0, 0, r)._value.mean()
    print(f"mean pair energy {exact:.4f}, plain {mean['plain']:.4f}, refitted {mean['refit']:.4f} kJ/mol")
    assert abs(mean["refit"] - exact) < 0.3 * abs(mean["plain"] - exact)


def test_plain_needs_no_data_and_changes_no_weight(trained):
    model, _ = trained
    plain = quantize(model, "int8", "plain", config=QuantizationConfig(endLayersSingle=False)).model
    assert not plain.getEndLayersSingle()
    for layer in range(3):
        np.testing.assert_array_equal(plain.getNetwork(0).getWeights(layer), model.getNetwork(0).getWeights(layer))


def test_says_what_is_wrong(trained, tmp_path):
    model, _ = trained
    with pytest.raises(ValueError, match="format must be one of bf16, fp16, fp8, int8, int4, but is 'fp4'"):
        quantize(model, "fp4")
    with pytest.raises(ValueError, match="method must be one of plain, refit, finetune, but is 'best'"):
        quantize(model, "fp8", "best")
    with pytest.raises(ValueError, match="method refit needs data"):
        quantize(model, "fp8", "refit")
    other = write_data(tmp_path / "two.h5", numTypes=2, frames=2)
    with pytest.raises(ValueError, match=r"two.h5 has the types \['B'\], which the model does not know"):
        quantize(model, "fp8", "refit", [other])
