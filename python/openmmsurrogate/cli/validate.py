# SPDX-License-Identifier: MIT
"""The command validate: the forces of this package in a System of the user's own, on each platform."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from openmmsurrogate._files import require_folder_of
from openmmsurrogate.cli.progress import ProgressDisplay
from openmmsurrogate.cli.tables import print_whole

if TYPE_CHECKING:
    from openmmsurrogate.validation import ValidationReport


def validate(
    system: Annotated[Path, typer.Argument(help="The System, as XML of openmm.XmlSerializer.")],
    positions: Annotated[Path, typer.Argument(help="Positions and box: .pdb, .cif, or the .xml of a State.")],
    platforms: Annotated[str, typer.Option(help="Which platforms, separated by commas.")] = "CPU,CUDA",
    formats: Annotated[
        str, typer.Option(help="Which numeric formats besides a force's own, such as single,bfloat16; or all, or own.")
    ] = "all",
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the result there as JSON; - for standard output alone.")
    ] = None,
) -> None:
    """Compare the forces of a System on each platform with Reference.

    Every SurrogateForce and TunablePMEForce, each alone. The exit code is 1 if something is
    outside its bound, or cannot be read or computed.
    """
    from openmmsurrogate.validation import readStructure, readSystem, validateSystem

    toOutput = json_file is not None and str(json_file) == "-"
    if json_file is not None and not toOutput:
        require_folder_of(json_file)
    loaded = readSystem(system)
    structure = readStructure(positions)
    wanted = None if formats == "all" else [name for name in _split(formats) if name != "own"]
    with ProgressDisplay(Console(stderr=True)) as display:
        report = validateSystem(
            loaded, structure.positions, structure.box, _split(platforms), wanted, progress=display.show
        )
    text = json.dumps({"system": str(system), "positions": str(positions), **report.toDict()}, indent=1)
    if toOutput:
        typer.echo(text)
    else:
        _print(report)
        if json_file is not None:
            json_file.write_text(text + "\n")
    if not report.passed:
        raise typer.Exit(code=1)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _print(report: ValidationReport) -> None:
    console = Console()
    for table in report.makeTables():
        print_whole(console, table)
    for text in (*report.describeProblems(), *report.notes):
        console.print(f"- {text}", markup=False, highlight=False, soft_wrap=True)
    console.print(report.describeVerdict(), style="green" if report.passed else "bold red", highlight=False)
