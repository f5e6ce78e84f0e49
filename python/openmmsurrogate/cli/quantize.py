# SPDX-License-Identifier: MIT
"""The command quantize: a model in a reduced numeric format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from openmmsurrogate._files import require_folder_of
from openmmsurrogate.cli.progress import ProgressDisplay


def quantize(
    model: Annotated[str, typer.Argument(help="trained model: a .safetensors file or the name of a shipped model")],
    output: Annotated[Path, typer.Option("--output", "-o", help="model to write, .safetensors")],
    format: Annotated[str, typer.Option(help="bf16, fp16, fp8, int8 or int4")],
    method: Annotated[str, typer.Option(help="plain, refit or finetune")] = "finetune",
    data: Annotated[list[Path] | None, typer.Option("--data", "-d", help="HDF5 file of forces; repeatable")] = None,
    start: Annotated[str | None, typer.Option(help="model whose weights to start from, instead of the model's")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file of settings")] = None,
    setting: Annotated[list[str] | None, typer.Option("--set", "-s", help="name=value; wins over the file")] = None,
) -> None:
    """Make a model that runs in a reduced numeric format.

    By plain rounding, with a refitted readout, or fine-tuned.
    """
    from openmmsurrogate import SurrogateModel, quantization
    from openmmsurrogate.training import readConfig

    if output.suffix != ".safetensors":
        raise ValueError(f"the name of the model must end in .safetensors, but is {output}")
    require_folder_of(output)
    settings = readConfig(config, setting or (), quantization.QuantizationConfig)
    trained, first = SurrogateModel.load(model), None if start is None else SurrogateModel.load(start)
    console = Console()
    with ProgressDisplay(console) as display:
        display.show("reading")

        def report(step: int, steps: int, loss: float) -> None:
            display.show(f"{format}, {method}", step, steps, note=f"loss {loss:.1e}")

        result = quantization.quantize(trained, format, method, data or (), settings, report, first)
    result.model.save(output)
    if result.heldOutError is not None:
        error = f"{result.heldOutError:.1e}"
        console.print(f"held-out force error over the standard deviation of forces, with energy terms: {error}")
        if method != "plain":
            console.print(f"the refit of the readout was {'kept' if result.refitKept else 'not kept'}")
    console.print(f"written: {output}", soft_wrap=True)
