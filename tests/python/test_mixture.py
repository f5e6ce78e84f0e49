# SPDX-License-Identifier: MIT
"""An argon-krypton mixture learnt from total forces: examples/mixture.py with tiny settings, and the shipped model."""

import importlib.util
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from liquid_samples import EXAMPLES

pytest.importorskip("torch", reason="PyTorch is not installed (extra 'train')")
pytest.importorskip("h5py", reason="h5py is not installed (extra 'train')")

import h5py

from openmmsurrogate import SurrogateModel
from openmmsurrogate.data import ForceDataset, ForceDatasetWriter, Frame
from openmmsurrogate.training import TrainingConfig, train

PAIRS = [("Ar", "Ar"), ("Ar", "Kr"), ("Kr", "Kr")]
SMALL = TrainingConfig(
    cutoff=0.9, hidden=(16, 16), adamSteps=200, lbfgsSteps=200, gridPoints=200, particlesPerBatch=50, threads=1
)


@pytest.fixture(scope="module")
def mixture():
    spec = importlib.util.spec_from_file_location("mixture", EXAMPLES / "mixture.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run the example; return its folder and what it prints."""
    folder = tmp_path_factory.mktemp("mixture")
    options = "--cells 3 --frames 10 --interval 0.2 --equilibration 1 --data data --output model.safetensors"
    settings = "adamSteps=200 lbfgsSteps=200 gridPoints=200 threads=1 hidden=[16,16]"
    arguments = [*options.split(), *(word for setting in settings.split() for word in ("--set", setting))]
    result = subprocess.run(
        [sys.executable, str(EXAMPLES / "mixture.py"), *arguments],
        env=dict(os.environ, COLUMNS="160", PYTHONIOENCODING="utf-8", OPENMM_CPU_THREADS="1"),
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    return folder, result.stdout


def test_the_example_learns_three_networks_from_total_forces(run, mixture):
    folder, text = run
    model = SurrogateModel.load(folder / "model.safetensors")
    assert sorted({model.getPairNetwork(*pair) for pair in PAIRS}) == [0, 1, 2]
    metrics = mixture.comparePairs(model, folder / "data" / "held-out.h5")
    for pair in PAIRS:
        r2, rmse = metrics[pair]
        print(f"pair force {pair}: R2 = 1 - {1 - r2:.1e}, RMSE {rmse:.2g} kJ/mol/nm")
        # Ten frames of 108 atoms, a different trajectory in each run; the shipped model, below, comes from more.
        assert r2 >= 0.999
        assert f"force of a pair {'-'.join(pair)}" in text
    assert float(re.search(r"total force .*?│ (\d\.\d+)", text)[1]) >= 0.9999


def test_each_network_begins_at_the_closest_distance_of_its_own_pairs(run):
    folder, _ = run
    model = SurrogateModel.load(folder / "model.safetensors")
    closest = json.loads(model.getProvenance())["training"]["smallest_distance_nm"]
    minima = [model.getNetwork(model.getPairNetwork(*pair)).getMinimumDistance()._value for pair in PAIRS]
    np.testing.assert_allclose(minima, np.floor(1000 * np.array(closest)) / 1000, rtol=1e-12)
    assert minima[0] < minima[2]


def write_bare_file(source, path):
    """Copy positions, boxes and total forces alone: no energies, virials, System or anything on its making."""
    with (
        ForceDataset(source) as data,
        ForceDatasetWriter(path, data.typeNames, data.typeIndices, capacity=data.numFrames) as writer,
    ):
        for frame in data:
            writer.append(Frame(frame.positions, frame.box, frame.forces, 0.0, None))


def test_only_positions_and_total_forces_enter_the_training(run, tmp_path):
    """A training with a file that has nothing else gives the very same networks."""
    folder, _ = run
    full, bare = [folder / "data" / f"{t}K.h5" for t in (120, 300)], []
    for path in full:
        bare.append(tmp_path / path.name)
        write_bare_file(path, bare[-1])
        with h5py.File(bare[-1]) as file:
            arrays = {name: array.shape for name, array in file.items() if array.size > 0}
            energies = file["potentialEnergies"][()]
        assert arrays.pop("positions") == arrays.pop("forces") == (10, 108, 3)  # per atom, not per pair
        assert arrays.keys() == {"typeNames", "typeIndices", "numFrames", "boxVectors", "potentialEnergies"}
        assert not energies.any()
    expected, found = (train(paths, SMALL).model for paths in (full, bare))
    for index in range(3):
        for layer in range(3):
            a, b = expected.getNetwork(index), found.getNetwork(index)
            np.testing.assert_array_equal(a.getWeights(layer), b.getWeights(layer))
            np.testing.assert_array_equal(a.getBiases(layer), b.getBiases(layer))


def test_shipped_model(mixture):
    model = SurrogateModel.load("argon-krypton")
    assert model.getTypeNames() == ("Ar", "Kr")
    assert json.loads(model.getProvenance())["command"] == "openmm-surrogate train"
    for a, b in PAIRS:
        network = model.getNetwork(model.getPairNetwork(a, b))
        r = np.linspace(network.getMinimumDistance()._value + 0.005, 0.899, 200)
        true = mixture.pairForce(a, b, r)
        error = np.abs(model.computeForce(a, b, r)._value - true) / np.hypot(true, -true.min())
        print(f"{a}-{b}: largest error {error.max():.1e} of sqrt(w^2 + (largest attraction)^2)")
        assert error.max() < 2e-3
