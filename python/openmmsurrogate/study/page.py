# SPDX-License-Identifier: MIT
"""The page of a study: one HTML file that needs nothing beside it."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from openmmsurrogate.study.figures import FIGURES, NothingToDraw, StudyFigure, describeDevice, describeSource
from openmmsurrogate.study.materials import MATERIALS
from openmmsurrogate.study.runner import describeMissing
from openmmsurrogate.study.store import Results
from openmmsurrogate.study.summary import makeSummary
from openmmsurrogate.study.tables import Table, makeTables

_STYLE = Path(__file__).with_name("page.css")

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
    "<strong>Steps.</strong> Contestants of one size go on from the same configuration. Each has one Context; after "
    "some steps that nobody times, for half a window at most, its steps are timed in {repeats} windows of "
    "{seconds:g} s by the wall clock; the tables give medians and, in brackets, the range. For the ensembles and "
    "for the parts of a step windows take {partSeconds:g} s.",
    "<strong>Parts of a step</strong> are differences, not a profile. The same steps are timed with a time step so "
    "small that nothing moves, with all forces, without reciprocal space, and without any. What moving takes more "
    "is the neighbor list; what reciprocal space adds is k-space (on a GPU it may run beside the pairs: its part is "
    "then less than what it takes alone, which the table also gives); the rest of the forces is pairs, with the "
    "checks of the list that run at each step; without forces remain integration, thermostat, launches, and "
    "OpenMM's reordering of particles. Differences of a few percent of a step are noise, and may be negative.",
    "<strong>Joules</strong> are those of the whole GPU, host not included: NVML's counter moves every 0.1 s, and "
    "power is that between the first and the last move within the windows of a timing, idle power subtracted where "
    "it says net.",
    "<strong>Structure.</strong> {structureSteps:,} steps at constant temperature after a fifth as many unsampled "
    "ones, a quarter of both for platform CPU beside a GPU; standard errors from the correlation of the samples.",
    "<strong>Reproducibility.</strong> {repeatSteps:,} steps at constant energy, twice in one process from the same "
    "positions and velocities. Runs count as different from a root mean square distance of 0.01 nm on.",
)


def makePage(results: Results) -> str:
    """Return the page of a study, made from its results alone."""
    study = results.settings.study
    figures = FIGURES[study]
    missing = [*describeMissing(results)]
    shown = []
    for figure in figures:
        try:
            shown.append(_make_figure(figure, results))
        except NothingToDraw as reason:
            missing.append(f"{figure.title} ({figure.report or 'not in the report'}): {reason}.")
    body = "\n".join(
        [
            _make_header(results),
            _make_list("In short", makeSummary(results), "Nothing has been measured yet."),
            *shown,
            *(_make_table(table) for table in makeTables(results)),
            _make_list("What was not measured", missing, "Everything that the study has was measured."),
            _make_list("How it was measured", _describe_method(results), ""),
            _make_footer(results),
        ]
    )
    title = html.escape(_TITLES[study])
    return _DOCUMENT.format(title=title, style=_STYLE.read_text(), body=body)


_DOCUMENT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def _make_header(results: Results) -> str:
    study = results.settings.study
    devices = [f"<li>{html.escape(describeDevice(device))}</li>" for device in results.devices()]
    return (
        f"<header>\n<p class='kicker'>openmm-surrogate study {study}</p>\n<h1>{html.escape(_TITLES[study])}</h1>\n<p "
        f"class='lead'>{html.escape(_LEADS[study])}</p>\n<ul class='devices'>{''.join(devices)}</ul>\n</header>"
    )


def _make_figure(figure: StudyFigure, results: Results) -> str:
    report = f"After {figure.report} of the report PNNL-38353. " if figure.report else ""
    caption = html.escape(report + figure.describe(results))
    source = html.escape(describeSource(results, figure.experiments))
    return "\n".join(
        [
            f"<section id='{figure.name}'>",
            f"<h2>{html.escape(figure.title)}</h2>",
            "<figure>",
            figure.makeSVG(results),
            f"<figcaption>{caption} <span class='source'>{source}</span></figcaption>",
            "</figure>",
            "</section>",
        ]
    )


def _make_table(table: Table) -> str:
    def cells(row: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row) + "</tr>"

    return "\n".join(
        [
            f"<section>\n<h2>{html.escape(table.title)}</h2>",
            f"<p>{html.escape(table.note)}</p>",
            f"<div class='scroll'><table>\n<thead>{cells(table.headings, 'th')}</thead>\n<tbody>",
            *(cells(row, "td") for row in table.rows),
            "</tbody>\n</table></div>\n</section>",
        ]
    )


def _make_list(title: str, items: Sequence[str], otherwise: str) -> str:
    escape: Callable[[str], str] = html.escape if otherwise else str  # the method is markup of our own
    text = "".join(f"<li>{escape(item)}</li>" for item in items)
    content = f"<ul>{text}</ul>" if items else f"<p>{otherwise}</p>"
    return f"<section>\n<h2>{title}</h2>\n{content}\n</section>"


def _describe_method(results: Results) -> list[str]:
    settings = results.settings
    material = MATERIALS[settings.study]
    values: dict[str, Any] = settings.asDict()
    kinds = ", ".join(
        f"{name}: sigma {kind.sigma:g} nm, epsilon {kind.epsilon:.6g} kJ/mol, charge {kind.charge:+g} e"
        for name, kind in material.species.items()
    )
    system = (
        f"<strong>System.</strong> {kinds}; cutoff {material.cutoff:g} nm, no dispersion correction for argon, PME "
        f"with OpenMM's default tolerance for ions; steps of {1000 * material.timeStep:g} fs, Langevin friction "
        f"{material.friction:g} /ps."
    )
    return [system, *(text.format(**values) for text in _METHOD)]


def _make_footer(results: Results) -> str:
    study, settings = results.settings.study, results.settings
    sizes = ",".join(map(str, settings.sizes))
    command = (
        f"openmm-surrogate study {study} --platform {settings.platform} --sizes {sizes} --seconds "
        f"{settings.seconds:g} --repeats {settings.repeats} --steps {settings.structureSteps} -o FOLDER"
    )
    return (
        "<footer>\n<p>Measured by <code>"
        + html.escape(command)
        + "</code>; made from the JSON in <code>results/</code> by "
        "<code>openmm-surrogate study figures FOLDER</code> and <code>openmm-surrogate study page FOLDER</code>. "
        "The report: X. Shen et al., Energy-efficient, Large-scale Molecular Dynamics Simulations via Hardware- and "
        "Algorithm-level Optimization, PNNL-38353 (2025).</p>\n</footer>"
    )
