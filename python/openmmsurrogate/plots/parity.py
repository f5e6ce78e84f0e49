# SPDX-License-Identifier: MIT
"""Magnitudes of predicted forces against those of reference forces."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import LogNorm
from numpy.typing import NDArray

from openmmsurrogate.plots.style import GUIDE

Array = NDArray[np.float64]


def norms(forces: Array) -> Array:
    """Return the magnitudes of forces, shape (..., 3), as one row."""
    result: Array = np.linalg.norm(np.reshape(forces, (-1, 3)), axis=1)
    return result


def drawParity(axes: Axes, reference: Array, predicted: Array, gridSize: int = 60) -> PolyCollection:
    """Draw the number of atoms with each pair of magnitudes, and the diagonal.

    Parameters
    ----------
    axes
        where to draw
    reference, predicted
        magnitudes of the same atoms' forces, in any one unit, shape (atoms,)
    gridSize
        number of cells along an axis

    Returns
    -------
    PolyCollection
        the cells, for a color bar
    """
    limit = 1.03 * float(max(reference.max(), predicted.max()))
    axes.plot([0.0, limit], [0.0, limit], color=GUIDE, linewidth=0.8, zorder=0)
    cells = axes.hexbin(
        reference, predicted, gridsize=gridSize, extent=(0, limit, 0, limit), norm=LogNorm(), mincnt=1, cmap="cividis_r"
    )
    axes.set(xlim=(0, limit), ylim=(0, limit))
    return cells
