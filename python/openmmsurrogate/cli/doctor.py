# SPDX-License-Identifier: MIT
"""The command doctor: what is installed, where it works, and what to do about what does not."""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import openmm
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import openmmsurrogate
from openmmsurrogate._convert import ENERGY, FORCE
from openmmsurrogate._loading import get_platform_names

NEEDED = ("Reference", "CPU")
UNITS = {"force": "kJ/mol/nm", "energy": "kJ/mol"}
EXTRA = "{} need it: pip install '.[train]' in the folder of this package's source"
USED_BY = {"torch": "train and quantize", "h5py": "sample, train, quantize and evaluate"}

MADELUNG = 1.747564594633182
"""Of rock salt: D. Borwein, J. M. Borwein and K. F. Taylor, J. Math. Phys. 26, 2999 (1985)."""
COULOMB = 138.93545764438198  # kJ nm/mol


@dataclass(frozen=True)
class PlatformReport:
    """What became of a tiny Context on a platform."""

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
    """Compute force and energy of two particles on a platform and compare them with the model's."""
    distance = 0.5
    force = make_test_force()
    model = force.getModel()
    expected = {
        "force": float(model.computeForce("A", "A", distance).value_in_unit(FORCE)),
        "energy": float(model.computeEnergy("A", "A", distance).value_in_unit(ENERGY)),
    }
    system = openmm.System()
    for _ in range(2):
        system.addParticle(1.0)
    system.addForce(force)
    try:
        context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName(name))
        context.setPositions(np.array([[0.0, 0.0, 0.0], [distance, 0.0, 0.0]]))
        state = context.getState(getForces=True, getEnergy=True)
        found = {
            "force": float(state.getForces(asNumpy=True)[1, 0].value_in_unit(FORCE)),
            "energy": float(state.getPotentialEnergy().value_in_unit(ENERGY)),
        }
    except Exception as error:  # whatever OpenMM or a driver raises is what the user has to read
        return PlatformReport(name, False, str(error))
    deviations = {quantity: abs(found[quantity] - value) / abs(value) for quantity, value in expected.items()}
    for quantity, deviation in deviations.items():
        if not deviation < 1e-4:  # also when it is NaN
            detail = f"wrong {quantity}: {found[quantity]} instead of {expected[quantity]} {UNITS[quantity]}"
            return PlatformReport(name, False, detail)
    return PlatformReport(name, True, f"force and energy of a test pair agree to {max(deviations.values()):.1e}")


def try_mesh(name: str) -> PlatformReport:
    """Compute the energy of rock salt with a TunablePMEForce on a platform, and tell which split it takes by itself."""
    distance, edge = 0.5, 4
    sites = np.stack(np.meshgrid(*[np.arange(edge)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    expected = -MADELUNG * COULOMB / distance * len(sites) / 2
    force = openmmsurrogate.TunablePMEForce()
    force.setNonbondedMethod(openmm.NonbondedForce.PME)
    force.setCutoffDistance(0.45 * edge * distance)
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*(np.eye(3) * edge * distance))
    for site in sites:
        system.addParticle(1.0)
        force.addParticle(1.0 if np.sum(site) % 2 else -1.0, 1.0, 0.0)
    system.addForce(force)
    try:
        context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName(name))
        context.setPositions(sites * distance)
        found = float(context.getState(getEnergy=True).getPotentialEnergy().value_in_unit(ENERGY))
        split = force.getKSpaceMethodInContext(context).name
    except Exception as error:  # whatever OpenMM or a driver raises is what the user has to read
        return PlatformReport(name, False, str(error))
    deviation = abs(found / expected - 1)
    if not deviation < 1e-2:  # also when it is NaN; it is the error of the mesh, and rounding is smaller
        return PlatformReport(name, False, f"wrong energy: {found} instead of {expected} kJ/mol")
    return PlatformReport(name, True, f"Automatic is {split}; energy of rock salt agrees to {deviation:.1e}")


def print_versions(console: Console) -> None:
    """Print what is installed."""
    table = Table(title="Versions", title_justify="left", show_header=False)
    table.add_row("openmm-surrogate", openmmsurrogate.__version__)
    table.add_row("OpenMM", openmm.version.full_version)
    for package in ("OpenMM-CUDA-13", "numpy", *USED_BY):
        try:
            table.add_row(package, version(package))
        except PackageNotFoundError:
            needed = f" ({EXTRA.format(USED_BY[package])})" if package in USED_BY else ""
            table.add_row(package, escape(f"not installed{needed}"))
    table.add_row("Python", platform.python_version())
    table.add_row("System", platform.platform())
    console.print(table)


def print_platforms(console: Console, force: str, reports: list[PlatformReport]) -> None:
    """Print where a kind of force runs."""
    table = Table(title=f"{force} on OpenMM's platforms", title_justify="left")
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
            "pip install --force-reinstall --no-deps . in the folder of its source. "
            "If OPENMM_PLUGIN_DIR is set, unset it, or point it to the folder of OpenMM's plugins."
        )
    if "CUDA" not in [report.name for report in reports]:
        advice.append(
            "There is no CUDA platform. On a machine with an NVIDIA GPU install it: "
            "pip install '.[cuda13]' in the folder of this package's source. Without a GPU nothing needs to be done."
        )
    return advice


def summarize_openmm_failures(failures: Sequence[str], present: Sequence[str]) -> list[str]:
    """Say once for each platform that OpenMM could not load it; other plugins of OpenMM are told as they are.

    Where a platform is missing, so are OpenMM's plugins for it (RPMD, Drude, Amoeba), each with an error of its own.
    """
    texts: dict[str, str] = {}
    for failure in failures:
        match = re.search(r"libOpenMM\w*(OpenCL|HIP|CUDA)\.so: (.*)", failure)
        if match is None or match[1] in present:
            texts[failure] = f"OpenMM could not load: {failure}"
        else:
            texts.setdefault(
                match[1], f"OpenMM has no platform {match[1]} here ({match[2]}). Reference and CPU do not need it."
            )
    return list(texts.values())


def doctor() -> None:
    """Print what is installed, and on which platforms it works.

    Says also what could not be loaded, and what to do about it. The exit code is 1 if platform
    Reference or CPU does not work.
    """
    console = Console()
    print_versions(console)
    reports = [try_platform(name) for name in get_platform_names()]
    print_platforms(console, "SurrogateForce", reports)
    print_platforms(console, "TunablePMEForce", [try_mesh(name) for name in get_platform_names()])
    console.print("Shipped models: " + (", ".join(openmmsurrogate.listModels()) or "none"), markup=False)
    failures = list(openmmsurrogate.pluginLoadFailures)
    failures += summarize_openmm_failures(openmm.Platform.getPluginLoadFailures(), get_platform_names())
    for text in failures + list_advice(reports):
        console.print(f"- {text}", markup=False, highlight=False, soft_wrap=True)
    working = {report.name for report in reports if report.works}
    if not working.issuperset(NEEDED):
        raise typer.Exit(code=1)
