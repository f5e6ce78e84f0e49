# SPDX-License-Identifier: MIT
"""Mean energies and g(r) of a rollout against those of the reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from openmmsurrogate.evaluation.rollout import Rollout


@dataclass(frozen=True)
class RolloutComparison:
    """A rollout against that of the reference."""

    energyDifference: float
    """Of the mean potential energies per particle, kJ/mol."""
    energyError: float
    """Its standard error, kJ/mol."""
    relativeEnergyDifference: float
    """Over the magnitude of the reference's mean."""
    largestDeviation: float
    """Largest deviation of g(r)."""
    deviationError: float
    """Its standard error, where it is largest."""
    deviationDistance: float
    """Where that is, nm."""

    def asDict(self) -> dict[str, Any]:
        """Return the numbers as JSON can hold them, with units in their names."""
        return {
            "energy_difference_per_particle_kJ_per_mol": self.energyDifference,
            "energy_difference_standard_error_kJ_per_mol": self.energyError,
            "relative_energy_difference": self.relativeEnergyDifference,
            "largest_g_r_deviation": self.largestDeviation,
            "largest_g_r_deviation_standard_error": self.deviationError,
            "largest_g_r_deviation_at_nm": self.deviationDistance,
        }


def compareRollouts(reference: Rollout, rollout: Rollout) -> RolloutComparison:
    """Compare mean energies and g(r) of a rollout with those of the reference."""
    difference = float(rollout.average.mean - reference.average.mean)
    deviation = np.abs(rollout.distribution.g - reference.distribution.g)
    errors = np.hypot(rollout.distribution.standardError, reference.distribution.standardError)
    worst = int(deviation.argmax())
    return RolloutComparison(
        energyDifference=difference,
        energyError=float(np.hypot(rollout.average.standardError, reference.average.standardError)),
        relativeEnergyDifference=difference / abs(float(reference.average.mean)),
        largestDeviation=float(deviation[worst]),
        deviationError=float(errors[worst]),
        deviationDistance=float(rollout.distribution.r[worst]),
    )
