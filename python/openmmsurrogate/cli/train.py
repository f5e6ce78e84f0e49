# SPDX-License-Identifier: MIT
"""The command train: from files of forces to a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from openmmsurrogate._files import require_folder_of
from openmmsurrogate.cli.progress import ProgressDisplay

if TYPE_CHECKING:
    from openmmsurrogate.training import TrainingResult
    from openmmsurrogate.training.trainer import Progress as TrainingProgress


def train(
    data: Annotated[list[Path], typer.Argument(help="HDF5 files from openmm-surrogate sample")],
    output: Annotated[Path, typer.Option("--output", "-o", help="model to write, .safetensors")],
    config: Annotated[Path | None, typer.Option(help="TOML file of settings")] = None,
    setting: Annotated[list[str] | None, typer.Option("--set", "-s", help="name=value; wins over the file")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on from an interrupted training")] = False,
    plot: Annotated[Path | None, typer.Option(help="figure of the learning curve")] = None,
) -> None:
    """Train a pair model on positions and forces.

    By Adam on mini-batches, L-BFGS in double, and a refit of the readout. Ctrl-C saves the state
    beside the model; --resume goes on from there.
    """
    from openmmsurrogate import training
    from openmmsurrogate.data import ForceDataset, summarizeData
    from openmmsurrogate.plots import plotLearningCurve

    settings = training.readConfig(config, setting or ())
    if output.suffix != ".safetensors":
        raise ValueError(f"the name of the model must end in .safetensors, but is {output}")
    require_folder_of(output)
    checkpoint = output.with_suffix(".checkpoint")
    if checkpoint.exists() and not resume:
        raise ValueError(f"{checkpoint} is the state of an interrupted training: go on with --resume, or remove it")
    console = Console()
    for path in data:
        with ForceDataset(path) as dataset:
            console.print(summarizeData(dataset, settings.cutoff).asTable())
    try:
        with ProgressDisplay(console, keepsBars=True) as display:
            display.show("reading")

            def report(stage: str, step: int, total: int, progress: TrainingProgress) -> None:
                note = f"held-out error {progress.bestHeldOut**0.5:.1e}" if progress.curve else ""
                display.show(stage, step, total, note=note)

            result = training.train(data, settings, checkpoint, resume, report, keepCheckpoint=True)
    except training.TrainingInterrupted as interruption:
        console.print(str(interruption), markup=False, soft_wrap=True)
        raise typer.Exit(code=130) from None
    result.model.save(output)
    checkpoint.unlink(missing_ok=True)  # not before: on a full disk the training can still be finished from it
    _print_result(console, result, output)
    if plot is not None:
        plotLearningCurve([(p.stage, p.step, p.training, p.heldOut) for p in result.curve], plot)
        console.print(f"learning curve in {plot}", soft_wrap=True)


def _print_result(console: Console, result: TrainingResult, output: Path) -> None:
    from openmmsurrogate.analysis import formatR2, toEVPerAngstrom

    metrics = result.heldOut
    rmse = float(toEVPerAngstrom(metrics.magnitudeRMSE))
    console.print(
        f"held-out frames: R2 of |F| {formatR2(metrics.r2)}, RMSE of |F| {rmse:.1e} eV/angstrom, "
        f"error norm over RMS force {metrics.relativeRMSE:.1e}",
        highlight=False,
        soft_wrap=True,
    )
    console.print(f"the refit of the readout was {'kept' if result.refitKept else 'not kept'}")
    console.print(f"written: {output}", soft_wrap=True)
