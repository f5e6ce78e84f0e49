# SPDX-License-Identifier: MIT
"""The command openmm-surrogate."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import openmm
import typer
from rich.console import Console
from rich.table import Table

import openmmsurrogate
from openmmsurrogate._loading import get_platform_names

app = typer.Typer(no_args_is_help=True, add_completion=False)
NEEDED = ("Reference", "CPU")


@app.callback()
def describe() -> None:
    """Neural-network pair forces for OpenMM."""


@dataclass(frozen=True)
class PlatformReport:
    """What became of a tiny Context with a SurrogateForce on a platform."""

    name: str
    works: bool
    detail: str


def make_test_force() -> openmmsurrogate.SurrogateForce:
    """Make a force between two particles from a network with one hidden layer. No file is needed."""
    network = openmmsurrogate.PairNetwork([1, 2, 1], [[[4.0], [-3.0]], [[100.0, -50.0]]], [[0.5, 0.1], [0.0]])
    network.setCore(0.2)
    model = openmmsurrogate.SurrogateModel(["A"], 1.0)
    model.setPairNetwork("A", "A", model.addNetwork(network))
    force = openmmsurrogate.SurrogateForce(model)
    force.setUsesPeriodicBoundaryConditions(False)
    force.addParticle("A")
    force.addParticle("A")
    return force


def try_platform(name: str) -> PlatformReport:
    """Compute the force of two particles on a platform and compare it with the model's."""
    distance = 0.5
    force = make_test_force()
    expected = float(force.getModel().computeForce("A", "A", distance)._value)
    system = openmm.System()
    for _ in range(2):
        system.addParticle(1.0)
    system.addForce(force)
    try:
        context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName(name))
        context.setPositions(np.array([[0.0, 0.0, 0.0], [distance, 0.0, 0.0]]))
        found = context.getState(getForces=True).getForces(asNumpy=True)._value
    except Exception as error:  # whatever OpenMM or a driver raises is what the user has to read
        return PlatformReport(name, False, str(error))
    deviation = abs(found[1, 0] - expected) / abs(expected)
    if not deviation < 1e-4:  # also when it is NaN
        return PlatformReport(name, False, f"wrong force: {found[1, 0]} instead of {expected} kJ/mol/nm")
    return PlatformReport(name, True, f"force of a test pair agrees to {deviation:.1e}")


def print_versions(console: Console) -> None:
    """Print what is installed."""
    table = Table(title="Versions", title_justify="left", show_header=False)
    table.add_row("openmm-surrogate", openmmsurrogate.__version__)
    table.add_row("OpenMM", openmm.version.full_version)
    for package in ("OpenMM-CUDA-13", "numpy", "torch"):
        try:
            table.add_row(package, version(package))
        except PackageNotFoundError:
            table.add_row(package, "not installed")
    table.add_row("Python", platform.python_version())
    table.add_row("System", platform.platform())
    console.print(table)


def print_platforms(console: Console, reports: list[PlatformReport]) -> None:
    """Print where a SurrogateForce runs."""
    table = Table(title="SurrogateForce on OpenMM's platforms", title_justify="left")
    for heading in ("platform", "works", "detail"):
        table.add_column(heading)
    for report in reports:
        table.add_row(report.name, "[green]yes" if report.works else "[red]no", report.detail)
    console.print(table)


def list_advice(reports: list[PlatformReport]) -> list[str]:
    """Say what to do about what does not work."""
    advice = []
    broken = [name for name in NEEDED if name not in [report.name for report in reports if report.works]]
    if broken:
        advice.append(
            f"{' and '.join(broken)} should work everywhere. Reinstall: "
            "pip install --force-reinstall openmm-surrogate. "
            "If OPENMM_PLUGIN_DIR is set, unset it, or point it to the folder of OpenMM's plugins."
        )
    if "CUDA" not in [report.name for report in reports]:
        advice.append(
            "There is no CUDA platform. On a machine with an NVIDIA GPU install it: "
            "pip install 'openmm-surrogate[cuda13]'. Without a GPU nothing needs to be done."
        )
    return advice


@app.command()
def doctor() -> None:
    """Print versions, where a SurrogateForce runs, what could not be loaded, and what to do.

    The exit code is 1 if platform Reference or CPU does not work.
    """
    console = Console()
    print_versions(console)
    reports = [try_platform(name) for name in get_platform_names()]
    print_platforms(console, reports)
    console.print("Shipped models: " + (", ".join(openmmsurrogate.listModels()) or "none"), markup=False)
    failures = list(openmmsurrogate.pluginLoadFailures)
    failures += [f"OpenMM could not load: {failure}" for failure in openmm.Platform.getPluginLoadFailures()]
    for text in failures + list_advice(reports):
        console.print(f"- {text}", markup=False, highlight=False, soft_wrap=True)
    working = {report.name for report in reports if report.works}
    if not working.issuperset(NEEDED):
        raise typer.Exit(code=1)


def main() -> None:
    """Run the command."""
    app()


if __name__ == "__main__":
    main()
