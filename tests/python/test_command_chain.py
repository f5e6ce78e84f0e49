# SPDX-License-Identifier: MIT
"""The whole chain on tiny data, as a user types it: sample, train, evaluate."""

import json
import os
import subprocess
import sys

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
    return folder


def test_data_and_model_are_there(folder):
    assert SurrogateModel.load(folder / "tiny.safetensors").getTypeNames() == ("Ar",)
    assert (folder / "learning.png").read_bytes().startswith(b"\x89PNG")
    assert not (folder / "tiny.checkpoint").exists()


def test_evaluation_of_formats(folder):
    formats = ["--format", "float16", "--format", "bfloat16:all"]
    text = run_command(
        folder, "evaluate", "tiny.safetensors", "--data", "held-out.h5", "--time", "0", *formats, "-o", "results"
    )
    files = sorted((folder / "results").glob("*.json"))
    assert len(files) == 3, text
    r2 = {}
    for file in files:
        entry = json.loads(file.read_text())
        (forces,) = entry["forces"]
        assert forces["frames"] == 3
        assert forces["atoms"] == 108
        r2[entry["model"]["format"]] = forces["r2"]
    print(r2)
    assert r2["single"] > 0.999  # of nine training frames of 108 atoms
    assert r2["single"] >= r2["float16"] > r2["bfloat16"]
    assert (folder / "results" / "evaluation.png").read_bytes().startswith(b"\x89PNG")
    assert "tiny" in (folder / "results" / "evaluation.md").read_text()
