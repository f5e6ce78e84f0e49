# SPDX-License-Identifier: MIT
"""What the figures of a study share: look, colors, axes, and the line that says where their numbers come from."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from openmmsurrogate.plots.style import figureStyle
from openmmsurrogate.study.store import Results

INK = "#1b1b1f"
"""Text, axes, and the force field itself; the page replaces it by the color of its text."""
QUIET = "#808080"
"""Guides and bands: seen on light and on dark."""
# Okabe and Ito, with an orange, a blue and a green that are also seen on dark.
_COLORS = {
    "lj-single": INK,
    "lj-mixed": "#8a6fd1",
    "lj-double": "#cc6f9f",
    "lj-cpu": "#808080",
    "pme-single": INK,
    "pme-mixed": "#8a6fd1",
    "pme-double": "#cc6f9f",
    "pme-cpu": "#808080",
    "table-single": "#d55e00",
    "table-double": "#e69f00",
    "network-single": "#009e73",
    "network-bfloat16": "#2f86c9",
    "network-float16": "#7a9e00",
    "tunable-single": "#56b4e9",
    "tunable-double": "#8c564b",
    "tunable-esp": "#b8860b",
    "none": "#a0a0a0",
}
_FURTHER_COLORS = ("#2f86c9", "#009e73", "#cc6f9f", "#e69f00", "#8a6fd1", "#56b4e9")
PARTS = {"pair": "#d55e00", "k_space": "#2f86c9", "neighbor": "#e0b400", "other": "#909090"}
PART_LABELS = {"pair": "pairs", "k_space": "k-space", "neighbor": "neighbor list", "other": "other"}
_WIDTH = 6.6  # inches: readable on a phone

_STYLE: dict[Any, Any] = {
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "savefig.dpi": 130.0,
    "svg.fonttype": "none",
    "lines.markersize": 4.5,
}


class NothingToDraw(ValueError):
    """A figure's experiments have not been done, or found nothing."""


@dataclass(frozen=True)
class StudyFigure:
    """A figure of a study, made from the results alone."""

    name: str
    """Of its file, without ending; after the figure of the report that it corresponds to."""
    report: str
    """That figure, in words; empty if there is none."""
    title: str
    experiments: str
    """First letters of the names of the experiments that it shows."""
    height: Callable[[Results], float]
    """Inches."""
    draw: Callable[[Results, Figure], None]
    """Raises NothingToDraw."""
    describe: Callable[[Results], str]
    """Says what is seen."""

    def render(self, results: Results) -> Figure:
        """Draw it. Raises NothingToDraw if there is nothing to draw."""
        figure = Figure(figsize=(_WIDTH, self.height(results) + 0.25), layout="constrained")
        self.draw(results, figure)
        figure.supxlabel(describeSource(results, self.experiments), fontsize=6.0, color=QUIET, x=0.01, ha="left")
        return figure

    def makePNG(self, results: Results) -> bytes:
        """Return it as PNG."""
        with _style():
            figure = self.render(results)
            FigureCanvasAgg(figure)
            buffer = io.BytesIO()
            figure.savefig(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()

    def makeSVG(self, results: Results) -> str:
        """Return it as an SVG element for a page, whose text color it takes."""
        with _style(), mpl.rc_context({"svg.hashsalt": self.name, "svg.id": self.name}):
            figure = self.render(results)
            FigureCanvasSVG(figure)
            buffer = io.StringIO()
            figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        text = buffer.getvalue()
        text = text[text.index("<svg") :]
        text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
        text = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", text)
        text = re.sub(r'(<svg[^>]*?) (?:width|height)="[^"]*"', r"\1", text)
        for i, name in enumerate(dict.fromkeys(re.findall(r'<clipPath id="([^"]+)"', text))):
            text = text.replace(name, f"{self.name}-clip-{i}")  # theirs differ from run to run
        return text.replace(INK, "currentColor").replace("<svg ", f'<svg role="img" aria-label="{self.title}" ', 1)


def _style() -> AbstractContextManager[None]:
    return _Nested(figureStyle(), mpl.rc_context(_STYLE))


class _Nested(AbstractContextManager[None]):
    """Two context managers, the second inside the first."""

    def __init__(self, *managers: AbstractContextManager[None]) -> None:
        self._managers = managers

    def __enter__(self) -> None:
        for manager in self._managers:
            manager.__enter__()

    def __exit__(self, *error: Any) -> None:
        for manager in reversed(self._managers):
            manager.__exit__(*error)


def describeSource(results: Results, experiments: str) -> str:
    """Return which JSON files, commit and device a figure's numbers come from."""
    names = list(results.find(experiments))
    file = f"results/{experiments}*.json" if len(names) != 1 else f"results/{names[0]}.json"
    return "   ".join([file, *describeDevices(results.devices(experiments))])


def describeDevices(devices: Iterable[dict[str, Any]]) -> list[str]:
    """Return device, versions, commits and dates, a line for each device and version."""
    found: dict[str, list[dict[str, Any]]] = {}
    for device in devices:
        hardware = f"{device['gpu']}, driver {device['driver']}" if device.get("gpu") else device["processor"]
        version = str(device["openmm"]).split(".dev")[0]
        found.setdefault(f"{hardware}, OpenMM {version}", []).append(device)
    return [f"{name}, {_describe_commits(group)}" for name, group in found.items()]


def _describe_commits(devices: list[dict[str, Any]]) -> str:
    """Return commits, outside of a repository the version of the package, and dates."""
    commits = dict.fromkeys(device["commit"] for device in devices if device["commit"])
    versions = dict.fromkeys(str(device.get("openmm-surrogate")) for device in devices)
    built = f"commit {' and '.join(commits)}" if commits else f"openmm-surrogate {' and '.join(versions)}"
    return f"{built}, {' and '.join(dict.fromkeys(device['date'] for device in devices))}"


def pickColor(name: str, position: int = 0) -> str:
    """Return a contestant's color."""
    return _COLORS.get(name, _FURTHER_COLORS[position % len(_FURTHER_COLORS)])


def setSizeAxis(axes: Axes, sizes: Iterable[int], particles: str) -> None:
    """Make the x axis one of numbers of particles, marked where something was measured."""
    marks = sorted(set(sizes))
    axes.set_xscale("log")
    axes.set_xlabel(particles)
    axes.xaxis.set_major_locator(FixedLocator(marks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: formatCount(value)))
    axes.xaxis.set_minor_locator(NullLocator())
    low, high = axes.get_xlim()
    if len(marks) == 1:
        axes.set_xlim(marks[0] / 3.0, marks[0] * 3.0)
    else:
        axes.set_xlim(min(low, marks[0] / 1.2), max(high, marks[-1] * 1.2))


def setLogTimes(axes: Axes, label: str) -> None:
    """Make the y axis logarithmic, with plain numbers, more of them where it spans little."""
    axes.set_yscale("log")
    axes.set_ylabel(label)
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 300.0 * low else (1.0,)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def formatCount(value: float) -> str:
    """Return a number of particles, short."""
    if value >= 999500:
        return f"{value / 1e6:.3g}M"
    if value >= 9950:
        return f"{value / 1e3:.0f}k"
    return f"{value / 1e3:.2g}k" if value >= 1000 else f"{value:g}"


def findRow(rows: Sequence[dict[str, Any]], name: str, particles: int | None = None) -> dict[str, Any] | None:
    """Return the row of a contestant, at a size or the largest."""
    found = [row for row in rows if row["name"] == name and particles in (None, row["particles"])]
    return found[-1] if found else None


def series(rows: Sequence[dict[str, Any]], name: str, value: Callable[[dict[str, Any]], float | None]) -> Any:
    """Return sizes and positive values of a contestant as two lists."""
    points = [(row["particles"], value(row)) for row in rows if row["name"] == name]
    kept = [(particles, number) for particles, number in points if number is not None and number > 0.0]
    return [particles for particles, _ in kept], [number for _, number in kept]


def needRows(rows: Sequence[dict[str, Any]], what: str) -> Sequence[dict[str, Any]]:
    """Return the rows. Raises NothingToDraw if there are none."""
    if not rows:
        raise NothingToDraw(f"{what} has not been measured")
    return rows
