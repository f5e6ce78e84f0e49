# SPDX-License-Identifier: MIT
"""How far two evaluations are apart, and an evaluation's energies from its forces."""

from __future__ import annotations

import numpy as np

from openmmsurrogate.validation.bounds import Bounds
from openmmsurrogate.validation.configurations import Array, Configurations, Evaluation


def rms_norm(forces: Array) -> float:
    """Get the root mean square over particles of the norm of vectors, shape (particles, 3)."""
    return float(np.sqrt(np.mean(np.sum(forces**2, axis=1)))) if len(forces) else 0.0


def ratio(value: float, scale: float) -> float:
    """Divide, where nothing over nothing is no error, and something over nothing an infinite one."""
    if scale > 0.0:
        return value / scale
    return 0.0 if value == 0.0 else float("inf")


def compare(first: Evaluation, second: Evaluation, forceScale: float, energyScale: float) -> Bounds:
    """Get the largest norm of a force difference and the energy difference, each over its scale."""
    norms = np.linalg.norm(first.forces - second.forces, axis=1)
    largest = float(norms.max()) if len(norms) else 0.0
    return Bounds(ratio(largest, forceScale), ratio(abs(first.energy - second.energy), energyScale))


def find_gradient_error(
    configurations: Configurations, given: Evaluation, plus: Evaluation, minus: Evaluation, workScale: float
) -> float:
    """Get the energy change from minus to plus, plus the work of the forces (Simpson's rule), over the work scale."""
    mean = (plus.forces + 4.0 * given.forces + minus.forces) / 6.0
    work = float(np.sum(mean * configurations.displacement))
    return ratio(abs(plus.energy - minus.energy + work), workScale)


def find_work_scale(configurations: Configurations, given: Evaluation) -> float:
    """Get the root of the sum of squares of the work on each particle, which does not cancel as its sum may, kJ/mol."""
    return float(np.sqrt(np.sum(np.sum(given.forces * configurations.displacement, axis=1) ** 2)))
