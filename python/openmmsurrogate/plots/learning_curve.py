# SPDX-License-Identifier: MIT
"""Errors of a training as they fall: the left panel of PNNL-38353, figure 10."""

from __future__ import annotations

import os
from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from openmmsurrogate.plots.style import REFERENCE, SURROGATE, figureStyle

# One point of a learning curve: stage, step in the stage, training error, held-out error.
Point = tuple[str, int, float, float]


def drawLearningCurve(axes: Axes, curve: Sequence[Point]) -> None:
    """Draw mean squared errors of standardized force components against steps; stages follow each other.

    Parameters
    ----------
    axes
        where to draw
    curve
        points, as ``provenance["training"]["learning_curve"]`` of a trained model holds them
    """
    offset, steps, last = 0, [], 0
    stage = curve[0][0]
    for name, step, _, _ in curve:
        if name != stage:
            offset, stage = last, name
            axes.axvline(offset, color="0.8", linewidth=0.8)
            axes.annotate(f" {name}", (offset, 0.97), xycoords=("data", "axes fraction"), va="top", fontsize=8)
        last = offset + step
        steps.append(last)
    axes.semilogy(steps, [point[2] for point in curve], color=SURROGATE, label="training")
    axes.semilogy(steps, [point[3] for point in curve], color=REFERENCE, label="held out")
    axes.set_xlabel("step")
    axes.set_ylabel("MSE of standardized forces")
    axes.legend()


def plotLearningCurve(curve: Sequence[Point], path: str | os.PathLike[str]) -> None:
    """Write the learning curve of a training as a figure. The file's suffix chooses the format."""
    with figureStyle():
        figure, axes = plt.subplots(figsize=(4.5, 3.2), layout="constrained")
        drawLearningCurve(axes, curve)
        figure.savefig(path)
        plt.close(figure)
