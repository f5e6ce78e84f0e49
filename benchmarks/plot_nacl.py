# SPDX-License-Identifier: MIT
"""Figures of docs/theory/ions-without-kspace.md, from what nacl.py, nacl_fidelity.py and nacl_limits.py write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from openmmsurrogate.plots.style import GUIDE, figureStyle

LARGE = 4096  # ions of the simulations that are shown
# Okabe and Ito's colors.
STYLES = {
    "pme": {"color": "#000000", "linewidth": 2.4},
    "surrogate-0.85": {"color": "#E69F00", "linewidth": 1.0},
    "surrogate-1.0": {"color": "#D55E00", "linewidth": 1.2},
    "surrogate-1.2": {"color": "#0072B2", "linewidth": 1.0},
    "dsf-1.0": {"color": "#009E73", "linewidth": 1.0, "linestyle": "--"},
}
SPEED_STYLES = {
    "none": {"color": "#999999", "marker": "."},
    "pme-double": {"color": "#6A3D9A", "marker": "v"},
    "pme-single": {"color": "#000000", "marker": "o"},
    "tunable-ESP": {"color": "#009E73", "marker": "^"},
    "network-float16": {"color": "#0072B2", "marker": "D"},
    "table-1.0": {"color": "#E69F00", "marker": "s"},
    "coarse-1.0": {"color": "#D55E00", "marker": "P", "linewidth": 2.0},
}


def _select(rows: Sequence[dict], **values: str | int) -> dict[str, dict]:
    """Return rows with certain values, by name, in the order of STYLES."""
    found = {row["name"]: row for row in rows if all(row.get(key) == value for key, value in values.items())}
    return {name: found[name] for name in STYLES if name in found}


def _drawDistributions(axes: Axes, rows: dict[str, dict]) -> None:
    """Draw the three g(r) above each other."""
    for shift, pair in enumerate(("Cl-Cl", "Na-Na", "Na-Cl")):
        for name, row in rows.items():
            if name in ("pme", "surrogate-1.0"):
                values = row["g"][pair]
                peak = max(rows["pme"]["g"][pair]["g"])
                axes.plot(
                    values["r_nm"], [shift + 0.9 * g / peak for g in values["g"]], **STYLES[name], label=row["label"]
                )
        axes.text(1.35, shift + 0.72, pair, ha="right")
    axes.set(xlabel="r, nm", ylabel="g(r) over its peak, shifted", xlim=(0.15, 1.4))


def _drawDensities(axes: Axes, rows: dict[str, dict]) -> None:
    """Draw the densities of vibrational states of Na and, above, of Cl."""
    for shift, ion in enumerate(("Na", "Cl")):
        for name, row in rows.items():
            values = row["velocities"][ion]
            axes.plot(
                values["f_THz"], [d + 0.35 * shift for d in values["density"]], **STYLES[name], label=row["label"]
            )
        axes.text(11.5, 0.35 * shift + 0.1, ion, ha="right")
    axes.set(xlabel="frequency, THz", ylabel="density of states, 1/THz, shifted", xlim=(0.0, 12.0))


def _drawStructureFactor(axes: Axes, rows: dict[str, dict]) -> None:
    for name, row in rows.items():
        axes.plot(row["k_per_nm"], row["S"], **STYLES[name], label=row["label"], marker=".", markersize=4)
    k, S = rows["pme"]["k_per_nm"], rows["pme"]["S"]
    axes.plot(
        k, [S[0] * (x / k[0]) ** 2 for x in k], color=GUIDE, linestyle=":", linewidth=0.8, label="proportional to k²"
    )
    axes.set(xscale="log", yscale="log", xlabel="k, 1/nm", ylabel="charge structure factor of the melt")
    axes.xaxis.set_minor_formatter(NullFormatter())  # they run into each other


def plotFidelity(fidelity: dict, limits: dict, path: Path) -> None:
    """Draw g(r) of both phases, densities of states of the crystal, and the charge structure factor."""
    with figureStyle():
        figure = Figure(figsize=(10.0, 8.0), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(2, 2)
        for panel, phase in zip(axes[0], ("crystal", "melt"), strict=True):
            _drawDistributions(panel, _select(fidelity["rows"], phase=phase, ions=LARGE))
            panel.set_title(f"{phase}: g(r)")
        _drawDensities(axes[1, 0], _select(fidelity["rows"], phase="crystal", ions=LARGE))
        axes[1, 0].set_title("crystal: density of states")
        _drawStructureFactor(axes[1, 1], _select(limits["rows"], limit="structure factor"))
        axes[1, 1].set_title("where it breaks: long waves of charge")
        for panel in axes.flat:
            handles, labels = panel.get_legend_handles_labels()
            unique = dict(zip(labels, handles, strict=True))
            panel.legend(unique.values(), unique.keys())
        figure.savefig(path)


def plotSpeed(speed: dict, path: Path) -> None:
    """Draw time and energy per step against the number of ions."""
    with figureStyle():
        figure = Figure(figsize=(12.0, 4.2), layout="constrained")
        FigureCanvasAgg(figure)
        for axes, quantity, label in zip(
            figure.subplots(1, 2), ("ms_per_step", "J_per_step"), ("ms/step", "J/step"), strict=True
        ):
            for name, style in SPEED_STYLES.items():
                points = sorted(
                    (row["atoms"], row[quantity], row["label"])
                    for row in speed["rows"]
                    if row["name"] == name and quantity in row
                )
                if points:
                    axes.plot([p[0] for p in points], [p[1] for p in points], label=points[0][2], markersize=5, **style)
            axes.set(xscale="log", yscale="log", xlabel="ions", ylabel=label)
        figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside right center")
        figure.savefig(path)
