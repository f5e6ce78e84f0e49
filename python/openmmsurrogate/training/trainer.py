# SPDX-License-Identifier: MIT
"""The training of a SurrogateModel: Adam, L-BFGS, refit; validated, checkpointed and resumable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from openmmsurrogate._torch import torch
from openmmsurrogate.training.checkpoint import (
    InterruptionGuard,
    TrainingInterrupted,
    load_checkpoint,
    save_checkpoint,
)
from openmmsurrogate.training.config import TrainingConfig
from openmmsurrogate.training.dataset import TrainingData
from openmmsurrogate.training.loss import FrameLoss, copy_parameters, set_parameters
from openmmsurrogate.training.networks import PairModule
from openmmsurrogate.training.refit import refit_readout
from openmmsurrogate.training.stages import AdamStage, LBFGSStage, make_quadratic

Stage = AdamStage | LBFGSStage
STAGES: tuple[type[AdamStage] | type[LBFGSStage], ...] = (AdamStage, LBFGSStage)


@dataclass
class CurvePoint:
    """Mean squared errors of standardized force components at a step; training is that since the last point."""

    stage: str
    step: int
    training: float
    heldOut: float


@dataclass
class Progress:
    """What has been reached, as reporters see it and checkpoints keep it."""

    curve: list[CurvePoint] = field(default_factory=list)
    bestHeldOut: float = float("inf")
    bestParameters: list[torch.Tensor] = field(default_factory=list)
    validationsWithoutGain: int = 0
    lossesSinceValidation: list[float] = field(default_factory=list)
    refitKept: bool = False


# Called with the stage, its step and its number of steps, and the progress.
Reporter = Callable[[str, int, int, Progress], None]


class Trainer:
    """Trains the networks of one model.

    Parameters
    ----------
    data
        frames
    config
        settings
    checkpoint
        file for the state; remove_checkpoint() when the result is safe. None keeps no state
    reporter
        is told about every step

    Attributes
    ----------
    networks
        one module per pair of types; after run() in double precision, with parameters that single precision holds
    progress
        learning curve and best parameters
    """

    def __init__(
        self,
        data: TrainingData,
        config: TrainingConfig,
        checkpoint: Path | None = None,
        reporter: Reporter | None = None,
    ) -> None:
        self.data, self.config, self.checkpoint, self.reporter = data, config, checkpoint, reporter
        if config.threads:
            torch.set_num_threads(config.threads)
        random = np.random.default_rng([config.seed, 0])
        self.networks = []
        for low in data.minimumDistances / data.cutoff:
            network = PairModule(config.hidden, config.activation, config.coefficients, config.output)
            network.initialize(low, random)
            self.networks.append(network.to(config.device))
        self.progress = Progress()
        # Errors of forces alone: the curve has one meaning, whatever terms the loss has.
        self.heldOut = FrameLoss(data.heldOutEquations.quadratic(), data.heldOutEquations.grid, config.device)
        self.stage: Stage | None = None
        self._stage_index = 0

    def run(self, resume: bool = False) -> None:
        """Train.

        Parameters
        ----------
        resume
            go on from the checkpoint

        Raises
        ------
        TrainingInterrupted
            after Ctrl-C, with the state saved
        ValueError
            if the checkpoint belongs to other data or settings, or the loss is not finite any more
        """
        with InterruptionGuard() as guard:
            if resume:
                self._restore()
            for index in range(self._stage_index, len(STAGES)):
                if self.stage is None:
                    self._stage_index, self.stage = index, STAGES[index](self.networks, self.data, self.config)
                self._run_stage(self.stage, guard)
                self._save(self.stage)
                self._take_best()
                self.stage = None
            self._finish()

    def remove_checkpoint(self) -> None:
        """Remove the file of the state, if there is one."""
        if self.checkpoint is not None:
            self.checkpoint.unlink(missing_ok=True)

    def _run_stage(self, stage: Stage, guard: InterruptionGuard) -> None:
        losses = self.progress.lossesSinceValidation
        while not stage.finished and not self._has_stalled(stage):
            if guard.requested:
                self._interrupt(stage)
            before = stage.step
            losses.append(stage.advance())
            if not np.isfinite(losses[-1]):
                raise ValueError(
                    f"the loss is not finite at step {stage.step} of {stage.name}; lower learningRate, or set "
                    "gradientClip"
                )
            if isinstance(stage, LBFGSStage) or stage.step % self.config.validationInterval == 0 or stage.finished:
                self._validate(stage, float(np.mean(losses)))
                losses.clear()
            # Stages may take several steps at once, and then pass a multiple of the interval without meeting it.
            if stage.step // self.config.checkpointInterval > before // self.config.checkpointInterval:
                self._save(stage)
            if self.reporter is not None:
                total = self.config.adamSteps if isinstance(stage, AdamStage) else self.config.lbfgsSteps
                self.reporter(stage.name, stage.step, total, self.progress)

    def _validate(self, stage: Stage, training: float) -> None:
        progress, current = self.progress, copy_parameters(self.networks)
        candidate = stage.current_parameters()
        set_parameters(self.networks, candidate)
        with torch.no_grad():
            heldOut = float(self.heldOut(self.networks))
        set_parameters(self.networks, current)
        progress.curve.append(CurvePoint(stage.name, stage.step, training, heldOut))
        progress.validationsWithoutGain += 1
        if heldOut < progress.bestHeldOut:
            progress.bestHeldOut, progress.bestParameters = heldOut, candidate
            progress.validationsWithoutGain = 0

    def _has_stalled(self, stage: Stage) -> bool:
        patience = self.config.patience
        return isinstance(stage, AdamStage) and 0 < patience <= self.progress.validationsWithoutGain

    def _take_best(self) -> None:
        if self.progress.bestParameters:
            set_parameters(self.networks, self.progress.bestParameters)
        self.progress.validationsWithoutGain = 0

    def _finish(self) -> None:
        for network in self.networks:
            network.double()
        self._take_best()
        if self.config.refit:
            equations, config = self.data.equations, self.config
            quadratic = make_quadratic(self.data, config)
            training = FrameLoss(quadratic, equations.grid, config.device)
            self.progress.refitKept = refit_readout(self.networks, quadratic, training, self.heldOut)

    def _interrupt(self, stage: Stage) -> None:
        if self.checkpoint is None:
            raise TrainingInterrupted("interrupted; there is no checkpoint file, so that nothing was kept")
        self._save(stage)
        raise TrainingInterrupted(
            f"interrupted at step {stage.step} of {stage.name}; the state is in {self.checkpoint}. To go on, run the "
            "same command with --resume"
        )

    def _save(self, stage: Stage) -> None:
        if self.checkpoint is None:
            return
        progress = self.progress
        save_checkpoint(
            self.checkpoint,
            {
                "config": self.config.toDict(),
                "fingerprint": self.data.fingerprint,
                "stage": self._stage_index,
                "stageState": stage.save(),
                "curve": [[p.stage, p.step, p.training, p.heldOut] for p in progress.curve],
                "bestHeldOut": progress.bestHeldOut,
                "bestParameters": progress.bestParameters,
                "validationsWithoutGain": progress.validationsWithoutGain,
                "lossesSinceValidation": progress.lossesSinceValidation,
            },
        )

    def _restore(self) -> None:
        if self.checkpoint is None or not self.checkpoint.exists():
            raise ValueError(f"there is no checkpoint {self.checkpoint} to resume from")
        state = load_checkpoint(self.checkpoint)
        _check_settings(state["config"], self.config.toDict(), self.checkpoint)
        if state["fingerprint"] != self.data.fingerprint:
            raise ValueError(f"{self.checkpoint} belongs to a training with other data")
        self._stage_index = state["stage"]
        self.stage = STAGES[self._stage_index](self.networks, self.data, self.config)
        self.stage.restore(state["stageState"])
        self.progress = Progress(
            [CurvePoint(*point) for point in state["curve"]],
            state["bestHeldOut"],
            list(state["bestParameters"]),
            state["validationsWithoutGain"],
            list(state["lossesSinceValidation"]),
        )


def _check_settings(saved: dict[str, Any], current: dict[str, Any], path: Path) -> None:
    changed: Sequence[str] = [k for k in current if saved.get(k) != current[k]]
    if changed:
        raise ValueError(
            f"{path} was made with other settings: "
            + ", ".join(f"{k} = {saved.get(k)!r} instead of {current[k]!r}" for k in changed)
            + "; resume with the same, or remove the file to start anew"
        )
