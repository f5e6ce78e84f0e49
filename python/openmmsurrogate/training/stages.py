# SPDX-License-Identifier: MIT
"""The stages of a training. Each knows how to take a step and how to save and restore its state."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from openmmsurrogate._torch import torch
from openmmsurrogate.training.config import TrainingConfig
from openmmsurrogate.training.dataset import TrainingData, choose_particles
from openmmsurrogate.training.frames import make_batch
from openmmsurrogate.training.loss import FrameLoss, compute_batch_loss, copy_parameters, measure_decay, set_parameters
from openmmsurrogate.training.networks import PairModule
from openmmsurrogate.training.normal_equations import Quadratic
from openmmsurrogate.training.schedule import compute_learning_rate

_LBFGS_BLOCK = 20  # iterations between validations


class AdamStage:
    """The report's recipe: each step sees random particles of one random frame."""

    name = "adam"

    def __init__(self, networks: Sequence[PairModule], data: TrainingData, config: TrainingConfig) -> None:
        self.networks, self.data, self.config = networks, data, config
        self.parameters = [p for network in networks for p in network.parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=config.learningRate)
        self.random = np.random.default_rng([config.seed, 2])
        self.average = copy_parameters(networks)
        self.step = 0
        self.extra: FrameLoss | None = None
        if config.energyWeight > 0 or config.virialWeight > 0 or config.cutoffWeight > 0:
            self.extra = _make_extra_loss(data, config)

    @property
    def finished(self) -> bool:
        """Whether all steps have been taken."""
        return self.step >= self.config.adamSteps

    def advance(self) -> float:
        """Take a step and return its loss."""
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = compute_learning_rate(config, self.step)
        frame = self.data.training[self.random.integers(len(self.data.training))]
        particles = choose_particles(frame, config.particlesPerBatch, self.random)
        batch = make_batch(frame, particles, config.device)
        loss = compute_batch_loss(self.networks, batch, self.data.cutoff, self.data.deviation)
        if self.extra is not None:
            loss = loss + self.extra(self.networks)
        total = loss + config.weightDecay * measure_decay(self.networks)
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        if config.gradientClip > 0:
            torch.nn.utils.clip_grad_norm_(self.parameters, config.gradientClip)
        self.optimizer.step()
        self.step += 1
        self._update_average()
        return float(loss.detach())

    def _update_average(self) -> None:
        # The bias of the start is removed as in Adam: the first average is the first value.
        decay = min(self.config.emaDecay, self.step / (self.step + 9.0)) if self.config.emaDecay > 0 else 0.0
        with torch.no_grad():
            for average, parameter in zip(self.average, self.parameters, strict=True):
                average.lerp_(parameter, 1.0 - decay)

    def current_parameters(self) -> list[torch.Tensor]:
        """Return what is validated and kept: the averaged parameters."""
        return [a.clone() for a in self.average]

    def save(self) -> dict[str, Any]:
        """Return the state."""
        return {
            "step": self.step,
            "parameters": copy_parameters(self.networks),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
            "random": json.dumps(self.random.bit_generator.state),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Set the state."""
        self.step = state["step"]
        set_parameters(self.networks, state["parameters"])
        self.average = [a.to(self.config.device) for a in state["average"]]
        self.optimizer.load_state_dict(state["optimizer"])
        self.random.bit_generator.state = json.loads(state["random"])


def make_quadratic(data: TrainingData, config: TrainingConfig, forceWeight: float = 1.0) -> Quadratic:
    """Return the loss over all training frames with the weights of the settings."""
    return data.equations.quadratic(
        config.energyWeight, config.virialWeight, forceWeight, cutoffWeight=config.cutoffWeight
    )


def _make_extra_loss(data: TrainingData, config: TrainingConfig) -> FrameLoss:
    """Return all terms but that of forces, over all training frames."""
    quadratic = make_quadratic(data, config, forceWeight=0.0)
    return FrameLoss(quadratic, data.equations.grid, config.device)


class LBFGSStage:
    """Iterations in double precision on the loss over all training frames."""

    name = "lbfgs"

    def __init__(self, networks: Sequence[PairModule], data: TrainingData, config: TrainingConfig) -> None:
        self.networks, self.config = networks, config
        for network in networks:
            network.double()
        quadratic = make_quadratic(data, config)
        self.loss = FrameLoss(quadratic, data.equations.grid, config.device)
        self.parameters = [p for network in networks for p in network.parameters()]
        self.optimizer = torch.optim.LBFGS(
            self.parameters,
            history_size=config.lbfgsHistory,
            tolerance_grad=0.0,
            tolerance_change=0.0,
            line_search_fn="strong_wolfe",
        )
        self.step = 0
        self.converged = False

    @property
    def finished(self) -> bool:
        """Whether all steps have been taken, or no step lowers the loss any more."""
        return self.converged or self.step >= self.config.lbfgsSteps

    def advance(self) -> float:
        """Take some steps and return the loss before them."""
        before = copy_parameters(self.networks)
        iterations = min(_LBFGS_BLOCK, self.config.lbfgsSteps - self.step)
        for group in self.optimizer.param_groups:
            group.update(max_iter=iterations, max_eval=2 * iterations)

        def closure() -> torch.Tensor:
            self.optimizer.zero_grad(set_to_none=True)
            total = self.loss(self.networks) + self.config.weightDecay * measure_decay(self.networks)
            total.backward()
            return total

        value = float(self.optimizer.step(closure).detach())
        self.step += iterations
        after = copy_parameters(self.networks)
        if not all(bool(torch.isfinite(a).all()) for a in after):
            set_parameters(self.networks, before)
            self.converged = True
        elif all(torch.equal(a, b) for a, b in zip(before, after, strict=True)):
            self.converged = True
        return value

    def current_parameters(self) -> list[torch.Tensor]:
        """Return what is validated and kept."""
        return copy_parameters(self.networks)

    def save(self) -> dict[str, Any]:
        """Return the state."""
        return {
            "step": self.step,
            "converged": self.converged,
            "parameters": copy_parameters(self.networks),
            "optimizer": self.optimizer.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Set the state."""
        self.step, self.converged = state["step"], state["converged"]
        set_parameters(self.networks, state["parameters"])
        self.optimizer.load_state_dict(state["optimizer"])
