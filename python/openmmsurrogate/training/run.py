# SPDX-License-Identifier: MIT
"""From files of forces to a SurrogateModel, in one call."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openmmsurrogate._torch import torch
from openmmsurrogate.analysis import ForceMetrics, compareForces
from openmmsurrogate.data import ForceDataset
from openmmsurrogate.model import SurrogateModel
from openmmsurrogate.training.config import TrainingConfig
from openmmsurrogate.training.dataset import TrainingData, load_data
from openmmsurrogate.training.export import create_model
from openmmsurrogate.training.frames import make_batch
from openmmsurrogate.training.networks import evaluate_networks
from openmmsurrogate.training.trainer import CurvePoint, Reporter, Trainer


@dataclass(frozen=True)
class TrainingResult:
    """What train() returns.

    Attributes
    ----------
    model
        the trained model
    curve
        learning curve
    heldOut
        agreement of forces on the held-out frames, kJ/mol/nm
    refitKept
        whether the refit of the readout lowered the held-out error
    """

    model: SurrogateModel
    curve: list[CurvePoint]
    heldOut: ForceMetrics
    refitKept: bool


def openData(paths: Sequence[str | os.PathLike[str]], config: TrainingConfig) -> TrainingData:
    """Read files of forces (see ``openmmsurrogate.data``). Errors are those of train()."""
    with ExitStack() as stack:
        datasets = [stack.enter_context(ForceDataset(path)) for path in paths]
        return load_data(datasets, [os.fspath(path) for path in paths], config)


def train(
    paths: Sequence[str | os.PathLike[str]],
    config: TrainingConfig | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    reporter: Reporter | None = None,
    keepCheckpoint: bool = False,
) -> TrainingResult:
    """Train a SurrogateModel on positions and forces.

    Parameters
    ----------
    paths
        HDF5 files from ``openmm-surrogate sample`` with the same particle types; several may have several temperatures
        and volumes
    config
        settings; None takes the defaults
    checkpoint
        file that keeps the state of an interrupted training; removed when the result is made
    resume
        go on from the checkpoint: the result is that of a training without interruption, bit by bit on the same machine
    reporter
        called after each step with the stage's name, its step and number of steps, and the progress
    keepCheckpoint
        leave the last checkpoint in place, for callers that remove it when they have saved the model: from it, resume
        makes the same result again without further steps

    Raises
    ------
    ValueError
        for data that are not finite, do not fit together or leave nothing to train on or to validate with, for more
        than maxNeighbors neighbors, and for a checkpoint of another training
    TrainingInterrupted
        after Ctrl-C, with the state saved
    """
    settings = config or TrainingConfig()
    data = openData(paths, settings)
    trainer = Trainer(data, settings, None if checkpoint is None else Path(checkpoint), reporter)
    trainer.run(resume)
    result = TrainingResult(
        create_model(trainer), trainer.progress.curve, measure_held_out(trainer), trainer.progress.refitKept
    )
    if not keepCheckpoint:
        trainer.remove_checkpoint()
    return result


def measure_held_out(trainer: Trainer) -> ForceMetrics:
    """Compare the summed forces on all particles of the held-out frames, pair by pair, with the reference."""
    data, true, predicted = trainer.data, [], []
    for frame in data.heldOut:
        for particles in np.array_split(frame.active, max(1, len(frame.active) // 1000)):
            batch = make_batch(frame, particles, trainer.config.device)
            with torch.no_grad():
                weight = evaluate_networks(trainer.networks, batch.distance / data.cutoff, batch.network)
                forces = torch.zeros_like(batch.forces).index_add(0, batch.particle, weight[:, None] * batch.direction)
            true.append(batch.forces.cpu().numpy())
            predicted.append(data.deviation * forces.cpu().numpy())
    return compareForces(np.concatenate(true), np.concatenate(predicted))
