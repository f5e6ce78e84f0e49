# SPDX-License-Identifier: MIT
"""One figure that compares a liquid simulated with a surrogate and with its reference force field."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from openmmsurrogate.analysis import (
    ForceMetrics,
    RadialDistribution,
    SeriesAverage,
    compareForces,
    formatR2,
    toEVPerAngstrom,
)
from openmmsurrogate.plots.parity import drawParity, norms
from openmmsurrogate.plots.style import DIFFERENCE, GUIDE, REFERENCE, SURROGATE, figureStyle

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LiquidRun:
    """What the figure shows of one simulation."""

    label: str
    times: Array
    """Times of the energies, ps, shape (samples,)."""
    energies: Array
    """Potential energy per atom, kJ/mol, shape (samples,)."""
    averageEnergy: SeriesAverage
    """Mean of the energies and its standard error."""
    distribution: RadialDistribution


def plotLiquidComparison(
    reference: LiquidRun,
    surrogate: LiquidRun,
    referenceForces: Array,
    surrogateForces: Array,
    filename: str | os.PathLike[str],
    title: str = "",
) -> None:
    """Draw radial distribution functions, force parity and energies, and write them as one image.

    Parameters
    ----------
    reference, surrogate
        The two simulations; their distributions have the same bins.
    referenceForces, surrogateForces
        Forces on the same atoms in the same configurations, kJ/mol/nm, shape (..., 3).
    filename
        The image to write; its ending chooses the format.
    title
        A line above the figure.
    """
    with figureStyle():
        figure = Figure(figsize=(11.5, 4.0), layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(title, x=0.01, ha="left", fontsize=9.5, color="#404040")
        grid = figure.add_gridspec(2, 3, height_ratios=(3.0, 1.0))
        upper = figure.add_subplot(grid[0, 0])
        lower = figure.add_subplot(grid[1, 0], sharex=upper)
        _draw_distributions(upper, reference, surrogate)
        _draw_difference(lower, reference.distribution, surrogate.distribution)
        parity = figure.add_subplot(grid[0, 1])
        _draw_parity(parity, referenceForces, surrogateForces, (reference.label, surrogate.label))
        errors = figure.add_subplot(grid[1, 1], sharex=parity)
        _draw_force_errors(errors, referenceForces, surrogateForces, reference.label)
        _draw_energies(figure.add_subplot(grid[:, 2]), reference, surrogate)
        figure.savefig(filename)


def _draw_distributions(axes: Axes, reference: LiquidRun, surrogate: LiquidRun) -> None:
    axes.axhline(1.0, color=GUIDE, linewidth=0.7)
    first, second = reference.distribution, surrogate.distribution
    axes.plot(first.r, first.g, color=REFERENCE, label=reference.label)
    # Dashes let the curve underneath show where the two coincide.
    axes.plot(second.r, second.g, color=SURROGATE, linestyle=(0, (3, 2)), linewidth=2.0, label=surrogate.label)
    axes.set(title="Radial distribution function", ylabel="g(r)", ylim=(0.0, None), xlim=(0.0, first.r[-1]))
    axes.tick_params(labelbottom=False)
    axes.legend(loc="upper right")


def _draw_difference(axes: Axes, first: RadialDistribution, second: RadialDistribution) -> None:
    error = np.hypot(first.standardError, second.standardError)
    axes.fill_between(
        first.r, -2.0 * error, 2.0 * error, color=GUIDE, alpha=0.35, linewidth=0, label="±2 standard errors"
    )
    axes.plot(first.r, second.g - first.g, color=DIFFERENCE, linewidth=0.9)
    limit = 1.8 * max(float(np.abs(second.g - first.g).max()), 2.0 * float(error.max()), 1e-6)
    axes.set(xlabel="r (nm)", ylabel="difference", ylim=(-limit, limit))
    axes.legend(loc="upper right", borderaxespad=0.0, handlelength=1.2)


def _draw_parity(axes: Axes, referenceForces: Array, surrogateForces: Array, labels: tuple[str, str]) -> None:
    cells = drawParity(axes, norms(referenceForces), norms(surrogateForces))
    bar = axes.figure.colorbar(cells, ax=axes, aspect=18, pad=0.02)
    bar.set_label("atoms")
    bar.outline.set_visible(False)
    axes.set(title="Force on each atom (kJ/mol/nm)", ylabel=f"|F| {labels[1]}")
    axes.tick_params(labelbottom=False)
    axes.text(
        0.04, 0.97, _describe(compareForces(referenceForces, surrogateForces)), transform=axes.transAxes, va="top"
    )


def _describe(metrics: ForceMetrics) -> str:
    electronvolts = float(toEVPerAngstrom(metrics.magnitudeRMSE))
    return (
        f"R² = {formatR2(metrics.r2)}\n"
        f"RMSE = {metrics.magnitudeRMSE:.1e} kJ/mol/nm\n"
        f"            {electronvolts:.1e} eV/Å"
    )


def _draw_force_errors(axes: Axes, referenceForces: Array, surrogateForces: Array, label: str) -> None:
    first = norms(referenceForces)
    errors = np.abs(norms(surrogateForces) - first)
    bins = np.linspace(0.0, float(first.max()), 31)
    index = np.digitize(first, bins) - 1
    # A bin with fewer atoms has no 95th percentile to speak of.
    filled = [i for i in range(30) if np.count_nonzero(index == i) >= 20]
    centres = 0.5 * (bins[:-1] + bins[1:])[filled]
    low, middle, high = np.array([np.percentile(errors[index == i], (5, 50, 95)) for i in filled]).reshape(-1, 3).T
    axes.fill_between(centres, low, high, color=SURROGATE, alpha=0.25, linewidth=0, label="5 % to 95 %")
    axes.plot(centres, middle, color=SURROGATE, linewidth=1.0, label="median")
    axes.set(xlabel=f"|F| {label}", ylabel="|error|", yscale="log")
    axes.legend(loc="upper right", ncols=2, borderaxespad=0.0, handlelength=1.2, columnspacing=1.0)
    axes.set_ylim(top=axes.get_ylim()[1] * 10.0)  # room for the legend


def _draw_energies(axes: Axes, reference: LiquidRun, surrogate: LiquidRun) -> None:
    for run, color in ((reference, REFERENCE), (surrogate, SURROGATE)):
        average, error = float(run.averageEnergy.mean), float(run.averageEnergy.standardError)
        axes.plot(run.times, run.energies, color=color, linewidth=0.8, alpha=0.55)
        axes.axhspan(average - error, average + error, color=color, alpha=0.25, linewidth=0)
        value = f"{average:.4f}".replace("-", "\N{MINUS SIGN}")
        axes.axhline(average, color=color, linewidth=1.2, label=f"{run.label}: {value} ± {error:.4f}")
    low = min(run.energies.min() for run in (reference, surrogate))
    high = max(run.energies.max() for run in (reference, surrogate))
    # Room above the curves for the legend.
    axes.set(
        ylim=(low - 0.05 * (high - low), high + 0.35 * (high - low)), xlim=(reference.times[0], reference.times[-1])
    )
    axes.set(title="Potential energy per atom", xlabel="time (ps)", ylabel="U/N (kJ/mol), zero at the cutoff")
    axes.legend(loc="upper right", title="mean ± standard error (kJ/mol)", title_fontsize=8.5)
