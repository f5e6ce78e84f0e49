# SPDX-License-Identifier: MIT
"""The commands of README.md from a simulation to a quantized model, as a user types them, on tiny data."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed (extra 'train')")
pytest.importorskip("h5py", reason="h5py is not installed (extra 'train')")

from openmmsurrogate import SurrogateModel

ROOT = Path(__file__).parents[2]
# What makes the data tiny: other values of options in the README, and further options.
VALUES = {"--equilibration": "1", "--interval": "0.2"}
WORDS = {"numCells=8": "numCells=3", "numCells=12": "numCells=3", "40": "10", "10": "3"}
TRAINING = ["adamSteps=150", "lbfgsSteps=300", "gridPoints=200", "particlesPerBatch=50", "threads=1", "hidden=[16,16]"]
FINETUNING = ["steps=30", "polishSteps=20", "gridPoints=150", "threads=1"]
FURTHER = {
    "sample": [],
    "train": [word for setting in TRAINING for word in ("--set", setting)] + ["--plot", "learning.png"],
    "quantize": [word for setting in FINETUNING for word in ("--set", setting)],
    "evaluate": ["--time", "16", "--settling", "0", "--time-step", "0.004", "--platform", "CPU"],
}


def read_commands():
    """Return the words of the commands in README.md."""
    text = (ROOT / "README.md").read_text().split("## From a simulation to a quantized model")[1]
    lines = re.search(r"```\n(.*?)```", text, re.DOTALL)[1].replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines]


def make_tiny(words):
    """Return a command of the README with options that make its work small."""
    changed = [VALUES.get(option, WORDS.get(word, word)) for option, word in zip(["", *words], words, strict=False)]
    return [*changed, *FURTHER[words[1]]]


def run_command(folder, program, *arguments):
    """Run openmm-surrogate in a folder; return what it prints."""
    assert program == "openmm-surrogate"
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
    """A folder in which the commands have run, and quantize with its other methods, too."""
    folder = tmp_path_factory.mktemp("chain")
    (folder / "examples").symlink_to(ROOT / "examples")
    commands = read_commands()
    assert [words[1] for words in commands] == ["sample", "sample", "train", "quantize", "evaluate"]
    for words in commands:
        run_command(folder, *make_tiny(words))
    quantize = ["openmm-surrogate", "quantize", "my-argon.safetensors", "--format", "int4", "--method"]
    run_command(folder, *quantize, "plain", "--output", "int4-plain.safetensors")
    run_command(folder, *quantize, "refit", "--data", "argon-train.h5", "--output", "int4-refit.safetensors")
    return folder


def test_data_and_models_are_there(folder):
    assert SurrogateModel.load(folder / "my-argon.safetensors").getTypeNames() == ("Ar",)
    assert (folder / "learning.png").read_bytes().startswith(b"\x89PNG")
    assert not (folder / "my-argon.checkpoint").exists()
    method = json.loads(SurrogateModel.load(folder / "my-argon-bf16.safetensors").getProvenance())["quantization"]
    assert (method["method"], method["format"]) == ("finetune", "bfloat16")


def test_results_are_those_of_the_report(folder):
    """Its figures on a page, its tables, and JSON for the trained model, the fine-tuned one and the report's way."""
    results = folder / "results"
    labels = ["my-argon", "my-argon-bf16", "my-argon-bfloat16-all"]
    assert sorted(file.stem for file in results.glob("*.json")) == labels
    entries = {label: json.loads((results / f"{label}.json").read_text()) for label in labels}
    r2 = {label: entry["forces"][0]["r2"] for label, entry in entries.items()}
    print(r2)
    assert r2["my-argon"] > 0.999  # of nine training frames of 108 atoms
    assert r2["my-argon"] > r2["my-argon-bf16"] > r2["my-argon-bfloat16-all"]
    for entry in entries.values():
        assert (entry["forces"][0]["frames"], entry["forces"][0]["atoms"]) == (3, 108)
        assert entry["rollouts"]["comparison"]["largest_g_r_deviation"] >= 0
    assert (results / "evaluation.png").read_bytes().startswith(b"\x89PNG")
    table = (results / "evaluation.md").read_text()
    assert all(table.count(f"| {label} |") == 2 for label in labels)


def test_evaluation_of_other_methods(folder):
    """A quantized model runs in its own format."""
    models = ["my-argon.safetensors", "int4-plain.safetensors", "int4-refit.safetensors"]
    words = ["openmm-surrogate", "evaluate", *models, "--data", "argon-heldout.h5", "--time", "0", "-o", "methods"]
    run_command(folder, *words)
    r2 = {}
    for file in (folder / "methods").glob("*.json"):
        entry = json.loads(file.read_text())
        r2[Path(entry["model"]["file"]).stem, entry["model"]["format"]] = entry["forces"][0]["r2"]
    assert r2["int4-refit", "int4"] > r2["int4-plain", "int4"]
