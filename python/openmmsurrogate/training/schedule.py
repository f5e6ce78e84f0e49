# SPDX-License-Identifier: MIT
"""The learning rate as a function of the step alone, so that a resumed training needs no scheduler's state."""

import math

from openmmsurrogate.training.config import TrainingConfig


def compute_learning_rate(config: TrainingConfig, step: int) -> float:
    """Return the learning rate of a step, counted from 0.

    The warm-up is linear. The schedule "cosine" is that of Loshchilov and Hutter (ICLR 2017), without restarts.
    """
    if step < config.warmupSteps:
        return config.learningRate * (step + 1) / config.warmupSteps
    if config.schedule == "constant":
        return config.learningRate
    fraction = (step - config.warmupSteps) / max(1, config.adamSteps - config.warmupSteps)
    cosine = 0.5 * (1.0 + math.cos(math.pi * min(1.0, fraction)))
    return config.finalLearningRate + (config.learningRate - config.finalLearningRate) * cosine
