# SPDX-License-Identifier: MIT
"""The evaluation of models in numeric formats: forces on held-out data, and rollouts."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import openmm

import openmmsurrogate
from openmmsurrogate.data import ForceDataset
from openmmsurrogate.evaluation.candidates import Candidate, makeSurrogateSystem
from openmmsurrogate.evaluation.force_fidelity import (
    ForceFidelity,
    ForceSettings,
    HeldOut,
    evaluateForces,
    readHeldOut,
)
from openmmsurrogate.evaluation.rollout import Rollout, RolloutSettings, makeStart, runRollout
from openmmsurrogate.evaluation.rollout_comparison import RolloutComparison, compareRollouts

Report = Callable[[str, float], None]
"""Called as (what is being done, its finished fraction)."""


@dataclass(frozen=True)
class ModelEvaluation:
    """What was found of one model in one format."""

    candidate: Candidate
    fidelity: tuple[ForceFidelity, ...]
    """For each data set."""
    rollout: Rollout | None
    comparison: RolloutComparison | None


@dataclass(frozen=True)
class Evaluation:
    """What was found of all models."""

    heldOut: tuple[HeldOut, ...]
    forceSettings: ForceSettings
    settings: RolloutSettings | None
    """None if there were no rollouts."""
    reference: Rollout | None
    models: tuple[ModelEvaluation, ...]

    def asDict(self, entry: ModelEvaluation) -> dict[str, Any]:
        """Return what was found of one of the models, as JSON can hold it."""
        result: dict[str, Any] = {
            "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
            "versions": {"openmm": openmm.version.full_version, "openmm-surrogate": openmmsurrogate.__version__},
            "model": entry.candidate.describe(),
            "forces": [fidelity.asDict() for fidelity in entry.fidelity],
        }
        if self.settings is not None and self.reference is not None and entry.rollout is not None:
            result["rollouts"] = {
                "settings": asdict(self.settings) | {"method": self.settings.method.name},
                "reference": self.reference.asDict(),
                "model": entry.rollout.asDict(),
                "comparison": None if entry.comparison is None else entry.comparison.asDict(),
            }
        return result

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write a JSON file per model, named after its label, and return their paths."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        paths = []
        for entry in self.models:
            path = Path(folder) / f"{entry.candidate.label}.json"
            path.write_text(json.dumps(self.asDict(entry), indent=1) + "\n")
            paths.append(path)
        return paths


def evaluateModels(
    candidates: Sequence[Candidate],
    dataPaths: Sequence[str | os.PathLike[str]],
    settings: RolloutSettings | None = None,
    reference: openmm.System | None = None,
    report: Report | None = None,
    forceSettings: ForceSettings | None = None,
) -> Evaluation:
    """Evaluate models on held-out data and, if settings are given, in rollouts.

    Parameters
    ----------
    candidates
        the models
    dataPaths
        files of force data which no model was trained on; rollouts start from the first frame of the first
    settings
        of the rollouts; None for none
    reference
        the System that the models replace in rollouts; None for that in the first file
    report
        called now and then
    forceSettings
        how forces in held-out data are evaluated; None takes the defaults

    Raises
    ------
    ValueError
        if there are no models or no data, a data set is damaged, has types that a model lacks, or does not fit the
        reference, or a rollout becomes unstable
    """
    if not candidates or not dataPaths:
        raise ValueError("an evaluation needs a model and a data set")
    tell, chosen = report or (lambda *_: None), forceSettings or ForceSettings()
    cutoff = min(candidate.model.getCutoff()._value for candidate in candidates)
    heldOut, fidelity = [], []
    for path in dataPaths:
        with ForceDataset(path) as dataset:
            heldOut.append(readHeldOut(dataset, cutoff))
            fidelity.append([_evaluate_forces(c, dataset, heldOut[-1], chosen, tell) for c in candidates])
    reached, rollouts = (
        (None, [None] * len(candidates))
        if settings is None
        else _run_rollouts(candidates, dataPaths[0], heldOut[0], settings, reference, tell)
    )
    models = [
        ModelEvaluation(
            candidate,
            tuple(entries),
            rollout,
            None if rollout is None or reached is None else compareRollouts(reached, rollout),
        )
        for candidate, entries, rollout in zip(candidates, zip(*fidelity, strict=True), rollouts, strict=True)
    ]
    return Evaluation(tuple(heldOut), chosen, settings, reached, tuple(models))


def _evaluate_forces(
    candidate: Candidate, dataset: ForceDataset, heldOut: HeldOut, settings: ForceSettings, tell: Report
) -> ForceFidelity:
    done = 0

    def report() -> None:
        nonlocal done
        done += 1
        tell(f"forces of {candidate.label} in {heldOut.name}", done / dataset.numFrames)

    return evaluateForces(candidate, dataset, heldOut, report, settings)


def _run_rollouts(
    candidates: Sequence[Candidate],
    path: str | os.PathLike[str],
    heldOut: HeldOut,
    settings: RolloutSettings,
    reference: openmm.System | None,
    tell: Report,
) -> tuple[Rollout, list[Rollout | None]]:
    with ForceDataset(path) as dataset:
        system = _find_reference(dataset) if reference is None else reference
        if system.getNumParticles() != dataset.numParticles:
            raise ValueError(
                f"the reference System has {system.getNumParticles()} particles, but {path} {dataset.numParticles}"
            )
        systems = [makeSurrogateSystem(system, candidate, dataset, settings.method) for candidate in candidates]
    start = makeStart(system, heldOut.positions[0], heldOut.boxes[0], heldOut.typed, settings)
    labels = ["the reference", *(candidate.label for candidate in candidates)]
    rollouts = [
        runRollout(current, start, settings, partial(tell, f"rollout of {label}"))
        for label, current in zip(labels, [system, *systems], strict=True)
    ]
    return rollouts[0], [*rollouts[1:]]


def _find_reference(dataset: ForceDataset) -> openmm.System:
    if dataset.systemXML is None:
        raise ValueError(f"{dataset.path} does not hold the System of its forces: give the reference for rollouts")
    return openmm.XmlSerializer.deserialize(dataset.systemXML)
