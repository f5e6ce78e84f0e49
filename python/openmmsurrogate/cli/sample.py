# SPDX-License-Identifier: MIT
"""The command sample: force data from a simulation, or from a trajectory with the forces computed anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from openmmsurrogate.data import ParticleTypes, SamplingSettings, SystemSource

_SYSTEM = "System: XML file, or a function that makes it, module:function or file.py:function"
_POSITIONS = "positions: PDB or PDBx file (topology, too), or a State as XML"
_OPTION = "argument of the function, NAME=VALUE, VALUE as in JSON; may be repeated"
_TRAJECTORY = "take the configurations of this DCD or XTC file instead of a simulation"
_TYPE = "type of the particles with an element or atom name, NAME=TYPE or RESIDUE:NAME=TYPE; NAME= for none"
_VOLUME = "volume of the box relative to the given one; repeat it for several"
_START = "temperature of the first half of the equilibration, K: melt a lattice with it"
_GROUP = "record only the forces of this force group; may be repeated [default: all]"


def sample(
    system: Annotated[str, typer.Argument(help=_SYSTEM, show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="HDF5 file; if it exists, the run continues")],
    positions: Annotated[Path | None, typer.Option(help=_POSITIONS)] = None,
    option: Annotated[list[str] | None, typer.Option(help=_OPTION)] = None,
    trajectory: Annotated[Path | None, typer.Option(help=_TRAJECTORY)] = None,
    temperature: Annotated[float, typer.Option(help="K")] = 300.0,
    frames: Annotated[int, typer.Option(help="number of frames to record")] = 40,
    interval: Annotated[float, typer.Option(help="time between frames, ps")] = 10.0,
    equilibration: Annotated[float, typer.Option(help="time before the first frame, ps")] = 100.0,
    startTemperature: Annotated[float | None, typer.Option("--start-temperature", help=_START)] = None,
    timeStep: Annotated[float, typer.Option("--time-step", help="ps")] = 0.002,
    friction: Annotated[float, typer.Option(help="of the Langevin thermostat, 1/ps")] = 1.0,
    seed: Annotated[int, typer.Option(help="of velocities, thermostat and barostat")] = 1,
    pressure: Annotated[float | None, typer.Option(help="of a barostat, bar")] = None,
    volume: Annotated[list[float] | None, typer.Option(help=_VOLUME)] = None,
    virial: Annotated[bool, typer.Option("--virial", help="record the virial along each axis")] = False,
    group: Annotated[list[int] | None, typer.Option(help=_GROUP)] = None,
    typesBy: Annotated[str, typer.Option("--types-by", help="element or name")] = "element",
    type: Annotated[list[str] | None, typer.Option(help=_TYPE)] = None,
    typeFile: Annotated[Path | None, typer.Option("--type-file", help="JSON object of such types")] = None,
    platform: Annotated[str | None, typer.Option(help="OpenMM platform [default: the fastest]")] = None,
) -> None:
    """Record configurations and forces of a System to an HDF5 file, from a simulation or a trajectory."""
    from openmmsurrogate.data import SamplingSettings, assignTypes, loadSystem, parseTypeMap

    source = loadSystem(system, positions, _parse_options(option or []))
    types = assignTypes(source, typesBy, parseTypeMap(type or [], typeFile))
    settings = SamplingSettings(
        temperature=temperature,
        numFrames=frames,
        interval=interval,
        equilibration=equilibration,
        startTemperature=startTemperature,
        timeStep=timeStep,
        friction=friction,
        seed=seed,
        pressure=pressure,
        volumes=tuple(volume or [1.0]),
        recordsVirial=virial,
        forceGroups=tuple(group) if group else None,
        platform=platform,
    )
    _sample(source, types, settings, output, Console())


def _parse_options(entries: list[str]) -> dict[str, Any]:
    """Return arguments from texts NAME=VALUE; a value that is not JSON is a text."""
    result: dict[str, Any] = {}
    for entry in entries:
        name, separator, value = entry.partition("=")
        if not separator:
            raise ValueError(f"--option {entry!r} is not of the form NAME=VALUE")
        try:
            result[name] = json.loads(value)
        except json.JSONDecodeError:
            result[name] = value
    return result


def _sample(
    source: SystemSource, types: ParticleTypes, settings: SamplingSettings, output: Path, console: Console
) -> None:
    """Simulate with a progress bar, which counts the equilibration as frames not yet there."""
    from openmmsurrogate.data import sampleForces

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[done]} frames"))
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("preparing", total=settings.numFrames, done=f"0/{settings.numFrames}")

        def report(stage: str, numFrames: int, fraction: float) -> None:
            done = f"{numFrames}/{settings.numFrames}"
            inFrame = fraction if stage == "sampling" else 0.0
            progress.update(task, completed=numFrames + inFrame, description=f"{stage:13}", done=done)

        try:
            sampleForces(source, types, settings, output, report)
        except KeyboardInterrupt:
            console.print(f"interrupted: the frames up to now are in {output}; the same command continues")
            raise typer.Exit(code=130) from None
