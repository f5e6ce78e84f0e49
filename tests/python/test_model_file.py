# SPDX-License-Identifier: MIT
"""The model file as others read and write it: the code in docs/reference/model-file.md, and the safetensors package."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openmm import OpenMMException, unit

from openmmsurrogate import PairNetwork, SurrogateModel

ROOT = Path(__file__).parents[2]
FULL_FILE = ROOT / "tests" / "fuzz" / "corpus" / "full.safetensors"


def documented(name: str, function: str) -> Callable[..., Any]:
    """Execute a code block of the documentation and return a function that it defines."""
    text = (ROOT / "docs" / "reference" / "model-file.md").read_text()
    blocks = re.findall(rf"```python {name}\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 1
    namespace: dict[str, Any] = {}
    exec(blocks[0], namespace)
    return namespace[function]


@pytest.fixture
def model() -> SurrogateModel:
    random = np.random.default_rng(1)
    widths = [1, 8, 4, 1]
    weights = [random.normal(size=(o, i)) for i, o in itertools.pairwise(widths)]
    biases = [random.normal(size=o) for o in widths[1:]]
    network = PairNetwork(widths, weights, biases)
    network.setCore(0.3)
    model = SurrogateModel(["Na", "Cl\u207b"], 0.9)
    model.setPairNetwork(0, 1, model.addNetwork(network))
    model.setPairNetwork(0, 0, SurrogateModel.NonInteracting)
    return model


def test_documented_reader_gets_every_array(model: SurrogateModel, tmp_path: Path) -> None:
    model.save(tmp_path / "model.safetensors")
    document, arrays = documented("reader", "read_model")(tmp_path / "model.safetensors")
    assert document["types"] == ["Na", "Cl\u207b"]
    assert document["cutoff"] == 0.9
    assert document["pairs"] == [
        {"types": ["Na", "Na"], "network": None},
        {"types": ["Na", "Cl\u207b"], "network": 0},
    ]
    assert len(arrays) == 6
    for layer in range(3):
        np.testing.assert_array_equal(arrays[f"network.0.layer.{layer}.weight"], model.getNetwork(0).getWeights(layer))
        np.testing.assert_array_equal(arrays[f"network.0.layer.{layer}.bias"], model.getNetwork(0).getBiases(layer))


def test_documented_reader_can_evaluate_the_network(model: SurrogateModel, tmp_path: Path) -> None:
    model.save(tmp_path / "model.safetensors")
    document, arrays = documented("reader", "read_model")(tmp_path / "model.safetensors")
    network = document["networks"][0]
    r = np.linspace(0.31, 0.89, 50)
    hidden = (r / document["cutoff"])[:, None]
    for layer in range(3):
        hidden = (
            hidden @ arrays[f"network.0.layer.{layer}.weight"].T.astype(float) + arrays[f"network.0.layer.{layer}.bias"]
        )
        hidden = np.tanh(hidden) if layer < 2 else hidden
    expected = network["outputMean"] + network["outputStandardDeviation"] * hidden[:, 0]
    force = model.computeForce(0, 1, r).value_in_unit(unit.kilojoule_per_mole / unit.nanometer)
    np.testing.assert_allclose(force, expected, rtol=1e-12, atol=1e-12)


def test_safetensors_package_reads_what_is_written() -> None:
    safetensors = pytest.importorskip("safetensors")
    _, arrays = documented("reader", "read_model")(FULL_FILE)
    with safetensors.safe_open(str(FULL_FILE), "np") as file:
        assert set(file.metadata()) == {"openmm-surrogate", "openmm-surrogate.crc32"}
        assert set(file.keys()) == set(arrays)
        for name, array in arrays.items():
            np.testing.assert_array_equal(file.get_tensor(name), array)
            assert file.get_tensor(name).dtype == array.dtype


def test_documented_writer_makes_files_that_load(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    document, arrays = documented("reader", "read_model")(FULL_FILE)
    path = tmp_path / "other.safetensors"
    documented("writer", "write_model")(path, document, arrays)
    SurrogateModel.load(path).save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == FULL_FILE.read_bytes()


def test_errors_name_the_file_and_the_field(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    document, arrays = documented("reader", "read_model")(FULL_FILE)
    path = tmp_path / "bad.safetensors"
    documented("writer", "write_model")(path, document | {"temperature": 298}, arrays)
    with pytest.raises(OpenMMException, match=r"bad\.safetensors.*field 'temperature' is unknown"):
        SurrogateModel.load(path)
    documented("writer", "write_model")(path, document | {"version": 2}, arrays)
    with pytest.raises(OpenMMException, match=r"format version 2, this build reads up to 1: update openmm-surrogate"):
        SurrogateModel.load(path)
    path.write_bytes(FULL_FILE.read_bytes()[:-1])
    with pytest.raises(OpenMMException, match=r"bad\.safetensors.*truncated or damaged"):
        SurrogateModel.load(path)
