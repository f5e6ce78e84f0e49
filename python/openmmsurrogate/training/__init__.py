# SPDX-License-Identifier: MIT
"""Training of pair networks from forces of molecular dynamics, on PyTorch (extra ``train``)."""

from openmmsurrogate.training.checkpoint import TrainingInterrupted
from openmmsurrogate.training.config import DEFAULT_POLYNOMIAL, TrainingConfig, readConfig
from openmmsurrogate.training.ranges import addRanges
from openmmsurrogate.training.run import TrainingResult, train
from openmmsurrogate.training.trainer import CurvePoint, Progress

__all__ = [
    "DEFAULT_POLYNOMIAL",
    "CurvePoint",
    "Progress",
    "TrainingConfig",
    "TrainingInterrupted",
    "TrainingResult",
    "addRanges",
    "readConfig",
    "train",
]
