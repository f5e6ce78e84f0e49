# SPDX-License-Identifier: MIT
"""One page on models in numeric formats, after figures 10, 11 and 12 of PNNL-38353."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure

from openmmsurrogate.analysis import formatR2, toEVPerAngstrom
from openmmsurrogate.network import NumericFormat
from openmmsurrogate.plots.learning_curve import drawLearningCurve
from openmmsurrogate.plots.parity import drawParity, norms
from openmmsurrogate.plots.style import GUIDE, REFERENCE, figureStyle

if TYPE_CHECKING:
    from openmmsurrogate.evaluation import Evaluation, ModelEvaluation, Rollout

# Okabe and Ito, as in the style; one color per format, one dash pattern per variant.
_FORMAT_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F3C8D", "#8C564B")
_DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1)), (0, (6, 1, 1, 1, 1, 1)))
_COLUMNS = 4
_ROW_HEIGHT = 3.0  # inches


def plotEvaluation(evaluation: Evaluation, filename: str | os.PathLike[str], data: int = 0) -> None:
    """Draw learning curve and parity of the first model, g(r) and mean energies, and the parity of every model.

    Parameters
    ----------
    evaluation
        what was found; without rollouts the second row is left out
    filename
        the image to write; its ending chooses the format
    data
        index of the data set whose forces are drawn
    """
    rows = math.ceil(len(evaluation.models) / _COLUMNS)
    hasRollouts = evaluation.reference is not None
    heights = [_ROW_HEIGHT] + [1.35 * _ROW_HEIGHT] * hasRollouts + [rows * _ROW_HEIGHT]
    with figureStyle():
        figure = Figure(figsize=(11.0, sum(heights)), layout="constrained")
        FigureCanvasAgg(figure)
        parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        _draw_first_model(parts[0], evaluation, data)
        if hasRollouts:
            _draw_rollouts(parts[1], evaluation)
        _draw_parities(parts[-1], evaluation, data, rows)
        figure.savefig(filename)


def _draw_first_model(part: SubFigure, evaluation: Evaluation, data: int) -> None:
    first = evaluation.models[0]
    curve = first.candidate.provenance.get("training", {}).get("learning_curve", [])
    panels = part.subplots(1, 3 if curve else 2, squeeze=False)[0]
    if curve:
        drawLearningCurve(panels[0], curve)
        panels[0].set_title(f"Training of {first.candidate.label}")
    cells = _draw_model(panels[-2], evaluation, first, data, 80)
    bar = part.colorbar(cells, ax=panels[-2], aspect=18, pad=0.02)
    bar.set_label("atoms")
    bar.outline.set_visible(False)
    _draw_errors_by_distance(panels[-1], evaluation, data)


def _draw_errors_by_distance(axes: Axes, evaluation: Evaluation, data: int) -> None:
    """Draw relative errors against the distance of the nearest neighbor, over all pairs of types."""
    for entry, (color, dashes) in zip(evaluation.models, _choose_looks(evaluation.models), strict=True):
        bins = entry.fidelity[data].bins
        for pair in dict.fromkeys(found.pair for found in bins):
            chosen = [found for found in bins if found.pair == pair]
            middle = [0.5 * (found.nearestFrom + found.nearestTo) for found in chosen]
            errors = [found.vectorRMSE / found.rmsForce for found in chosen]
            axes.plot(middle, errors, color=color, linestyle=dashes, marker=".", linewidth=0.9)
    axes.set(yscale="log", xlabel="distance of the nearest neighbor (nm)", ylabel="RMSE of F / RMS of F")
    axes.set_title("Force errors by distance")


def _draw_model(axes: Axes, evaluation: Evaluation, entry: ModelEvaluation, data: int, gridSize: int) -> Any:
    heldOut, fidelity = evaluation.heldOut[data], entry.fidelity[data]
    true = norms(toEVPerAngstrom(heldOut.forces[:, heldOut.typed]))
    cells = drawParity(axes, true, norms(toEVPerAngstrom(fidelity.forces)), gridSize)
    axes.set_title(entry.candidate.label, fontsize=8.5)
    axes.set(xlabel="|F| MD (eV/Å)", ylabel="|F| model (eV/Å)")
    rmse = float(toEVPerAngstrom(fidelity.metrics.magnitudeRMSE))
    text = f"{entry.candidate.variant}\nR² = {formatR2(fidelity.metrics.r2)}\nRMSE = {rmse:.1e} eV/Å"
    axes.text(0.04, 0.97, text, transform=axes.transAxes, va="top", fontsize=7.5)
    return cells


def _draw_parities(part: SubFigure, evaluation: Evaluation, data: int, rows: int) -> None:
    panels = np.ravel(part.subplots(rows, _COLUMNS, squeeze=False))
    for axes, entry in zip(panels, evaluation.models, strict=False):
        _draw_model(axes, evaluation, entry, data, 50)
    for axes in panels[len(evaluation.models) :]:
        axes.set_axis_off()


def _draw_rollouts(part: SubFigure, evaluation: Evaluation) -> None:
    reference = evaluation.reference
    if reference is None:
        return
    entries = [(entry, entry.rollout) for entry in evaluation.models if entry.rollout is not None]
    looks = _choose_looks([entry for entry, _ in entries])
    grid = part.add_gridspec(2, 2, height_ratios=(2.0, 1.0))
    upper = part.add_subplot(grid[0, 0])
    lower = part.add_subplot(grid[1, 0], sharex=upper)
    energies = part.add_subplot(grid[:, 1])
    first = reference.distribution
    upper.plot(first.r, first.g, color=REFERENCE, label="MD")
    lower.fill_between(
        first.r,
        -2.0 * math.sqrt(2.0) * first.standardError,
        2.0 * math.sqrt(2.0) * first.standardError,
        color=GUIDE,
        alpha=0.35,
        linewidth=0,
        label="±2 standard errors of a difference",
    )
    for (entry, rollout), (color, dashes) in zip(entries, looks, strict=True):
        g = rollout.distribution.g
        upper.plot(first.r, g, color=color, linestyle=dashes, linewidth=1.0, label=entry.candidate.label)
        lower.plot(first.r, g - first.g, color=color, linestyle=dashes, linewidth=0.8)
    highest = max([float(first.g.max()), *(float(rollout.distribution.g.max()) for _, rollout in entries)])
    # Room above the curves for a legend of many lines.
    upper.set(title="Radial distribution function", ylabel="g(r)", xlim=(0, first.r[-1]), ylim=(0, 1.4 * highest))
    upper.legend(loc="upper right", fontsize=6.5, ncols=1 if len(entries) < 6 else 3)
    upper.tick_params(labelbottom=False)
    # Models that are far off leave the panel, or the others could not be seen.
    limit = 8.0 * float(first.standardError.max())
    lower.set(xlabel="r (nm)", ylabel="minus MD", ylim=(-limit, limit))
    lower.legend(loc="upper right", fontsize=7)
    _draw_energies(
        energies, reference, [(e.candidate.label, r, look[0]) for (e, r), look in zip(entries, looks, strict=True)]
    )


def _choose_looks(entries: Sequence[ModelEvaluation]) -> list[tuple[str, Any]]:
    """Return a color for the format and a dash pattern for the variant of each model."""
    formats = list(dict.fromkeys(NumericFormat.getName(entry.candidate.format) for entry in entries))
    variants = list(dict.fromkeys(entry.candidate.variant for entry in entries))
    return [
        (
            _FORMAT_COLORS[formats.index(NumericFormat.getName(entry.candidate.format)) % len(_FORMAT_COLORS)],
            _DASHES[variants.index(entry.candidate.variant) % len(_DASHES)],
        )
        for entry in entries
    ]


def _pad_limits(axes: Axes, share: float) -> None:
    """Widen the limits of y by a share of the axis on both sides, as it is drawn, so that no marker is cut."""
    transform = axes.yaxis.get_transform()
    low, high = transform.transform(np.array(axes.get_ylim()))
    margin = share * (high - low)
    axes.set_ylim(*transform.inverted().transform(np.array([low - margin, high + margin])))


def _draw_energies(axes: Axes, reference: Rollout, rollouts: Sequence[tuple[str, Rollout, str]]) -> None:
    """Draw mean energies relative to that of MD with two standard errors, logarithmic beyond 0.2 % if any is."""
    mean = float(reference.average.mean)
    axes.axhspan(-0.1, 0.1, color=GUIDE, alpha=0.25, linewidth=0, label="±0.1 %")
    percent = 100.0 / abs(mean)
    labels = ["MD", *(label for label, _, _ in rollouts)]
    values = [(reference, REFERENCE), *((rollout, color) for _, rollout, color in rollouts)]
    for i, (rollout, color) in enumerate(values):
        deviation, error = float(rollout.average.mean) - mean, 2.0 * float(rollout.average.standardError)
        axes.errorbar(i, percent * deviation, percent * error, color=color, fmt="o", markersize=4, capsize=3)
    axes.set_xticks(range(len(labels)), labels, rotation=60, ha="right", fontsize=7.5)
    if max(abs(limit) for limit in axes.get_ylim()) > 0.2:
        axes.set_yscale("symlog", linthresh=0.2, linscale=1.5)
        _pad_limits(axes, 0.08)
    text = f"{mean:.4f}".replace("-", "\N{MINUS SIGN}")
    axes.set(title="Mean potential energy", ylabel=f"deviation from MD, {text} kJ/mol per particle (%)")
    axes.legend(loc="best")
