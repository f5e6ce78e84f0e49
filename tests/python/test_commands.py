# SPDX-License-Identifier: MIT
"""What all commands of openmm-surrogate share: version, progress, missing files, interruption."""

import io
import os
import signal

import pytest
from liquid_samples import EXAMPLES
from rich.console import Console
from typer.testing import CliRunner

from openmmsurrogate import __version__, cli
from openmmsurrogate.cli import progress
from openmmsurrogate.cli.app import _format_warning
from openmmsurrogate.evaluation import ApplicabilityWarning

LIQUID = f"{EXAMPLES / 'liquid_argon.py'}:createLiquid"


def test_the_version_is_told():
    result = CliRunner().invoke(cli.app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith(f"openmm-surrogate {__version__}, OpenMM 8.")


@pytest.mark.parametrize(
    "command",
    [["sample"], ["train"], ["quantize"], ["evaluate"], ["validate"], ["tune"], ["doctor"], ["study", "argon"]],
    ids=" ".join,
)
def test_help_has_plain_flags_and_all_defaults(command):
    result = CliRunner().invoke(cli.app, [*command, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert "<bool>" not in result.stdout
    text = " ".join(result.stdout.split())
    defaults = {
        "sample": "[default: 40, or all of the trajectory]",
        "evaluate": "[default: CPU for forces in the data, the fastest for rollouts]",
        "study": "[default: up to 4,000,000 on CUDA, else 2,000]",
    }
    assert defaults.get(command[0], "") in text
    assert ("--virial record" in text) == (command == ["sample"])


@pytest.mark.parametrize("group", [[], ["study"]], ids=["commands", "study"])
def test_no_summary_is_cut_off(group):
    """Click ends what does not fit into 80 columns with dots."""
    result = CliRunner().invoke(cli.app, [*group, "--help"], env={"COLUMNS": "80"})
    assert result.exit_code == 0
    commands = result.stdout.partition("Commands:")[2].strip().splitlines()
    assert len(commands) >= 4
    assert not [line for line in commands if line.endswith("...")]


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "FILE", "-o", "model.safetensors"],
        ["train", "data.h5", "-o", "model.safetensors", "--config", "FILE"],
        ["quantize", "argon", "--format", "fp8", "-o", "model.safetensors", "-d", "FILE"],
        ["quantize", "FILE", "--format", "fp8", "-o", "model.safetensors"],
        ["evaluate", "argon", "--data", "FILE", "-o", "results", "--time", "0"],
        ["evaluate", "FILE", "--data", "data.h5", "-o", "results", "--time", "0"],
        ["sample", "FILE", "-o", "data.h5", "--temperature", "100"],
        ["sample", LIQUID, "-o", "data.h5", "--trajectory", "FILE"],
        ["validate", "FILE", "state.xml"],
        ["tune", "FILE", "state.xml", "--force-error", "1"],
    ],
    ids=lambda arguments: f"{arguments[0]} {arguments.index('FILE')}",
)
def test_a_missing_file_is_told_in_the_same_words(tmp_path, monkeypatch, arguments):
    pytest.importorskip("torch", reason="PyTorch is not installed (extra 'train')")
    pytest.importorskip("h5py", reason="h5py is not installed (extra 'train')")
    monkeypatch.chdir(tmp_path)
    endings = {"--config": ".toml", "-d": ".h5", "--data": ".h5", "--trajectory": ".dcd", "train": ".h5"}
    before = arguments[arguments.index("FILE") - 1]
    models = {"quantize": ".safetensors", "evaluate": ".safetensors"}
    name = "missing" + endings.get(before, models.get(before, ".xml"))
    result = CliRunner().invoke(cli.app, [name if word == "FILE" else word for word in arguments])
    assert result.exit_code == 1
    assert f"there is no file {name}" in result.stderr
    assert os.listdir(tmp_path) == []


def test_warnings_of_the_package_have_no_place_in_the_source():
    message = "look here"
    text = _format_warning(ApplicabilityWarning(message), ApplicabilityWarning, "file.py", 3, line="code()")
    assert text == "openmm-surrogate: warning: look here\n"
    text = _format_warning(FutureWarning(message), FutureWarning, "file.py", 3, line="code()")
    assert text.startswith("file.py:3: FutureWarning: look here")


def test_progress_is_told_in_lines_where_there_is_no_terminal(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    output = io.StringIO()
    with progress.ProgressDisplay(Console(file=output)) as display:
        display.show("reading")
        for step in range(1, 101):
            now[0] += 0.3
            display.show("adam", step, 100, note="held-out error 1e-3" if step > 10 else "")
    lines = output.getvalue().splitlines()
    assert lines[:2] == ["reading", "adam: 1/100"]
    assert lines[-1] == "adam: 100/100, held-out error 1e-3"
    assert len(lines) == 4  # one more after 20 s


def test_progress_is_a_bar_on_a_terminal():
    output = io.StringIO()
    with progress.ProgressDisplay(Console(file=output, force_terminal=True, width=120), keepsBars=True) as display:
        display.show("adam", 3, 8)
        display.show("lbfgs", 1, 2, note="held-out error 1e-3")
    assert "3/8" in output.getvalue()
    assert "held-out error 1e-3" in output.getvalue()


def test_an_interrupted_training_exits_with_130_and_goes_on(tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="PyTorch is not installed (extra 'train')")
    pytest.importorskip("h5py", reason="h5py is not installed (extra 'train')")
    from training_data import CUTOFF, write_data

    from openmmsurrogate.training.stages import AdamStage

    data, advance = write_data(tmp_path / "data.h5"), AdamStage.advance

    def interrupt(stage):
        if stage.step == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return advance(stage)

    settings = {"cutoff": CUTOFF, "hidden": [8], "adamSteps": 20, "lbfgsSteps": 0, "gridPoints": 60, "threads": 1}
    words = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    command = ["train", str(data), "-o", str(tmp_path / "model.safetensors"), *words]
    monkeypatch.setattr(AdamStage, "advance", interrupt)
    result = CliRunner().invoke(cli.app, command)
    assert result.exit_code == 130
    assert "interrupted at step 6 of adam" in result.stdout
    assert not (tmp_path / "model.safetensors").exists()
    monkeypatch.undo()
    refused = CliRunner().invoke(cli.app, command)
    assert refused.exit_code == 1
    assert "go on with --resume" in refused.stderr
    assert CliRunner().invoke(cli.app, [*command, "--resume"]).exit_code == 0
    assert (tmp_path / "model.safetensors").exists()
