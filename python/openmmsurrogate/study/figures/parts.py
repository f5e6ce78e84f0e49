# SPDX-License-Identifier: MIT
"""Figures of what the time of a step goes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from openmmsurrogate.study.experiment import REFERENCE_SIZE
from openmmsurrogate.study.figures.drawing import (
    PART_LABELS,
    PARTS,
    QUIET,
    NothingToDraw,
    StudyFigure,
    findRow,
    needRows,
)
from openmmsurrogate.study.store import Results

Row = dict[str, Any]

_BAR = 0.27  # inches
_NOISE = 0.05  # of a step: a difference that is more negative than this says that the parts are not resolved
_SIZED = (
    "pme-cpu",
    "pme-single",
    "pme-mixed",
    "pme-double",
    "tunable-single",
    "tunable-esp",
    "table-single",
    "network-bfloat16",
)


def _split_rows(results: Results) -> list[Row]:
    """Return the rows whose parts were measured, or tried to be."""
    return [row for row in results.rows("speed-") if "split_ms" in row or "split_error" in row]


def _find_parts(row: Row) -> dict[str, float] | None:
    """Return the parts as they are drawn: those below zero by noise are left out, so that the rest makes the whole.

    None if they are not resolved.
    """
    parts = {part: row.get("split_ms", {}).get(part) or 0.0 for part in PARTS}
    whole = row["ms_per_step"]
    if "split_ms" not in row or min(parts.values()) < -_NOISE * whole:
        return None
    positive = {part: max(0.0, value) for part, value in parts.items()}
    return {part: value * whole / sum(positive.values()) for part, value in positive.items()}


def _reference_rows(results: Results) -> list[Row]:
    """Return the rows of the measured size that is nearest to the report's."""
    rows = _split_rows(results)
    if not rows:
        return []
    size = min({row["particles"] for row in rows}, key=lambda particles: abs(particles - REFERENCE_SIZE))
    return [row for row in rows if row["particles"] == size]


def _groups(rows: Sequence[Row]) -> list[list[Row]]:
    """Return rows in groups of about one scale: networks, and the CPU beside a GPU, are slower than the rest."""
    several = len({row["platform"] for row in rows}) > 1
    groups: tuple[list[Row], ...] = ([], [], [])
    for row in rows:
        onCPU = several and row["platform"] == "CPU"
        groups[2 if onCPU else 1 if row["name"].startswith("network-") else 0].append(row)
    return [group for group in groups if group]


def drawBars(axes: Axes, rows: Sequence[Row]) -> None:
    """Draw a bar of parts for each row, with the whole time at its end."""
    longest = max(row["ms_per_step"] for row in rows)
    for i, row in enumerate(rows):
        left, parts = 0.0, _find_parts(row)
        if parts is None:
            axes.barh(i, row["ms_per_step"], color="none", edgecolor=QUIET, hatch="////", height=0.72, linewidth=0.8)
        for part, width in (parts or {}).items():
            axes.barh(i, width, left=left, color=PARTS[part], height=0.72, linewidth=0)
            left += width
        text = f"{row['ms_per_step']:.3g}"
        axes.annotate(
            text, (row["ms_per_step"], i), xytext=(3.0, 0.0), textcoords="offset points", va="center", fontsize=7.5
        )
    axes.set_yticks(range(len(rows)), [row["label"] for row in rows], fontsize=7.5)
    axes.set_xlim(0.0, 1.12 * longest)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)


def _draw_legend(figure: Figure, axes: Axes, rows: Sequence[Row]) -> None:
    parts = [part for part in PARTS if any((_find_parts(row) or {}).get(part) for row in rows)]
    handles = [axes.barh([0], [0], color=PARTS[part], label=PART_LABELS[part]) for part in parts]
    if any(_find_parts(row) is None for row in rows):
        handles.append(axes.barh([0], [0], color="none", edgecolor=QUIET, hatch="////", label="parts not resolved"))
    figure.legend(handles=handles, fontsize=7.5, ncols=len(handles), loc="outside upper right")


def _reference_height(results: Results) -> float:
    return 1.3 + _BAR * len(_reference_rows(results)) + 0.5 * len(_groups(_reference_rows(results)))


def _draw_reference(results: Results, figure: Figure) -> None:
    rows = needRows(_reference_rows(results), "speed")
    groups = _groups(rows)
    panels = figure.subplots(len(groups), 1, squeeze=False, height_ratios=[len(group) + 1 for group in groups])[:, 0]
    for axes, group in zip(panels, groups, strict=True):
        drawBars(axes, group)
    _draw_legend(figure, panels[0], rows)
    panels[-1].set_xlabel("ms per step")


def _describe_reference(results: Results) -> str:
    rows = needRows(_reference_rows(results), "speed")
    own = findRow(rows, "lj-single") or findRow(rows, "pme-single") or rows[0]
    others = [row for row in rows if row is not own and row["name"] != "none"]
    groups = [[row for row in group if row in others] for group in _groups(rows)]
    texts = [_compare(group, own["ms_per_step"]) for group in groups if group]
    return (
        f"Whole steps of {rows[0]['particles']:,} particles, {rows[0]['state']}, Langevin thermostat, and what they go "
        f"to. Each panel has a scale of its own. {own['label']} takes {own['ms_per_step']:.3g} ms; "
        + "; ".join(texts)
        + "."
    )


def _compare(rows: Sequence[Row], own: float) -> str:
    """Say what a group takes: the fastest and the slowest, relative to the force field."""
    fastest, slowest = (choose(rows, key=lambda row: row["ms_per_step"]) for choose in (min, max))
    if slowest is fastest:
        return f"{fastest['label']} takes {fastest['ms_per_step'] / own:.2g} times that"
    who = "networks" if fastest["name"].startswith("network-") else "the others"
    low, high = (row["ms_per_step"] / own for row in (fastest, slowest))
    return f"{who} take from {low:.2g} ({fastest['label']}) to {high:.2g} times that ({slowest['label']})"


def _sized_panels(results: Results) -> list[list[Row]]:
    rows = [row for row in _split_rows(results) if row["name"] in _SIZED]
    if results.settings.platform == "CUDA":
        rows = [row for row in rows if row["platform"] == "CUDA"]  # the CPU would set the scale
    sizes = sorted({row["particles"] for row in rows})
    return [
        [row for name in _SIZED for row in rows if row["name"] == name and row["particles"] == size] for size in sizes
    ]


def _draw_sizes(results: Results, figure: Figure) -> None:
    panels = _sized_panels(results)
    if not panels:
        raise NothingToDraw("speed has not been measured")
    ratios = [len(rows) + 1 for rows in panels]
    all_axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=ratios)[:, 0]
    for axes, rows in zip(all_axes, panels, strict=True):
        drawBars(axes, rows)
        axes.set_title(f"{rows[0]['particles']:,} ions", fontsize=8.5)
    _draw_legend(figure, all_axes[0], [row for rows in panels for row in rows])
    all_axes[-1].set_xlabel("ms per step")


def _describe_sizes(results: Results) -> str:
    rows = needRows([row for rows in _sized_panels(results) for row in rows], "speed")
    text = "Whole steps at each size, and what they go to; each panel has a scale of its own. "
    resolved = [row for row in rows if (_find_parts(row) or {}).get("k_space")]
    single, double = findRow(resolved, "pme-single"), findRow(resolved, "pme-double")
    if single is not None and double is not None and single["particles"] == double["particles"]:
        saved = 100.0 * (1.0 - single["split_ms"]["k_space"] / double["split_ms"]["k_space"])
        text += (
            f"At {single['particles']:,} ions k-space takes {saved:.0f} % less in single than in double (the report: "
            f"22.4 % at 256,000), and the pairs {single['split_ms']['pair']:.3g} ms against "
            f"{double['split_ms']['pair']:.3g}. "
        )
    if len(resolved) < sum(row["name"].startswith(("pme", "tunable")) for row in rows):
        text += "Hatched: the parts could not be told apart (see below). "
    largest = findRow(resolved, "pme-single") or findRow(resolved, "pme-cpu")
    if largest is None:
        return text.strip()
    share = 100.0 * largest["split_ms"]["k_space"] / largest["ms_per_step"]
    return text + f"k-space is {share:.0f} % of a step of {largest['label']} at {largest['particles']:,} ions."


FORCES = StudyFigure(
    "figure-5", "figure 5", "Total time per step", "speed-", _reference_height, _draw_reference, _describe_reference
)
STAGES = StudyFigure(
    "figure-7",
    "figure 7",
    "PME by precision and by stage",
    "speed-",
    _reference_height,
    _draw_reference,
    _describe_reference,
)
SIZES = StudyFigure(
    "figure-9",
    "figure 9",
    "Pairs, k-space and the rest, by size",
    "speed-",
    lambda results: 0.9 + sum(0.5 + _BAR * len(rows) for rows in _sized_panels(results)),
    _draw_sizes,
    _describe_sizes,
)
