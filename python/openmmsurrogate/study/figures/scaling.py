# SPDX-License-Identifier: MIT
"""Figures against the number of particles: ensembles, forces and neighbor lists, the forecast, joules."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from openmmsurrogate.study.figures.drawing import (
    QUIET,
    NothingToDraw,
    StudyFigure,
    findRow,
    needRows,
    pickColor,
    series,
    setLogTimes,
    setSizeAxis,
)
from openmmsurrogate.study.store import Results

Row = dict[str, Any]

_SCALED = ("lj-single", "lj-cpu", "table-single", "network-single", "network-bfloat16")
_IONS = ("pme-single", "pme-cpu", "tunable-single", "tunable-esp", "table-single", "network-single", "network-bfloat16")


def _particles(results: Results) -> str:
    return "ions" if results.settings.study == "nacl" else "atoms"


def _split_rows(results: Results) -> list[Row]:
    """Return the rows on the study's platform that say what time goes to. Raises NothingToDraw if there are none."""
    platform = results.settings.platform
    rows = [row for row in results.rows("speed-") if "split_ms" in row and row["platform"] == platform]
    return list(needRows(rows, "what a step goes to"))


def _mean(row: Row, ensemble: str) -> float:
    return float(np.mean(row["ensembles_ms"][ensemble]))


def _part(row: Row, *names: str) -> float:
    return float(sum(row["split_ms"].get(name) or 0.0 for name in names))


def _plot(axes: Axes, rows: Sequence[Row], names: Sequence[str], value: Callable[[Row], float | None]) -> list[str]:
    """Draw a line per contestant; return those that there are."""
    drawn = []
    for position, name in enumerate(names):
        sizes, values = series(rows, name, value)
        if sizes:
            label = next(row["label"] for row in rows if row["name"] == name)
            axes.plot(sizes, values, color=pickColor(name, position), marker="o", label=label)
            drawn.append(name)
    return drawn


# Figure 3(a): ensembles


def _draw_ensembles(results: Results, figure: Figure) -> None:
    rows = needRows([row for row in results.rows("speed-") if "ensembles_ms" in row], "the comparison of ensembles")
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log")  # before limits are asked for
    for position, name in enumerate(dict.fromkeys(row["name"] for row in rows)):
        label = next(row["label"] for row in rows if row["name"] == name)
        color = pickColor(name, position)
        for ensemble, style, marker in (("NVE", "-", "o"), ("NPT", (0, (4, 2)), "s")):
            sizes, values = series(rows, name, partial(_mean, ensemble=ensemble))
            face = color if ensemble == "NVE" else "none"
            axes.plot(
                sizes,
                values,
                color=color,
                linestyle=style,
                marker=marker,
                markerfacecolor=face,
                label=f"{label}, {ensemble}",
            )
    setSizeAxis(axes, (row["particles"] for row in rows), _particles(results))
    setLogTimes(axes, "ms per step")
    axes.legend(fontsize=7.0, ncols=2, loc="upper left")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * (high / low) ** 0.45)  # room for the legend


def _doubt(row: Row) -> str:
    """Say by how much windows of an ensemble differ, if that is much."""
    texts = []
    for ensemble, windows in row["ensembles_ms"].items():
        if max(windows) > 1.3 * min(windows):
            texts.append(f"windows in {ensemble} from {min(windows):.3g} to {max(windows):.3g}")
    return f" ({', '.join(texts)})" if texts else ""


def _describe_ensembles(results: Results) -> str:
    rows = needRows([row for row in results.rows("speed-") if "ensembles_ms" in row], "the comparison of ensembles")
    largest = max(row["particles"] for row in rows)
    texts = []
    for row in rows:
        if row["particles"] == largest:
            extra = 100.0 * (_mean(row, "NPT") / _mean(row, "NVE") - 1.0)
            texts.append(f"{row['label']}: {_mean(row, 'NVE'):.3g} ms in NVE, {extra:+.0f} % in NPT{_doubt(row)}")
    state = rows[0]["ensemble_state"]
    return (
        "Time of a step at constant energy (NVE, velocity Verlet; filled circles) and at constant pressure (NPT, "
        f"Langevin thermostat and a Monte Carlo barostat every 25 steps; open squares), {state}. "
        f"At {largest:,} {_particles(results)}: " + "; ".join(texts) + "."
    )


# Figure 13: forces and neighbor lists


def _draw_scaling(results: Results, figure: Figure) -> None:
    rows = _split_rows(results)
    upper, lower = figure.subplots(2, 1)
    for axes in (upper, lower):
        axes.set(xscale="log", yscale="log")  # before limits are asked for
    names = _plot(upper, rows, _SCALED, lambda row: _part(row, "pair"))
    if not names:
        raise NothingToDraw("no contestant of this figure has been measured")
    sizes, values = series(rows, names[-1], lambda row: _part(row, "pair"))
    if len(sizes) > 1:
        _draw_guides(upper, sizes, values[0])
    setSizeAxis(upper, (row["particles"] for row in rows), _particles(results))
    setLogTimes(upper, "ms per step")
    upper.set_title("Force evaluation")
    upper.legend(fontsize=7.0)
    _plot(lower, rows, _SCALED, lambda row: _part(row, "neighbor"))
    setSizeAxis(lower, (row["particles"] for row in rows), _particles(results))
    setLogTimes(lower, "ms per step")
    lower.set_title("Neighbor list")


def _draw_guides(axes: Axes, sizes: Sequence[int], first: float) -> None:
    """Draw O(N), O(N log N) and O(N^2), anchored at the smallest system as in the report."""
    low, high = axes.get_ylim()
    n = np.geomspace(sizes[0], sizes[-1], 40)
    x = n / sizes[0]
    for label, curve in (
        ("N", x),
        ("N log N", x * np.log(n) / math.log(sizes[0])),
        ("N²", x * x),
    ):
        y = first * curve
        axes.plot(n, y, color=QUIET, linewidth=0.8, linestyle=":")
        inside = np.flatnonzero(y < high * 3.0)
        axes.annotate(label, (n[inside[-1]], y[inside[-1]]), fontsize=7.0, color=QUIET, ha="right", va="bottom")
    axes.set_ylim(min(low, first / 2.0), high * 6.0)


def _describe_scaling(results: Results) -> str:
    rows = _split_rows(results)
    texts = []
    for name in _SCALED:
        row = findRow(rows, name)
        if row is not None:
            texts.append(
                f"{row['label']} {_part(row, 'pair'):.3g} ms for pairs and {max(0.0, _part(row, 'neighbor')):.2g} ms "
                f"for the list at {row['particles']:,}"
            )
    single, half = findRow(rows, "network-single"), findRow(rows, "network-bfloat16")
    gain = ""
    if single is not None and half is not None and single["particles"] == half["particles"]:
        saved = 100.0 * (1.0 - _part(half, "pair") / _part(single, "pair"))
        gain = f" bfloat16 takes {saved:.0f} % less than single at {half['particles']:,} atoms (report: 25 to 27 %)."
    return (
        "Time of the force evaluation and of building neighbor lists, by differences (see below), with guides "
        "through the smallest network. The report's neighbor search took 33 to 40 ms an iteration and more than the "
        "network. "
        "Here: " + "; ".join(texts) + "." + gain
    )


# Figure 14: the forecast


def _forecast_rows(results: Results) -> list[tuple[Row, float]]:
    """Return rows on the study's platform with what is compared, ms.

    For argon that is the force evaluation, as in the report. With k-space it is the whole step: where k-space runs
    beside the pairs, and lists are those of one force, the parts alone are not what a user waits for.
    """
    if results.settings.study == "argon":
        return [(row, _part(row, "pair")) for row in _split_rows(results)]
    platform = results.settings.platform
    rows = [row for row in results.rows("speed-") if row["platform"] == platform]
    return [(row, row["ms_per_step"]) for row in needRows(rows, "speed")]


def _draw_forecast(results: Results, figure: Figure) -> None:
    rows = _forecast_rows(results)
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log")  # before limits are asked for
    ions = results.settings.study == "nacl"
    times = {id(row): time for row, time in rows}
    _plot(axes, [row for row, _ in rows], _IONS if ions else _SCALED, lambda row: times[id(row)])
    _draw_arrow(axes, _find_arrow(rows))
    setSizeAxis(axes, (row["particles"] for row, _ in rows), _particles(results))
    setLogTimes(axes, "whole steps, ms" if ions else "force evaluation, ms per step")
    axes.legend(fontsize=7.0)


def _find_arrow(rows: Sequence[tuple[Row, float]]) -> tuple[int, float, float] | None:
    """Return a size, and the times of the force field and of its surrogate there, at the largest common one."""
    tables = {row["particles"]: time for row, time in rows if row["name"] == "table-single"}
    for name in ("pme-single", "pme-cpu", "lj-single", "lj-cpu"):
        for row, time in reversed(rows):
            if row["name"] == name and row["particles"] in tables:
                return row["particles"], time, tables[row["particles"]]
    return None


def _draw_arrow(axes: Axes, found: tuple[int, float, float] | None) -> None:
    if found is None or not min(found[1:]) > 0.0:
        return
    size, top, bottom = found
    style = {"arrowstyle": "-|>", "color": QUIET, "linewidth": 1.2}
    axes.annotate("", (size * 1.12, bottom), (size * 1.12, top), arrowprops=style)
    middle = (size * 1.18, math.sqrt(top * bottom))
    axes.annotate(f"{top / bottom:.1f}-fold", middle, color=QUIET, fontsize=8.5, va="center")
    low, high = axes.get_xlim()
    axes.set_xlim(low, high * 1.5)


def _describe_forecast(results: Results) -> str:
    rows = _forecast_rows(results)
    found = _find_arrow(rows)
    text = (
        "The report timed its argon network in JAX and LAMMPS' pairs and k-space on different GPUs, and forecast "
        "about one order of magnitude for replacing both by a network whose cost does not depend on what it "
        "replaces. "
    )
    if results.settings.study == "argon":
        text += "Here are force evaluations of argon, which has no k-space to replace. "
    else:
        text += "Here are whole steps. "
    if found is None:
        return text + "There is no surrogate to compare with in this study."
    size, top, bottom = found
    text += f"At {size:,} {_particles(results)} the surrogate as table takes {bottom:.3g} ms, the force field {top:.3g}"
    text += f": {top / bottom:.1f} times as much." if top > bottom else f": {bottom / top:.1f} times less."
    network = next((time for row, time in rows if (row["name"], row["particles"]) == ("network-bfloat16", size)), None)
    if network is not None:
        share = f"{network / top:.2g} times what the force field takes"
        text += f" As network in bfloat16 it takes {network:.3g} ms, {share}."
    return text


# Joules


def _joule_rows(results: Results) -> list[Row]:
    rows = [row for row in results.rows("speed-") if "J_per_step" in row]
    if not rows:
        raise NothingToDraw("joules have not been measured: there is no energy counter, or its windows were too short")
    return rows


def _draw_joules(results: Results, figure: Figure) -> None:
    rows = _joule_rows(results)
    axes = figure.subplots()
    axes.set(xscale="log", yscale="log")  # before limits are asked for
    names = list(dict.fromkeys(row["name"] for row in rows))
    several = [name for name in names if len(series(rows, name, lambda row: row["J_per_step"])[0]) > 1] or names
    _plot(axes, rows, several, lambda row: row["J_per_step"])
    setSizeAxis(axes, (row["particles"] for row in rows), _particles(results))
    setLogTimes(axes, "J per step")
    axes.legend(fontsize=7.0)


def _describe_joules(results: Results) -> str:
    rows = _joule_rows(results)
    idle = next((row["W"] for row in results.rows("idle")), None)
    largest = max(row["particles"] for row in rows)
    texts = [f"{row['label']} {row['J_per_step']:.3g}" for row in rows if row["particles"] == largest]
    share = f" The idle GPU draws {idle:.0f} W; the tables give joules with that subtracted, too." if idle else ""
    return (
        f"Energy of a step, from the energy counter of the whole GPU, host not included. J per step at {largest:,} "
        f"{_particles(results)}: " + "; ".join(texts) + "." + share
    )


ENSEMBLES = StudyFigure(
    "figure-3a",
    "figure 3(a)",
    "Constant energy and constant pressure",
    "speed-",
    lambda _: 4.2,
    _draw_ensembles,
    _describe_ensembles,
)
SCALING = StudyFigure(
    "figure-13", "figure 13", "Forces and neighbor lists", "speed-", lambda _: 6.4, _draw_scaling, _describe_scaling
)
FORECAST = StudyFigure(
    "figure-14", "figure 14", "What a surrogate replaces", "speed-", lambda _: 4.2, _draw_forecast, _describe_forecast
)
JOULES = StudyFigure("joules", "", "Joules per step", "speed-", lambda _: 4.0, _draw_joules, _describe_joules)
