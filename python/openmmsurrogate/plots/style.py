# SPDX-License-Identifier: MIT
"""The look shared by all figures."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import matplotlib as mpl

# Okabe and Ito, "Color Universal Design" (2008): distinguishable with every common colour vision.
REFERENCE = "#000000"
SURROGATE = "#D55E00"
DIFFERENCE = "#0072B2"
GUIDE = "#8C8C8C"

_STYLE: dict[Any, Any] = {
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.4,
    "savefig.dpi": 200.0,
}


def figureStyle() -> AbstractContextManager[None]:
    """Return a context manager in which figures have the common look."""
    return mpl.rc_context(_STYLE)
