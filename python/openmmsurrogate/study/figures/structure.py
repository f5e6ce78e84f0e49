# SPDX-License-Identifier: MIT
"""Figures of structure: radial distribution functions and mean energies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from openmmsurrogate.study.figures.drawing import INK, QUIET, StudyFigure, needRows, pickColor
from openmmsurrogate.study.store import Results

Row = dict[str, Any]

_SIGNIFICANT = 5.0  # standard errors, which are themselves known to some 30 %; among hundreds of bins some reach 3 to 4
_DASHES: tuple[Any, ...] = ("-", (0, (4, 2)), (0, (1, 1.2)), (0, (5, 1, 1, 1)), (0, (7, 2)), (0, (3, 3)))


def _rows(results: Results) -> list[Row]:
    return list(needRows(results.rows("structure-"), "structure"))


def _own(results: Results) -> list[Row]:
    """Return the rows of the force field itself, and of TunablePMEForce, which is the same force field."""
    return [row for row in _rows(results) if row["name"].split("-")[0] in ("lj", "pme", "tunable")]


def _pairs(row: Row) -> list[str]:
    return [name for name in row["g_r"] if name != "r_nm"]


def _draw_distributions(upper: Axes, lower: Axes, rows: Sequence[Row], pair: str) -> None:
    """Draw g(r) of each row, and differences from the first with two standard errors."""
    first = rows[0]["g_r"]
    r, g = np.array(first["r_nm"]), np.array(first[pair]["g"])
    upper.axhline(1.0, color=QUIET, linewidth=0.6)
    error = 2.0 * math.sqrt(2.0) * np.array(first[pair]["standard_error"])
    lower.fill_between(r, -error, error, color=QUIET, alpha=0.3, linewidth=0, label="±2 standard errors")
    limit = 1.5 * float(error.max())
    for position, row in enumerate(rows):
        values = np.array(row["g_r"][pair]["g"])
        color = INK if position == 0 else pickColor("", position - 1)
        style = _DASHES[position % len(_DASHES)]
        upper.plot(r, values, color=color, linestyle=style, label=row["label"], linewidth=1.2)
        if position:
            lower.plot(r, values - g, color=color, linestyle=style, linewidth=0.8)
            deviation = float(np.abs(values - g).max())
            limit = max(limit, 1.1 * deviation) if deviation < 4.0 * limit else limit
    upper.set(xlim=(0.0, r[-1]), ylim=(0.0, None), ylabel="g(r)", title=f"{pair}")
    upper.tick_params(labelbottom=False)
    lower.set(xlim=(0.0, r[-1]), ylim=(-limit, limit), ylabel="difference")


def _draw_pairs(figure: Any, rows: Sequence[Row]) -> list[Axes]:
    """Draw two panels for each pair of kinds, one below the other; return them all."""
    pairs = _pairs(rows[0])
    grid = figure.subplots(2 * len(pairs), 1, height_ratios=[2.4, 1.0] * len(pairs))
    for i, pair in enumerate(pairs):
        _draw_distributions(grid[2 * i], grid[2 * i + 1], rows, pair)
    grid[-1].set_xlabel("r (nm)")
    grid[0].legend(fontsize=7.0, loc="upper right")
    return list(grid)


def _draw_own(results: Results, figure: Figure) -> None:
    _draw_pairs(figure, needRows(_own(results), "the structure of the force field"))


def _largest_deviation(rows: Sequence[Row]) -> tuple[str, float, float]:
    """Return whose g(r) is farthest from that of the first row, in standard errors of the difference, and by how "
    "much."""
    worst = ("", 0.0, 0.0)
    for row in rows[1:]:
        for pair in _pairs(row):
            first, second = (np.array(each["g_r"][pair]["g"]) for each in (rows[0], row))
            errors = [np.array(each["g_r"][pair]["standard_error"]) for each in (rows[0], row)]
            error = np.hypot(*errors)
            known = error > 0.2 * error.max()  # bins with a pair or two have no error to speak of
            ratio = np.where(known, np.abs(second - first) / np.where(known, error, 1.0), 0.0)
            if ratio.max() > worst[1]:
                worst = (row["label"], float(ratio.max()), float(np.abs(second - first).max()))
    return worst


def _describe_own(results: Results) -> str:
    rows = needRows(_own(results), "the structure of the force field")
    text = (
        f"Radial distribution functions of {rows[0]['particles']:,} particles, {rows[0]['state']}, "
        f"{max(row['steps'] for row in rows):,} steps. Below: differences from the first, in a band of two standard "
        "errors of a difference. "
    )
    if len(rows) < 2:
        return text + "There is only one platform or precision in this study to show."
    label, ratio, deviation = _largest_deviation(rows)
    verdict = "lie on each other" if ratio < _SIGNIFICANT else "differ"
    bins = len(rows[0]["g_r"]["r_nm"]) * len(_pairs(rows[0])) * (len(rows) - 1)
    return text + (
        f"The curves {verdict}: among {bins:,} bins the largest difference is {ratio:.1f} standard errors "
        f"({deviation:.3f}, {label})."
    )


def _surrogates(results: Results) -> list[Row]:
    """Return the first row of the force field, and those of surrogates."""
    rows = _rows(results)
    own = {row["name"] for row in _own(results)}
    others = [row for row in rows if row["name"] not in own]
    first = [row for row in rows if row["name"] in own][:1]
    return [*first, *needRows(others, "the structure of surrogates")]


def _draw_surrogates(results: Results, figure: Figure) -> None:
    rows = _surrogates(results)
    heights = [3.0 * len(_pairs(rows[0])) + 0.6, 0.5 + 0.3 * len(rows)]
    parts = figure.subfigures(2, 1, height_ratios=heights, squeeze=False)[:, 0]
    _draw_pairs(parts[0], rows)
    _draw_energies(parts[1].subplots(), rows)


def _energy(row: Row) -> dict[str, float]:
    """Return the energy that is comparable with the others'."""
    found: dict[str, float] = row.get("judged_energy") or row["energy"]
    return found


def _draw_energies(axes: Axes, rows: Sequence[Row]) -> None:
    """Draw mean energies as deviations from the first: of the configurations, and the surrogate's own."""
    first = _energy(rows[0])["kJ_per_mol"]
    for i, row in enumerate(rows):
        for key, face, shift in (("judged_energy", None, -0.12), ("energy", "none", 0.12)):
            if key in row:
                deviation = 100.0 * (row[key]["kJ_per_mol"] - first) / abs(first)
                error = 200.0 * row[key]["standard_error"] / abs(first)
                color = INK if i == 0 else pickColor("", i - 1)
                axes.errorbar(
                    deviation,
                    i + shift,
                    xerr=error,
                    color=color,
                    fmt="o",
                    markersize=4,
                    capsize=2,
                    markerfacecolor=face or color,
                )
    axes.axvspan(-0.1, 0.1, color=QUIET, alpha=0.25, linewidth=0)
    axes.set_yticks(range(len(rows)), [row["label"] for row in rows], fontsize=7.5)
    if max(map(abs, axes.get_xlim())) > 3.0:
        axes.set_xscale("symlog", linthresh=1.0)
        axes.set_xticks([-1000, -100, -10, -1, 0, 1, 10, 100, 1000])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        low, high = axes.dataLim.intervalx
        axes.set_xlim(min(-2.0, 1.5 * low), max(2.0, 1.5 * high))
    axes.set(title="Mean potential energy", xlabel=f"deviation from {first:.4g} kJ/mol per particle (%)")
    axes.invert_yaxis()


def _describe_surrogates(results: Results) -> str:
    rows = _surrogates(results)
    texts = []
    for row in rows[1:]:
        deviation = 100.0 * (_energy(row)["kJ_per_mol"] / _energy(rows[0])["kJ_per_mol"] - 1.0)
        error = 100.0 * math.hypot(*(_energy(each)["standard_error"] for each in (row, rows[0])))
        error /= abs(_energy(rows[0])["kJ_per_mol"])
        texts.append(f"{row['label']} {-deviation:+.2f} ± {error:.2f} %")
    judged = (
        " Filled: Lennard-Jones energy of the configurations that the surrogate visits; open: the surrogate's own "
        "energy, the integral of its rounded force."
        if "judged_energy" in rows[0]
        else ""
    )
    return (
        f"Above: g(r) with {rows[0]['label']} and with its surrogates, and differences in a band of two standard "
        f"errors. Below: mean potential energies with two standard errors; the gray band is ±0.1 %.{judged} "
        "Deviations: " + "; ".join(texts) + "."
    )


OWN_ARGON = StudyFigure(
    "figure-6", "figure 6", "g(r) by platform and precision", "structure-", lambda _: 4.2, _draw_own, _describe_own
)
OWN_NACL = StudyFigure(
    "figure-8", "figure 8", "g(r) by platform and precision", "structure-", lambda _: 8.4, _draw_own, _describe_own
)


def _surrogate_height(results: Results) -> float:
    rows = _surrogates(results)
    return 3.2 * len(_pairs(rows[0])) + 1.4 + 0.32 * len(rows)


SURROGATES = StudyFigure(
    "figure-11",
    "figure 11",
    "Structure and energy of the surrogate",
    "structure-",
    _surrogate_height,
    _draw_surrogates,
    _describe_surrogates,
)
