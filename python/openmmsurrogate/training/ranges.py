# SPDX-License-Identifier: MIT
"""Ranges of density, composition and coordination for models that were trained before files had them."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from openmmsurrogate.data import ForceDataset
from openmmsurrogate.model import SurrogateModel
from openmmsurrogate.training.config import TrainingConfig
from openmmsurrogate.training.dataset import compute_fingerprint, read_neighbors, split_frames
from openmmsurrogate.training.frames import PairTypes
from openmmsurrogate.training.surroundings import describe_surroundings


def addRanges(model: SurrogateModel, paths: Sequence[str | os.PathLike[str]]) -> bool:
    """Add the ranges that ``SurrogateForce.checkInContext`` compares with to a model, as training computes them.

    Nothing but the provenance of the model changes. It also tells from which frames the ranges are.

    Parameters
    ----------
    model
        one from ``openmm-surrogate train``, or made from such a one
    paths
        its training files, in their order; or files sampled again by the same recipe, where those are lost

    Returns
    -------
    bool
        whether the files have the very frames of the training

    Raises
    ------
    ValueError
        if the model's file does not tell its training, or the files do not have its types
    """
    provenance: dict[str, Any] = json.loads(model.getProvenance())
    if "training" not in provenance:
        raise ValueError("the model does not come from openmm-surrogate train: its provenance tells no training")
    training, config, defaults = provenance["training"], provenance.get("config", {}), TrainingConfig()
    pairTypes, cutoff = PairTypes.all_pairs(model.getTypeNames()), model.getCutoff()._value
    fraction = config.get("heldOutFraction", defaults.heldOutFraction)
    maxNeighbors = config.get("maxNeighbors", defaults.maxNeighbors)
    names = [os.fspath(path) for path in paths]
    with ExitStack() as stack:
        datasets = [stack.enter_context(ForceDataset(name)) for name in names]
        for dataset, name in zip(datasets, names, strict=True):
            if set(dataset.typeNames) != set(pairTypes.names):
                raise ValueError(
                    f"{name} has the types {list(dataset.typeNames)}, but the model {list(pairTypes.names)}"
                )
        splits = [split_frames(dataset, fraction, name) for dataset, name in zip(datasets, names, strict=True)]
        frames = read_neighbors(datasets, names, [split[0] for split in splits], cutoff, pairTypes, maxNeighbors)
        training |= describe_surroundings(datasets, splits, list(frames))
        fingerprint = compute_fingerprint(datasets)
    same = bool(fingerprint == training.get("fingerprint"))
    training["ranges_added"] = {
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "function": "openmmsurrogate.training.addRanges",
        "files": [os.path.basename(name) for name in names],
        "fingerprint": fingerprint,
        "frames": "those of the training" if same else "sampled again; those of the training are others",
    }
    model.setProvenance(json.dumps(provenance))
    return same
