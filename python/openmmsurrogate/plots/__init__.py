# SPDX-License-Identifier: MIT
"""Figures of the examples and of the command line. Needs matplotlib."""

from openmmsurrogate.plots.evaluation_figure import plotEvaluation
from openmmsurrogate.plots.learning_curve import drawLearningCurve, plotLearningCurve
from openmmsurrogate.plots.liquid_comparison import LiquidRun, plotLiquidComparison

__all__ = ["LiquidRun", "drawLearningCurve", "plotEvaluation", "plotLearningCurve", "plotLiquidComparison"]
