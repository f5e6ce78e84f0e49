# SPDX-License-Identifier: MIT
"""The figures of the studies, named after those of the report PNNL-38353 to which they correspond."""

from __future__ import annotations

import os
from pathlib import Path

from openmmsurrogate.study.figures.drawing import NothingToDraw, StudyFigure, describeDevices, describeSource
from openmmsurrogate.study.figures.parts import FORCES, SIZES, STAGES
from openmmsurrogate.study.figures.scaling import ENSEMBLES, FORECAST, JOULES, SCALING
from openmmsurrogate.study.figures.structure import OWN_ARGON, OWN_NACL, SURROGATES
from openmmsurrogate.study.store import Results

FIGURES: dict[str, tuple[StudyFigure, ...]] = {
    "argon": (ENSEMBLES, FORCES, OWN_ARGON, SURROGATES, SCALING, FORECAST, JOULES),
    "nacl": (ENSEMBLES, STAGES, OWN_NACL, SIZES, SURROGATES, FORECAST, JOULES),
}
"""The figures of each study in the order of the report."""

__all__ = ["FIGURES", "NothingToDraw", "StudyFigure", "describeDevices", "describeSource", "drawFigures"]


def drawFigures(results: Results, folder: str | os.PathLike[str]) -> list[Path]:
    """Draw the figures of a study as PNG into its folder; those with nothing to show are left out.

    Returns
    -------
    list of Path
        the files
    """
    target = Path(folder) / "figures"
    target.mkdir(exist_ok=True)
    files = []
    for figure in FIGURES[results.settings.study]:
        try:
            image = figure.makePNG(results)
        except NothingToDraw:
            continue
        files.append(target / f"{figure.name}.png")
        files[-1].write_bytes(image)
    return files
