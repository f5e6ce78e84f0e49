# SPDX-License-Identifier: MIT
"""The commands study argon and nacl, the experiments of the report, and study figures and page, what they show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import openmm
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_OUTPUT = "folder of the study; one that was interrupted goes on [default: study-<name>]"
_PLATFORM = "OpenMM platform [default: CUDA where there is one, else CPU]"
_SIZES = "numbers of particles for timings, separated by commas [default: up to 4,000,000 on CUDA, else 2,000]"
_SECONDS = "length of a window of time, s [default: 1]"
_PART_SECONDS = "length of a window for parts of steps and for ensembles, s [default: half of that]"
_STEPS = "steps of the runs for g(r) and energies [default: 20,000 on CUDA, else 8,000]"
_QUICK = "a look at all experiments in small: seconds to minutes, and figures that say little"
_RETRY = "do those experiments again in which something failed"
_FOLDER = typer.Argument(help="folder of a study", show_default=False)

study = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Repeat the experiments of the report PNNL-38353."
)

Output = Annotated[Path | None, typer.Option("--output", "-o", help=_OUTPUT, show_default=False)]
Platform = Annotated[str | None, typer.Option(help=_PLATFORM, show_default=False)]
Sizes = Annotated[str | None, typer.Option(help=_SIZES, show_default=False)]
Seconds = Annotated[float | None, typer.Option(help=_SECONDS, show_default=False)]
PartSeconds = Annotated[float | None, typer.Option("--part-seconds", help=_PART_SECONDS, show_default=False)]
Repeats = Annotated[int, typer.Option(help="windows of each timing")]
Steps = Annotated[int | None, typer.Option(help=_STEPS, show_default=False)]
Retry = Annotated[bool, typer.Option("--retry", help=_RETRY)]
Quick = Annotated[bool, typer.Option("--quick", help=_QUICK)]


@study.command()
def argon(
    output: Output = None,
    platform: Platform = None,
    sizes: Sizes = None,
    seconds: Seconds = None,
    partSeconds: PartSeconds = None,
    repeats: Repeats = 3,
    steps: Steps = None,
    quick: Quick = False,
    retry: Retry = False,
) -> None:
    """Argon: Lennard-Jones and its surrogate in numeric formats."""
    _run("argon", output, platform, sizes, seconds, partSeconds, repeats, steps, quick, retry)


@study.command()
def nacl(
    output: Output = None,
    platform: Platform = None,
    sizes: Sizes = None,
    seconds: Seconds = None,
    partSeconds: PartSeconds = None,
    repeats: Repeats = 3,
    steps: Steps = None,
    quick: Quick = False,
    retry: Retry = False,
) -> None:
    """Sodium chloride: PME by precision, and surrogates.

    PME by stage, too; the surrogates have no reciprocal space.
    """
    _run("nacl", output, platform, sizes, seconds, partSeconds, repeats, steps, quick, retry)


@study.command()
def figures(folder: Annotated[Path, _FOLDER]) -> None:
    """Draw the figures of a study from its JSON files."""
    from openmmsurrogate.study import Results
    from openmmsurrogate.study.figures import drawFigures

    _print_files(drawFigures(Results.load(folder), folder))


@study.command()
def page(folder: Annotated[Path, _FOLDER]) -> None:
    """Write the page of a study from its JSON files.

    As index.html and README.md.
    """
    from openmmsurrogate.study import Results
    from openmmsurrogate.study.markdown import makeMarkdown
    from openmmsurrogate.study.page import makePage

    results = Results.load(folder)
    files = [folder / "index.html", folder / "README.md"]
    for file, make in zip(files, (makePage, makeMarkdown), strict=True):
        file.write_text(make(results))
    _print_files(files)


def _run(
    name: str,
    output: Path | None,
    platform: str | None,
    sizes: str | None,
    seconds: float | None,
    partSeconds: float | None,
    repeats: int,
    steps: int | None,
    quick: bool,
    retry: bool,
) -> None:
    """Do a study with a progress bar, then draw its figures and write its page."""
    from openmmsurrogate.study import Results, describeMissing, runStudy
    from openmmsurrogate.study.settings import chooseSettings

    folder = output or Path(f"study-{name}")
    numbers = None if sizes is None else _parse_sizes(sizes)
    settings = chooseSettings(
        name, platform or _choose_platform(), numbers, seconds, partSeconds, repeats, steps, quick
    )
    console = Console()
    columns = (BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console) as bars:
        task = bars.add_task("starting", total=None)

        told: set[tuple[int, str]] = set()

        def show(done: int, total: int, text: str) -> None:
            bars.update(task, completed=done, total=total, description=text)
            if not console.is_terminal and (done, text) not in told:
                told.add((done, text))  # an experiment says again what it does after it made its start
                console.print(f"{done}/{total} {text}", highlight=False, soft_wrap=True)

        try:
            before = runStudy(settings, folder, show, retry)
        except KeyboardInterrupt:
            console.print(f"interrupted: what is done is in {folder}; the same command goes on", soft_wrap=True)
            raise typer.Exit(code=130) from None
    if before:
        console.print(f"{before} experiments had been done before", highlight=False)
    for text in describeMissing(Results.load(folder)):
        console.print(f"- {text}", markup=False, highlight=False, soft_wrap=True)
    figures(folder)
    page(folder)


def _choose_platform() -> str:
    names = [openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())]
    return "CUDA" if "CUDA" in names else "CPU"


def _parse_sizes(text: str) -> list[int]:
    try:
        return [int(part.replace("_", "")) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(
            f"sizes are whole numbers separated by commas, such as 2000,64000; got {text!r}", param_hint="--sizes"
        ) from None


def _print_files(files: list[Path]) -> None:
    Console().print(f"written: {', '.join(map(str, files))}", soft_wrap=True, highlight=False)
