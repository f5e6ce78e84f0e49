# SPDX-License-Identifier: MIT
"""The command evaluate: forces on held-out data and rollouts, of models in numeric formats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from openmmsurrogate._options import EvaluationMethod, as_option
from openmmsurrogate.cli.progress import ProgressDisplay

_MODELS = "shipped models or .safetensors files; the first is that of the large parity plot"
_DATA = "HDF5 file of held-out force data, from sample; may be repeated. Rollouts start from the first"
_OUTPUT = "folder for a JSON file per model, evaluation.md and evaluation.png"
_FORMAT = (
    "round models that have no format of their own to this one, too, such as bfloat16, or bfloat16:all for all layers; "
    "may be repeated"
)
_REFERENCE = "System that the models replace: XML, module:function or file.py:function [default: that in the data]"
_OPTION = "argument of that function, NAME=VALUE; may be repeated"
_PLATFORM = "OpenMM platform [default: CPU for forces in the data, the fastest for rollouts]"
_METHOD = "how models are evaluated, network or table [default: network for forces in the data, table for rollouts]"


def evaluate(
    models: Annotated[list[str], typer.Argument(help=_MODELS, show_default=False)],
    data: Annotated[list[Path], typer.Option(help=_DATA)],
    output: Annotated[Path, typer.Option("--output", "-o", help=_OUTPUT)],
    format: Annotated[list[str] | None, typer.Option(help=_FORMAT)] = None,
    time: Annotated[
        float, typer.Option(help="time of the rollouts, ps: 16 or more for standard errors, or 0 for none")
    ] = 100.0,
    settling: Annotated[float, typer.Option(help="time of the rollouts before that, ps")] = 5.0,
    timeStep: Annotated[float, typer.Option("--time-step", help="of the rollouts, ps")] = 0.001,
    temperature: Annotated[float | None, typer.Option(help="of the rollouts, K [default: that of the data]")] = None,
    seed: Annotated[int, typer.Option(help="of the velocities of the rollouts")] = 1,
    reference: Annotated[str | None, typer.Option(help=_REFERENCE)] = None,
    option: Annotated[list[str] | None, typer.Option(help=_OPTION)] = None,
    platform: Annotated[str | None, typer.Option(help=_PLATFORM)] = None,
    method: Annotated[str | None, typer.Option(help=_METHOD)] = None,
) -> None:
    """Compare models with the System that they replace.

    Forces, mean energies, g(r) and energy conservation.
    """
    from openmmsurrogate.data import loadSystem, parseOptions
    from openmmsurrogate.evaluation import (
        ForceSettings,
        RolloutSettings,
        describeApplicability,
        describeCorePairs,
        evaluateModels,
        formatMarkdown,
        loadCandidates,
        makeTables,
    )
    from openmmsurrogate.plots import plotEvaluation

    chosen = None if method is None else EvaluationMethod(as_option(EvaluationMethod, method, "method"))
    forceSettings = ForceSettings(platform or "CPU", chosen or EvaluationMethod.Network)
    settings = None
    if time > 0.0:
        settings = RolloutSettings(
            time=time,
            settling=settling,
            timeStep=timeStep,
            temperature=temperature or _temperature_of(data[0]),
            seed=seed,
            platform=platform,
            method=chosen or EvaluationMethod.Table,
        )
    system = None if reference is None else loadSystem(reference, options=parseOptions(option or [])).system
    candidates = loadCandidates(models, format or [])
    console = Console()
    with ProgressDisplay(console) as display:

        def report(what: str, done: float) -> None:
            display.show(what, done, 1.0, f"{100.0 * done:.0f} %")

        result = evaluateModels(candidates, data, settings, system, report, forceSettings)
    files = result.save(output)
    (output / "evaluation.md").write_text(formatMarkdown(result))
    plotEvaluation(result, output / "evaluation.png")
    for table in makeTables(result):
        console.print(table)
    for sentence in (*describeCorePairs(result), *describeApplicability(result)):
        console.print(sentence, soft_wrap=True)
    console.print(f"written to {output}: evaluation.png, evaluation.md, {', '.join(file.name for file in files)}")


def _temperature_of(path: Path) -> float:
    from openmmsurrogate.data import ForceDataset

    with ForceDataset(path) as dataset:
        if dataset.temperature is None:
            raise ValueError(f"{path} does not say its temperature: give --temperature for the rollouts")
        return dataset.temperature
