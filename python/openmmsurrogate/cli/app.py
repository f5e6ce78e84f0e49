# SPDX-License-Identifier: MIT
"""The command openmm-surrogate: its commands, and how it reports what went wrong.

A module per command. What only one command needs (torch, h5py, matplotlib) is imported inside its functions, so that
the others run without it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Annotated, Any

import openmm
import typer
from rich.console import Console
from typer.core import TyperGroup

import openmmsurrogate
from openmmsurrogate.cli.doctor import doctor
from openmmsurrogate.cli.evaluate import evaluate
from openmmsurrogate.cli.quantize import quantize
from openmmsurrogate.cli.sample import sample
from openmmsurrogate.cli.study import study
from openmmsurrogate.cli.train import train
from openmmsurrogate.cli.tune import tune
from openmmsurrogate.cli.validate import validate

COMMANDS: tuple[Callable[..., None], ...] = (
    doctor,
    sample,
    train,
    quantize,
    evaluate,
    validate,
    tune,
)

# What wrong input, a missing file or package, or OpenMM raises: its message says what to do, a traceback would hide it.
USER_ERRORS = (ValueError, OSError, ImportError, openmm.OpenMMException)


_format_as_python = warnings.formatwarning


def _format_warning(message: Any, category: type[Warning], *place: Any, **line: Any) -> str:
    """Leave out the place in the source where a warning of this package is given: it says nothing to users."""
    if category.__module__.partition(".")[0] == "openmmsurrogate":
        return f"openmm-surrogate: warning: {message}\n"
    return _format_as_python(message, category, *place, **line)


class ErrorReportingGroup(TyperGroup):
    """Commands whose errors end in one message on standard error and exit code 1, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the arguments name."""
        warnings.formatwarning = _format_warning
        try:
            return super().invoke(ctx)
        except USER_ERRORS as error:
            Console(stderr=True).print(f"openmm-surrogate: {error}", style="red", markup=False, soft_wrap=True)
            raise typer.Exit(code=1) from error
        finally:
            warnings.formatwarning = _format_as_python


# Without rich's markup: it takes the "[default: ...]" of a text for a tag, and Typer then lists flags as <bool>.
app = typer.Typer(
    cls=ErrorReportingGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(study, name="study")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"openmm-surrogate {openmmsurrogate.__version__}, OpenMM {openmm.version.full_version}")
        raise typer.Exit


_VERSION = typer.Option("--version", callback=_print_version, is_eager=True, help="Print the versions and exit.")


@app.callback()
def describe(version: Annotated[bool, _VERSION] = False) -> None:
    """Neural-network pair forces for OpenMM."""


def main() -> None:
    """Run the command."""
    app()
