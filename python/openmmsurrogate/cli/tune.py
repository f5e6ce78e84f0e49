# SPDX-License-Identifier: MIT
"""The command tune: the fastest reciprocal space of a System that meets a force error."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from openmmsurrogate._files import require_folder_of
from openmmsurrogate.cli.progress import ProgressDisplay
from openmmsurrogate.cli.tables import print_whole


def _parse_orders(text: str) -> list[int]:
    from openmmsurrogate.pme.tune import check_orders

    try:
        orders = [int(order) for order in text.split(",")]
    except ValueError:
        raise typer.BadParameter(
            f"spline orders are whole numbers separated by commas, such as 4,5,6; got {text!r}", param_hint="--orders"
        ) from None
    try:
        check_orders(orders)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--orders") from None
    return orders


def _check_platform(name: str, precision: str | None) -> dict[str, str]:
    """Get the properties of a Context."""
    import openmm

    from openmmsurrogate._precision import find_properties
    from openmmsurrogate.validation.targets import find_obstacle

    obstacle = find_obstacle(name)
    if obstacle:
        advice = "The command openmm-surrogate doctor tells which platforms work."
        raise typer.BadParameter(f"{obstacle.rstrip('.')}. {advice}", param_hint="--platform")
    try:
        return find_properties(openmm.Platform.getPlatformByName(name), precision)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--precision") from None


def tune(
    system: Annotated[Path, typer.Argument(help="The System, as XML of openmm.XmlSerializer.")],
    positions: Annotated[Path, typer.Argument(help="Positions and box: .pdb, .cif, or the .xml of a State.")],
    force_error: Annotated[float, typer.Option(help="RMS error of the electrostatic force, kJ/mol/nm.")],
    relative: Annotated[bool, typer.Option("--relative", help="The error is that over the RMS force.")] = False,
    platform: Annotated[str, typer.Option(help="OpenMM's platform to tune for.")] = "CPU",
    precision: Annotated[
        str | None,
        typer.Option(help="single, mixed or double, on platforms that have a choice [default: the platform's]"),
    ] = None,
    orders: Annotated[str, typer.Option(help="Spline orders to try, of 4 to 8, separated by commas.")] = "4,5,6,7,8",
    output: Annotated[
        Path | None, typer.Option(help="Write the System with the fastest settings there, as XML.")
    ] = None,
) -> None:
    """Find the fastest electrostatics that meet a force error.

    Measures spline orders, grids, alphas and precisions, and ESP. Prints the System as it
    is and what was tried. What is found takes the place of a force error tolerance that the
    System has. The exit code is 1 if no setting reaches the error.
    """
    chosen = _parse_orders(orders)
    properties = _check_platform(platform, precision)
    if output is not None:
        require_folder_of(output)
    import openmm

    from openmmsurrogate.pme import TunablePMEForce, replaceNonbondedForce, tunePME
    from openmmsurrogate.validation import readStructure, readSystem
    from openmmsurrogate.validation.inputs import check_positions

    loaded = readSystem(system)
    structure = readStructure(positions)
    integrator = openmm.VerletIntegrator(0.001)
    context = openmm.Context(loaded, integrator, openmm.Platform.getPlatformByName(platform), properties)
    if structure.box is not None:
        context.setPeriodicBoxVectors(*structure.box)
    context.setPositions(check_positions(loaded, structure.positions))
    with ProgressDisplay(Console(stderr=True)) as display:
        display.show("measuring the System as it is")
        result = tunePME(context, force_error, relative, chosen, progress=lambda text: display.show(f"trying {text}"))
    print_whole(Console(), result.makeTable())
    if output is None:
        return
    tuned = loaded
    if result.best is not result.present:
        tuned = replaceNonbondedForce(loaded)
        if structure.box is not None:
            tuned.setDefaultPeriodicBoxVectors(*structure.box)
        force = next(force for force in tuned.getForces() if TunablePMEForce.isinstance(force))
        found = TunablePMEForce.cast(force)
        asked = found.getForceErrorTolerance()
        result.best.settings.apply(found)
        if asked._value > 0:
            Console().print(
                f"The force error tolerance of the System, {asked}, no longer chooses its parameters: "
                f"{result.best.settings.source} does.",
                soft_wrap=True,
                highlight=False,
            )
    output.write_text(openmm.XmlSerializer.serialize(tuned))
    how = ", unchanged" if tuned is loaded else "; import openmmsurrogate before you read it"
    Console().print(f"written: {output}{how}", soft_wrap=True, highlight=False)
