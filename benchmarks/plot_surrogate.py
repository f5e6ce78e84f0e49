# SPDX-License-Identifier: MIT
"""Time and energy per step against the number of atoms, as figure 13 of the report PNNL-38353 shows its times.

Takes the JSON that surrogate.py writes; several files are shown as one.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from common.results import loadLatest, mergeResults
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from openmmsurrogate.plots.style import GUIDE, figureStyle

# Okabe and Ito's colors. Dashed: forces only, no neighbor search.
STYLES = {
    "none": {"color": "#999999", "marker": "."},
    "lj": {"color": "#000000", "marker": "o"},
    "custom": {"color": "#56B4E9", "marker": "v"},
    "table-single": {"color": "#D55E00", "marker": "s", "linewidth": 2.0},
    "network-single": {"color": "#009E73", "marker": "^"},
    "network-bfloat16": {"color": "#0072B2", "marker": "D", "linewidth": 2.0},
    "network-int8": {"color": "#CC79A7", "marker": "P"},
    "jax-float32": {"color": "#E69F00", "marker": "x", "linestyle": "--"},
    "jax-bfloat16": {"color": "#B38600", "marker": "+", "linestyle": "--"},
    "torch-bfloat16": {"color": "#6A3D9A", "marker": "1", "linestyle": "--"},
}


def selectSeries(rows: Sequence[dict], name: str, quantity: str) -> tuple[list[int], list[float]]:
    """Return atoms and a quantity of one contestant, in the order of atoms, where it was measured."""
    points = sorted((row["atoms"], row[quantity]) for row in rows if row["name"] == name and quantity in row)
    return [atoms for atoms, _ in points], [value for _, value in points]


def drawPanel(axes: Axes, rows: Sequence[dict], quantity: str, label: str) -> None:
    """Draw one quantity of all contestants on logarithmic axes, with a guide of proportionality."""
    labels = {row["name"]: row["label"] for row in rows}
    for name, style in STYLES.items():
        atoms, values = selectSeries(rows, name, quantity)
        if atoms:
            axes.plot(atoms, values, label=labels[name], markersize=5, **style)
    atoms, values = selectSeries(rows, "table-single", quantity)
    if atoms:
        axes.plot(
            atoms,
            [0.4 * values[-1] * n / atoms[-1] for n in atoms],
            color=GUIDE,
            linewidth=0.8,
            linestyle=":",
            label="proportional to N",
        )
    axes.set(xscale="log", yscale="log", xlabel="atoms", ylabel=label)
    axes.xaxis.set_minor_formatter(NullFormatter())  # they run into each other


def plot(content: dict, path: Path) -> None:
    """Write the figure."""
    rows, device = content["rows"], content["device"]
    with figureStyle():
        figure = Figure(figsize=(11.0, 4.6), layout="constrained")
        FigureCanvasAgg(figure)
        hardware = device["gpu"] or device["processor"]
        figure.suptitle(
            f"Liquid argon, whole steps; dashed: forces only, of given neighbors. {hardware}, OpenMM "
            f"{device['openmm'].split('.dev')[0]}, {device['date']}",
            x=0.01,
            ha="left",
            fontsize=9.5,
            color="#404040",
        )
        left, right = figure.subplots(1, 2)
        drawPanel(left, rows, "ms_per_step", "ms per step")
        drawPanel(right, rows, "J_per_step", "J per step")
        left.set_title("Time")
        right.set_title("Energy")
        figure.legend(*left.get_legend_handles_labels(), loc="outside right center")
        figure.savefig(path)


def main() -> None:
    """Draw the latest results, or those of files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="*", help="JSON files (default: the latest)")
    parser.add_argument("--output", type=Path, default=Path("surrogate.png"), help="(default: %(default)s)")
    arguments = parser.parse_args()
    content = mergeResults(arguments.results) if arguments.results else loadLatest("surrogate")
    plot(content, arguments.output)
    print(f"written to {arguments.output}")


if __name__ == "__main__":
    main()
