# SPDX-License-Identifier: MIT
"""Conversion to the units in which machine-learned force fields are usually compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

# One eV per particle is e*N_A = 96.485... kJ/mol, both constants exact in the SI since 2019.
_EV = 1.602176634e-19 * 6.02214076e23 / 1000.0

EV_PER_ANGSTROM: float = 10.0 * _EV
"""One eV/angstrom in kJ/mol/nm: 964.853..."""


def toEVPerAngstrom(force: ArrayLike) -> NDArray[np.float64]:
    """Convert forces from kJ/mol/nm to eV/angstrom."""
    return np.asarray(force, float) / EV_PER_ANGSTROM
