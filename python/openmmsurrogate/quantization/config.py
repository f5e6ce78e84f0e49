# SPDX-License-Identifier: MIT
"""Settings of a quantization."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

METHODS = ("plain", "refit", "finetune")
FORMATS = ("bf16", "fp16", "fp8", "int8", "int4")


@dataclass(frozen=True)
class QuantizationConfig:
    """Settings of quantize().

    Attributes
    ----------
    endLayersSingle
        whether the first and the last layers stay in single precision
    weightGroupSize
        inputs that share an int4 weight scale
    steps, learningRate
        Adam steps of the fine-tuning, and the learning rate, which falls to a hundredth as a cosine
    weightDecay, readoutDecay
        coefficients of the sums of squares of all weights, and of those of the last layers: large readout weights of
        opposite sign magnify rounding
    energyWeight, refitEnergyWeight
        weight, in fine-tuning and in the refit, of the squared errors of potential energy and pair virial of each
        frame, relative to the model's before rounding, per particle and over (force standard deviation x cutoff);
        that of forces is 1
    activationNoise
        largest relative noise on activations in fine-tuning and L-BFGS, which makes the model robust against the
        approximate tanh of GPUs (relative error 2^-11)
    gridPoints, particlesPerFrame
        resolution of the loss over all frames, and how many random particles of each frame enter it; 0 takes all
    polishSteps, polishDecay
        L-BFGS iterations before and after the fine-tuning on what the format does not round, and the coefficient of
        the sum of squares of the last layers' weights in them
    calibrationInterval
        fine-tuning steps between updates of int8 activation scales
    learnedRanges
        whether the ranges of int8 activations are learned in the fine-tuning, which may clip them, or cover all values
    seed
        of all random numbers
    device, threads
        as in training
    """

    endLayersSingle: bool = True
    weightGroupSize: int = 16
    steps: int = 4000
    learningRate: float = 3e-3
    weightDecay: float = 1e-9
    readoutDecay: float = 1e-7
    energyWeight: float = 0.01
    refitEnergyWeight: float = 100.0
    activationNoise: float = 2.0**-11
    gridPoints: int = 700
    particlesPerFrame: int = 1000
    polishSteps: int = 200
    polishDecay: float = 1e-8
    calibrationInterval: int = 20
    learnedRanges: bool = True
    seed: int = 1
    device: str = "cpu"
    threads: int = 0

    def __post_init__(self) -> None:
        for name in ("weightGroupSize", "calibrationInterval"):
            if getattr(self, name) < 1:
                raise ValueError(f"the setting {name} must be at least 1, but is {getattr(self, name)}")
        if self.gridPoints < 16:
            raise ValueError(f"the setting gridPoints must be at least 16, but is {self.gridPoints}")
        if not self.learningRate > 0:
            raise ValueError(f"the setting learningRate must be positive, but is {self.learningRate}")
        for name in (
            "steps",
            "polishSteps",
            "polishDecay",
            "weightDecay",
            "readoutDecay",
            "energyWeight",
            "refitEnergyWeight",
            "activationNoise",
            "particlesPerFrame",
            "seed",
            "threads",
        ):
            if getattr(self, name) < 0:
                raise ValueError(f"the setting {name} must not be negative, but is {getattr(self, name)}")

    def toDict(self) -> dict[str, Any]:
        """Return the settings as what JSON and TOML can hold."""
        result: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return result
