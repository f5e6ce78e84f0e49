# SPDX-License-Identifier: MIT
"""Everything that a training can be told, from a TOML file and from ``name=value`` texts."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from openmmsurrogate._files import require_file

ACTIVATIONS = ("tanh", "silu", "clampedPolynomial")
OUTPUTS = ("forceWeight", "energy")
SCHEDULES = ("constant", "cosine")

# p(u) = (15 u - 10 u^3 + 3 u^5)/8 with u = x/c is the odd polynomial of least degree whose first two derivatives vanish
# at u = 1; its value there is 1. With c = 15/8 the slope at 0 is 1, as that of tanh is.
_CLAMP = 15.0 / 8.0
DEFAULT_POLYNOMIAL = (_CLAMP, 1.0, -10.0 / (8.0 * _CLAMP**3), 3.0 / (8.0 * _CLAMP**5))


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of train(). Every default is the report's (PNNL-38353, section 3) where the report names a value.

    Attributes
    ----------
    cutoff
        nm
    hidden
        widths of the hidden layers
    activation
        "tanh", "silu" or "clampedPolynomial"
    coefficients
        (c, a1, a3, a5, ...) of the clamped polynomial; the default is twice differentiable at the clamp
    output
        "forceWeight" (the report's) or "energy"
    particlesPerBatch, maxNeighbors
        a mini-batch is this many random particles of one random frame; a particle with more neighbors is an error
    adamSteps, learningRate, finalLearningRate, schedule, warmupSteps
        Adam; the schedule "cosine" goes from learningRate to finalLearningRate after a linear warm-up
    gradientClip
        largest norm of the gradient; 0 does not clip
    weightDecay
        coefficient of the sum of squares of all weights (not biases) in the loss of all stages
    emaDecay
        decay per step of the averaged parameters, which are what is validated and kept; 0 does not average
    energyWeight, virialWeight
        weights of the mean squared errors of energy and virial, per particle and over (force standard deviation x
        cutoff), in the loss, where that of forces has weight 1. Both are wanted with frames of several volumes.
    pressureShift
        bar; by how much the pressure of the model shall differ from that of the frames, for one whose own simulations
        have a wrong pressure by the opposite. Energies change with the volume accordingly, and not at the mean volume.
        It needs energyWeight or virialWeight.
    cutoffWeight
        weight of the mean square of the standardized force weights at the cutoff, by which forces jump there. Wanted
        where the true interaction is long-ranged and the trained one is not, for simulations that conserve energy.
    lbfgsSteps, lbfgsHistory
        iterations in double precision on the loss over all training frames; 0 leaves them out
    refit
        whether the readout is refitted by ridge regression at the end, if that lowers the held-out error
    gridPoints, particlesPerFrame
        resolution of the loss over all frames (see normal_equations.py), and how many random particles of each frame
        enter it; 0 takes all
    heldOutFraction
        the last frames of each file that only validate
    validationInterval, patience
        Adam steps between validations, and validations without improvement after which Adam ends; 0: never
    checkpointInterval
        steps between checkpoints; L-BFGS takes up to 20 at once, and saves after those that pass a multiple of it
    minimumDistance
        nm; where the repulsive core begins. 0 takes the smallest distance of each pair of types in the training frames.
    coreStiffness
        of the repulsive core, see docs/theory/repulsive-core.md
    seed
        of all random numbers
    device, threads
        where PyTorch computes, such as "cpu" or "cuda", and with how many threads; 0 leaves PyTorch's number
    """

    cutoff: float = 0.85
    hidden: tuple[int, ...] = (64, 64, 64)
    activation: str = "tanh"
    coefficients: tuple[float, ...] = DEFAULT_POLYNOMIAL
    output: str = "forceWeight"
    particlesPerBatch: int = 200
    maxNeighbors: int = 128
    adamSteps: int = 6000
    learningRate: float = 3e-3
    finalLearningRate: float = 1e-5
    schedule: str = "cosine"
    warmupSteps: int = 100
    gradientClip: float = 0.0
    weightDecay: float = 1e-9
    emaDecay: float = 0.0
    energyWeight: float = 0.0
    virialWeight: float = 0.0
    pressureShift: float = 0.0
    cutoffWeight: float = 0.0
    lbfgsSteps: int = 4000
    lbfgsHistory: int = 50
    refit: bool = True
    gridPoints: int = 800
    particlesPerFrame: int = 2000
    heldOutFraction: float = 0.1
    validationInterval: int = 200
    patience: int = 0
    checkpointInterval: int = 1000
    minimumDistance: float = 0.0
    coreStiffness: float = 10.0
    seed: int = 1
    device: str = "cpu"
    threads: int = 0

    def __post_init__(self) -> None:
        _check_choice("activation", self.activation, ACTIVATIONS)
        _check_choice("output", self.output, OUTPUTS)
        _check_choice("schedule", self.schedule, SCHEDULES)
        for name in ("particlesPerBatch", "maxNeighbors", "validationInterval", "checkpointInterval", "lbfgsHistory"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "must be at least 1")
        _require(all(width >= 1 for width in self.hidden) and bool(self.hidden), "hidden", self.hidden, "needs widths")
        for name in ("cutoff", "learningRate", "finalLearningRate", "coreStiffness"):
            _require(getattr(self, name) > 0, name, getattr(self, name), "must be positive")
        _require(self.gridPoints >= 16, "gridPoints", self.gridPoints, "must be at least 16")
        _require(0 < self.heldOutFraction < 1, "heldOutFraction", self.heldOutFraction, "must lie between 0 and 1")
        _require(0 <= self.emaDecay < 1, "emaDecay", self.emaDecay, "must be at least 0 and less than 1")
        weighs = self.energyWeight > 0 or self.virialWeight > 0
        _require(
            self.pressureShift == 0 or weighs, "pressureShift", self.pressureShift, "needs energyWeight or virialWeight"
        )
        for name in _NOT_NEGATIVE:
            _require(getattr(self, name) >= 0, name, getattr(self, name), "must not be negative")

    def toDict(self) -> dict[str, Any]:
        """Return the settings as what JSON and TOML can hold."""
        result: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return result


_NOT_NEGATIVE = (
    "adamSteps",
    "warmupSteps",
    "gradientClip",
    "weightDecay",
    "energyWeight",
    "virialWeight",
    "cutoffWeight",
    "lbfgsSteps",
    "particlesPerFrame",
    "patience",
    "minimumDistance",
    "seed",
    "threads",
)


def readConfig(
    path: str | os.PathLike[str] | None = None, settings: Sequence[str] = (), kind: type[Any] = TrainingConfig
) -> Any:
    """Read settings from a TOML file and from texts such as ``adamSteps=2000``, which win.

    Parameters
    ----------
    path
        a TOML file with the names of the attributes of the kind; None reads none
    settings
        ``name=value``, where the value is written as in TOML; quotes around a text may be left out
    kind
        the class of the settings

    Raises
    ------
    ValueError
        that names the file and the key, for a key that does not exist, a value of the wrong type, or one out of range
    """
    values: dict[str, Any] = {}
    if path is not None:
        require_file(path)
        try:
            with open(path, "rb") as file:
                values.update(_convert(tomllib.load(file), kind, os.fspath(path)))
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{os.fspath(path)} is not TOML: {error}") from None
    for setting in settings:
        name, separator, text = setting.partition("=")
        if not separator:
            raise ValueError(f"the setting {setting!r} must be written name=value")
        values.update(_convert({name.strip(): _parse(text)}, kind, f"the setting {setting!r}"))
    return kind(**values)


def _parse(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def _convert(values: Mapping[str, Any], kind: type[Any], source: str) -> dict[str, Any]:
    """Check names and types of settings."""
    hints = get_type_hints(kind)
    result = {}
    for name, value in values.items():
        if name not in hints:
            raise ValueError(f"{source}: there is no setting {name!r}; the settings are {', '.join(sorted(hints))}")
        result[name] = _convert_value(value, hints[name], f"{source}: {name}")
    return result


def _convert_value(value: Any, hint: Any, where: str) -> Any:
    items = get_args(hint)
    if items:  # tuple[X, ...]
        if not isinstance(value, list):
            raise ValueError(f"{where} must be a list, but is {value!r}")
        return tuple(_convert_value(item, items[0], where) for item in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not hint:
        raise ValueError(f"{where} must be of type {hint.__name__}, but is {value!r}")
    return value


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    _require(value in choices, name, value, f"must be one of {', '.join(choices)}")


def _require(condition: bool, name: str, value: Any, rule: str) -> None:
    if not condition:
        raise ValueError(f"the setting {name} {rule}, but is {value!r}")
