# SPDX-License-Identifier: MIT
"""How well predicted forces agree with reference forces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class ForceMetrics:
    """Agreement of predicted with reference forces. RMSEs have the unit of the forces given."""

    r2: float
    """R2 of the magnitudes |F| about the diagonal: 1 - sum (|F|_pred-|F|)^2 / sum (|F|-mean|F|)^2.

    This is the "diag R2" of PNNL-38353, figures 10 and 12."""
    magnitudeRMSE: float
    """Root mean square error of the magnitudes |F|, the RMSE of the same report."""
    componentRMSE: float
    """Root mean square error of the Cartesian components."""
    componentR2: float
    """R2 of the Cartesian components about the diagonal; stricter than that of magnitudes, because it sees directions.

    Their mean is taken to be zero: forces have no preferred direction."""
    relativeRMSE: float
    """Root mean square of the error norm |F_pred-F| of an atom, over the root mean square of |F|."""
    relativeMaximum: float
    """Largest error norm of an atom, over the root mean square of |F|."""
    numAtoms: int
    """Number of atoms compared, over all frames."""


def compareForces(reference: ArrayLike, predicted: ArrayLike) -> ForceMetrics:
    """Compare predicted with reference forces, atom by atom.

    Parameters
    ----------
    reference, predicted
        Forces of the same atoms in the same configurations, shape (..., 3), in any one unit.

    Raises
    ------
    ValueError
        If the shapes differ, or the last axis is not x, y, z, or the reference forces are all alike in magnitude.
    """
    true = np.asarray(reference, float)
    other = np.asarray(predicted, float)
    if true.shape != other.shape or true.ndim < 2 or true.shape[-1] != 3:
        raise ValueError(f"forces must have one shape (..., 3), not {true.shape} and {other.shape}")
    true, other = true.reshape(-1, 3), other.reshape(-1, 3)
    trueNorm, otherNorm = np.linalg.norm(true, axis=1), np.linalg.norm(other, axis=1)
    spread = np.sum((trueNorm - trueNorm.mean()) ** 2)
    if not spread > 0.0:
        raise ValueError("R2 is undefined: the reference forces of all atoms have the same magnitude")
    errorNorm = np.linalg.norm(other - true, axis=1)
    scale = np.sqrt(np.mean(trueNorm**2))
    return ForceMetrics(
        r2=float(1.0 - np.sum((otherNorm - trueNorm) ** 2) / spread),
        magnitudeRMSE=float(np.sqrt(np.mean((otherNorm - trueNorm) ** 2))),
        componentRMSE=float(np.sqrt(np.mean((other - true) ** 2))),
        componentR2=float(1.0 - np.mean(errorNorm**2) / scale**2),
        relativeRMSE=float(np.sqrt(np.mean(errorNorm**2)) / scale),
        relativeMaximum=float(errorNorm.max() / scale),
        numAtoms=len(true),
    )


def formatR2(r2: float) -> str:
    """Return R2 with enough digits to tell it from 1, as far as 12 of them can."""
    digits = 4 if r2 <= 0.0 or r2 >= 1.0 else int(np.clip(np.ceil(-np.log10(1.0 - r2)) + 1, 4, 12))
    return f"{r2:.{digits}f}"
