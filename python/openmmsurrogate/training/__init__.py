# SPDX-License-Identifier: MIT
"""Fits of pair networks."""

from openmmsurrogate.training.network_fit import (
    FitResult,
    NetworkParameters,
    evaluateNetwork,
    fitNetwork,
    initializeNetwork,
    roundToSingle,
)

__all__ = [
    "FitResult",
    "NetworkParameters",
    "evaluateNetwork",
    "fitNetwork",
    "initializeNetwork",
    "roundToSingle",
]
