# SPDX-License-Identifier: MIT
"""What a study's pages say, whatever they are written in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from openmmsurrogate.study.figures import FIGURES, NothingToDraw, StudyFigure, describeDevices
from openmmsurrogate.study.materials import MATERIALS
from openmmsurrogate.study.runner import describeMissing
from openmmsurrogate.study.store import Results
from openmmsurrogate.study.summary import makeSummary
from openmmsurrogate.study.tables import Table, makeTables

_TITLES = {
    "argon": "Liquid argon, Lennard-Jones and its surrogate",
    "nacl": "Sodium chloride, with and without reciprocal space",
}
_LEADS = {
    "argon": (
        "Argon interacts by pairs only. The report replaced its Lennard-Jones force by a network 1-64-64-64-1 and "
        "asked what lower numeric precision does to speed, structure and energy. Here the same network runs inside "
        "OpenMM, evaluated pair by pair in every format, or compiled to a table with an error bound, beside "
        "OpenMM's own force."
    ),
    "nacl": (
        "Ions need reciprocal space, which the report found to be the bottleneck: numeric precision alone gained "
        "little, and it forecast an order of magnitude for a surrogate without it. Here OpenMM's PME runs in its "
        "three precisions, TunablePMEForce by the precision of each stage, and, where a model is shipped, a pair "
        "surrogate that has no reciprocal space at all."
    ),
}
_METHOD = (
    (
        "Steps",
        "Contestants of one size go on from the same configuration. Each has one Context; after some steps that "
        "nobody times, for half a window at most, its steps are timed in {repeats} windows of {seconds:g} s by the "
        "wall clock; the tables give medians and ranges. For the ensembles and for the parts of a step windows take "
        "{partSeconds:g} s. On CUDA, windows of what uses OpenMM's neighbor list hold a multiple of the 251 steps "
        "after which OpenMM reorders particles on the host, however long that takes.",
    ),
    (
        "Parts of a step",
        "They are differences, not a profile. The same steps are timed with a time step so small that nothing "
        "moves, with all forces, without reciprocal space, and without any. What moving takes more is the neighbor "
        "list; what reciprocal space adds is k-space (on a GPU it may run beside the pairs: its part is then less "
        "than what it takes alone, which the table also gives); the rest of the forces is pairs, with the checks of "
        "the list that run at each step; without forces remain integration, thermostat, launches, and OpenMM's "
        "reordering of particles. Differences of a few percent of a step are noise, and may be negative; figures leave "
        "those out, and hatch a bar where a part is below -5 % of the step.",
    ),
    (
        "Joules",
        "Those of the whole GPU, host not included: NVML's counter moves every 0.1 s, and power is that between the "
        "first and the last move within the windows of a timing, idle power subtracted where it says net.",
    ),
    (
        "Structure",
        "{structureSteps:,} steps at constant temperature after a fifth as many unsampled ones, a quarter of both "
        "for platform CPU beside a GPU; standard errors from the correlation of the samples.",
    ),
    (
        "Reproducibility",
        "{repeatSteps:,} steps at constant energy, twice in one process from the same positions and velocities. "
        "Runs count as different from a root mean square distance of 0.01 nm on.",
    ),
)

REPORT = (
    "The report: X. Shen et al., Energy-efficient, Large-scale Molecular Dynamics Simulations via Hardware- and "
    "Algorithm-level Optimization, PNNL-38353 (2025)."
)


@dataclass(frozen=True)
class Content:
    """The parts of a page, in their order."""

    study: str
    title: str
    lead: str
    devices: tuple[str, ...]
    findings: tuple[str, ...]
    figures: tuple[tuple[StudyFigure, str], ...]
    """Those that can be drawn, with their captions."""
    tables: tuple[Table, ...]
    missing: tuple[str, ...]
    """Sentences on what was not measured."""
    method: tuple[tuple[str, str], ...]
    """Heading and text of each part of it."""
    command: str
    """By which the study was made."""


def makeContent(results: Results) -> Content:
    """Return what the pages of a study say, from its results alone."""
    study = results.settings.study
    figures, missing = [], describeMissing(results)
    for figure in FIGURES[study]:
        report = f"After {figure.report} of the report PNNL-38353. " if figure.report else ""
        try:
            figures.append((figure, report + figure.describe(results)))
        except NothingToDraw as reason:
            missing.append(f"{figure.title} ({figure.report or 'not in the report'}): {reason}.")
    return Content(
        study,
        _TITLES[study],
        _LEADS[study],
        tuple(describeDevices(results.devices())),
        tuple(makeSummary(results)),
        tuple(figures),
        tuple(makeTables(results)),
        tuple(missing),
        tuple(_describe_method(results)),
        _describe_command(results),
    )


def _describe_method(results: Results) -> list[tuple[str, str]]:
    settings = results.settings
    material = MATERIALS[settings.study]
    values: dict[str, Any] = settings.asDict()
    kinds = ", ".join(
        f"{name}: sigma {kind.sigma:g} nm, epsilon {kind.epsilon:.6g} kJ/mol, charge {kind.charge:+g} e"
        for name, kind in material.species.items()
    )
    long = "PME with OpenMM's default tolerance" if material.isCharged else "no dispersion correction"
    system = (
        f"{kinds}; cutoff {material.cutoff:g} nm, {long}; steps of {1000 * material.timeStep:g} fs, Langevin "
        f"friction {material.friction:g} /ps."
    )
    return [("System", system), *((heading, text.format(**values)) for heading, text in _METHOD)]


def _describe_command(results: Results) -> str:
    settings = results.settings
    sizes = ",".join(map(str, settings.sizes))
    return (
        f"openmm-surrogate study {settings.study} --platform {settings.platform} --sizes {sizes} --seconds "
        f"{settings.seconds:g} --part-seconds {settings.partSeconds:g} --repeats {settings.repeats} --steps "
        f"{settings.structureSteps} -o FOLDER"
    )
