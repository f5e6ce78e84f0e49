# SPDX-License-Identifier: MIT
"""The whole chain on tiny data, as a user types it: sample, train, quantize, evaluate."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from liquid_samples import EXAMPLES

pytest.importorskip("torch", reason="PyTorch is not installed (extra 'train')")
pytest.importorskip("h5py", reason="h5py is not installed (extra 'train')")

from openmmsurrogate import SurrogateModel

SYSTEM = ["sample", f"{EXAMPLES / 'liquid_argon.py'}:createLiquid", "--option", "numCells=3", "--temperature", "100"]
SAMPLING = ["--start-temperature", "300", "--interval", "0.2", "--equilibration", "1"]
SETTINGS = ["adamSteps=150", "lbfgsSteps=300", "gridPoints=200", "particlesPerBatch=50", "threads=1", "hidden=[16,16]"]


def run_command(folder, *arguments):
    """Run openmm-surrogate in a folder; return what it prints."""
    environment = dict(os.environ, COLUMNS="200", PYTHONIOENCODING="utf-8", OPENMM_CPU_THREADS="1", OMP_NUM_THREADS="1")
    result = subprocess.run(
        [sys.executable, "-m", "openmmsurrogate.cli", *map(str, arguments)],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chain")
    run_command(folder, *SYSTEM, *SAMPLING, "--frames", "10", "--seed", "1", "--output", "train.h5")
    run_command(folder, *SYSTEM, *SAMPLING, "--frames", "3", "--seed", "2", "--output", "held-out.h5")
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    run_command(folder, "train", "train.h5", "--output", "tiny.safetensors", "--plot", "learning.png", *settings)
    quantize = ["quantize", "tiny.safetensors", "--format", "int4", "--method"]
    run_command(folder, *quantize, "plain", "--output", "int4-plain.safetensors")
    run_command(folder, *quantize, "refit", "--data", "train.h5", "--output", "int4-refit.safetensors")
    return folder


def test_data_and_model_are_there(folder):
    assert SurrogateModel.load(folder / "tiny.safetensors").getTypeNames() == ("Ar",)
    assert (folder / "learning.png").read_bytes().startswith(b"\x89PNG")
    assert not (folder / "tiny.checkpoint").exists()


def test_evaluation_of_formats(folder):
    """A quantized model runs in its own, another one in single and in those asked for."""
    models = ["tiny.safetensors", "int4-plain.safetensors", "int4-refit.safetensors"]
    run_command(
        folder, "evaluate", *models, "--data", "held-out.h5", "--time", "0", "--format", "bfloat16", "-o", "results"
    )
    r2 = {}
    for file in (folder / "results").glob("*.json"):
        entry = json.loads(file.read_text())
        (forces,) = entry["forces"]
        assert (forces["frames"], forces["atoms"]) == (3, 108)
        r2[Path(entry["model"]["file"]).stem, entry["model"]["format"]] = forces["r2"]
    print(r2)
    assert r2["tiny", "single"] > 0.999  # of nine training frames of 108 atoms
    assert r2["tiny", "single"] >= r2["tiny", "bfloat16"] > 0.99
    assert r2["int4-refit", "int4"] > r2["int4-plain", "int4"]
    assert (folder / "results" / "evaluation.png").read_bytes().startswith(b"\x89PNG")
    assert "int4-refit" in (folder / "results" / "evaluation.md").read_text()
