# SPDX-License-Identifier: MIT
"""The SurrogateModel that a training ends with."""

from __future__ import annotations

import datetime
import json
import platform
from typing import Any

import numpy as np
import openmm

import openmmsurrogate
from openmmsurrogate._torch import torch
from openmmsurrogate.model import SurrogateModel
from openmmsurrogate.training.loss import to_numpy
from openmmsurrogate.training.trainer import Trainer


def create_model(trainer: Trainer) -> SurrogateModel:
    """Return the model of a finished training, with its core, histogram, energy offsets and provenance."""
    data, config = trainer.data, trainer.config
    model = SurrogateModel(data.pairTypes.names, data.cutoff)
    for index, module in enumerate(trainer.networks):
        network = module.to_network(data.deviation, data.cutoff)
        network.setCore(float(data.minimumDistances[index]), config.coreStiffness)
        network.setTrainingHistogram(data.histograms[index])
        number = model.addNetwork(network)
        for a, b in np.argwhere(data.pairTypes.table == index):
            model.setPairNetwork(int(a), int(b), number)
    with torch.no_grad():
        values = to_numpy(trainer.heldOut.evaluate_nodes(trainer.networks))
    # The largest attraction: the force of a liquid's pairs, to which errors of tables are relative.
    model.setForceScale(max(0.0, -data.deviation * float(values.min())))
    if config.energyWeight > 0:
        offsets = data.equations.fit_offsets(values)
        for type_, offset in enumerate(offsets):
            model.setEnergyOffset(type_, float(offset))
    model.setProvenance(json.dumps(describe(trainer)))
    return model


def describe(trainer: Trainer) -> dict[str, Any]:
    """Return where the model comes from, as its file keeps it."""
    data, progress = trainer.data, trainer.progress
    return {
        "command": "openmm-surrogate train",
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "config": trainer.config.toDict(),
        "data": data.sources,
        "training": {
            "pairs": int(data.histograms.sum()),
            "smallest_distance_nm": [float(d) for d in data.closest],
            "force_standard_deviation_kJ_per_mol_nm": data.deviation,
            **data.surroundings,
            "fingerprint": data.fingerprint,
            "held_out_error": float(np.sqrt(max(0.0, held_out_error(trainer)))),
            "refit_kept": progress.refitKept,
            "learning_curve": [[p.stage, p.step, p.training, p.heldOut] for p in progress.curve],
        },
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": torch.__version__,
            "openmm": openmm.__version__,
            "openmm-surrogate": openmmsurrogate.__version__,
        },
    }


def held_out_error(trainer: Trainer) -> float:
    """Return the mean squared error of standardized force components over the held-out frames."""
    with torch.no_grad():
        return float(trainer.heldOut(trainer.networks))
