# SPDX-License-Identifier: MIT
"""The command sample: force data from a simulation, or from a trajectory with the forces computed anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from openmmsurrogate.cli.progress import ProgressDisplay

if TYPE_CHECKING:
    from openmmsurrogate.data import ParticleTypes, RecordingSettings, SamplingSettings, SystemSource

_SYSTEM = "System: XML file, or a function that makes it, module:function or file.py:function"
_POSITIONS = "positions: .pdb or .cif (topology and box, too), or the .xml of a State"
_OPTION = "argument of the function, NAME=VALUE, VALUE as in JSON; may be repeated"
_TRAJECTORY = "take the configurations of this DCD or XTC file instead of a simulation"
_TYPE = "type of the particles with an element or atom name, NAME=TYPE or RESIDUE:NAME=TYPE; NAME= for none"
_VOLUME = "volume of the box relative to the given one; repeat it for several [default: 1]"
_START = "temperature of the first half of the equilibration, K: melt a lattice with it"
_TEMPERATURE = "K; a simulation needs it"
_FRAMES = "number of frames [default: 40, or all of the trajectory]"
_PRECISION = "single, mixed or double, on platforms that have a choice [default: the platform's]"
_GROUP = "record only the forces of this force group; may be repeated [default: all]"


_SIMULATION_ONLY = (
    "interval",
    "equilibration",
    "startTemperature",
    "timeStep",
    "friction",
    "seed",
    "pressure",
    "volume",
)


def sample(
    ctx: typer.Context,
    system: Annotated[str, typer.Argument(help=_SYSTEM, show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="HDF5 file; if it exists, the run continues")],
    positions: Annotated[Path | None, typer.Option(help=_POSITIONS)] = None,
    option: Annotated[list[str] | None, typer.Option(help=_OPTION)] = None,
    trajectory: Annotated[Path | None, typer.Option(help=_TRAJECTORY)] = None,
    temperature: Annotated[float | None, typer.Option(help=_TEMPERATURE)] = None,
    frames: Annotated[int | None, typer.Option(help=_FRAMES)] = None,
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
    precision: Annotated[str | None, typer.Option(help=_PRECISION)] = None,
) -> None:
    """Record positions and forces of a System as training data.

    From a simulation, or from a trajectory with forces computed anew; to an HDF5 file.
    """
    from openmmsurrogate.data import (
        ForceDataset,
        RecordingSettings,
        SamplingSettings,
        assignTypes,
        loadSystem,
        parseOptions,
        parseTypeMap,
        summarizeData,
    )

    source = loadSystem(system, positions, parseOptions(option or []))
    types = assignTypes(source, typesBy, parseTypeMap(type or [], typeFile))
    recording = RecordingSettings(virial, tuple(group) if group else None, platform, precision)
    console = Console()
    if trajectory is not None:
        _refuse_simulation_options(ctx)
        _record(source, types, trajectory, output, recording, frames, temperature, console)
    elif temperature is None:
        raise ValueError("a simulation needs --temperature")
    else:
        settings = SamplingSettings(
            temperature=temperature,
            numFrames=40 if frames is None else frames,
            interval=interval,
            equilibration=equilibration,
            startTemperature=startTemperature,
            timeStep=timeStep,
            friction=friction,
            seed=seed,
            pressure=pressure,
            volumes=tuple(volume or [1.0]),
            recording=recording,
        )
        _simulate(source, types, settings, output, console)
    with ForceDataset(output) as dataset:
        console.print(summarizeData(dataset).asTable())


def _refuse_simulation_options(ctx: typer.Context) -> None:
    """Raise ValueError if an option was given that has no meaning for a trajectory."""
    for name in _SIMULATION_ONLY:
        source = ctx.get_parameter_source(name)
        if source is not None and source.name != "DEFAULT":
            raise ValueError(f"{name} is for simulations; the configurations of a trajectory are taken as they are")


def _record(
    source: SystemSource,
    types: ParticleTypes,
    trajectory: Path,
    output: Path,
    recording: RecordingSettings,
    frames: int | None,
    temperature: float | None,
    console: Console,
) -> None:
    """Compute the forces of a trajectory and show the progress."""
    from openmmsurrogate.data import recordTrajectory

    with ProgressDisplay(console) as display:

        def report(numFrames: int, total: int) -> None:
            display.show("computing forces", numFrames, total, f"{numFrames}/{total} frames")

        try:
            recordTrajectory(source, types, trajectory, output, recording, frames, temperature, report)
        except KeyboardInterrupt:
            console.print(f"interrupted: the frames up to now are in {output}")
            raise typer.Exit(code=130) from None


def _simulate(
    source: SystemSource, types: ParticleTypes, settings: SamplingSettings, output: Path, console: Console
) -> None:
    """Simulate and show the progress."""
    from openmmsurrogate.data import sampleForces

    total = settings.numFrames
    with ProgressDisplay(console) as display:

        def report(stage: str, numFrames: int, fraction: float) -> None:
            if stage == "sampling":
                display.show(stage, numFrames + fraction, total, f"{numFrames}/{total} frames")
            else:
                display.show(stage, fraction, 1.0, f"{100.0 * fraction:.0f} %")

        try:
            sampleForces(source, types, settings, output, report)
        except KeyboardInterrupt:
            console.print(f"interrupted: the frames up to now are in {output}; the same command continues")
            raise typer.Exit(code=130) from None
