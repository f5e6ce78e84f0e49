# SPDX-License-Identifier: MIT
"""The models to evaluate, each in a numeric format."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openmm

from openmmsurrogate._options import EvaluationMethod, Precision
from openmmsurrogate.data import ForceDataset
from openmmsurrogate.force import SurrogateForce
from openmmsurrogate.model import SurrogateModel
from openmmsurrogate.network import NumericFormat

WHOLE = ":all"
"""Ending of a format's name that asks for the format in all layers, the first and the last too."""


@dataclass(frozen=True)
class Candidate:
    """A model in a numeric format."""

    label: str
    model: SurrogateModel
    format: Precision
    variant: str
    """How the model came to its format: "trained" (as it is), "plain" (rounded), or what its file says."""
    source: str
    """Name or path of the model."""

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the model comes from, as its file says."""
        found: dict[str, Any] = json.loads(self.model.getProvenance())
        return found

    def describe(self) -> dict[str, Any]:
        """Return what the results say of the model."""
        return {
            "label": self.label,
            "file": Path(self.source).name,
            "format": NumericFormat.getName(self.format),
            "variant": self.variant,
            "endLayersSingle": self.model.getEndLayersSingle(),
        }

    def makeForce(self, dataset: ForceDataset) -> SurrogateForce:
        """Make a force for the particles of a data set. Raises ValueError if the model lacks one of their types."""
        known = self.model.getTypeNames()
        missing = [name for name in dataset.typeNames if name not in known]
        if missing:
            raise ValueError(
                f"{self.source} has no type {', '.join(missing)}, which {dataset.path} has; its types are "
                f"{', '.join(known)}"
            )
        force = SurrogateForce(self.model)
        force.setPrecision(self.format)
        force.setUsesPeriodicBoundaryConditions(dataset.periodic)
        indices = [known.index(name) for name in dataset.typeNames]
        for kind in dataset.typeIndices.tolist():
            force.addParticle(-1 if kind < 0 else indices[kind])
        for i, j in dataset.exclusions.tolist():
            force.addExclusion(i, j)
        return force


def loadCandidates(models: Sequence[str | os.PathLike[str]], plainFormats: Sequence[str] = ()) -> list[Candidate]:
    """Load models, each in its own format, and those without one in further formats, to which they are plainly rounded.

    Parameters
    ----------
    models
        names of shipped models, or .safetensors files. A model that has no format of its own runs in single.
    plainFormats
        formats, such as "bfloat16", or "bfloat16:all" with the first and the last layer in that format, too

    Raises
    ------
    ValueError
        if two models have the same label, or there is no such format
    OpenMMException
        if a model cannot be read
    """
    candidates = []
    for path in models:
        name = os.fspath(path)
        model = SurrogateModel.load(name)
        label, own = Path(name).name.removesuffix(".safetensors"), model.getFormat()
        if own != Precision.Default:
            candidates.append(Candidate(label, model, own, _variant_of(model), name))
            continue
        candidates.append(Candidate(label, model, Precision.Single, _variant_of(model), name))
        candidates += [_round_plainly(label, model, text, name) for text in plainFormats]
    labels = [candidate.label for candidate in candidates]
    twice = {label for label in labels if labels.count(label) > 1}
    if twice:
        raise ValueError(f"several models are called {', '.join(sorted(twice))}: give their files other names")
    return candidates


def _variant_of(model: SurrogateModel) -> str:
    quantization = json.loads(model.getProvenance()).get("quantization")
    if isinstance(quantization, dict):
        return str(quantization.get("method", "quantized"))
    return "trained"


def _round_plainly(label: str, model: SurrogateModel, text: str, source: str) -> Candidate:
    try:
        format = NumericFormat.parse(text.removesuffix(WHOLE))
    except openmm.OpenMMException as error:
        raise ValueError(f"{error}; each may be followed by {WHOLE}, for all layers") from None
    rounded = copy.copy(model)
    rounded.setEndLayersSingle(not text.endswith(WHOLE))
    variant = "plain, all layers" if text.endswith(WHOLE) else "plain"
    ending = "-all" if text.endswith(WHOLE) else ""
    return Candidate(f"{label}-{NumericFormat.getName(format)}{ending}", rounded, format, variant, source)


def makeSurrogateSystem(
    reference: openmm.System,
    candidate: Candidate,
    dataset: ForceDataset,
    method: EvaluationMethod = EvaluationMethod.Automatic,
) -> openmm.System:
    """Return the reference System with a candidate in place of the forces that the data set records.

    Forces of other groups stay, if only some were recorded.
    """
    groups = dataset.metadata.get("sampling", {}).get("forceGroups")
    system: openmm.System = openmm.XmlSerializer.clone(reference)
    for i in reversed(range(system.getNumForces())):
        if groups is None or system.getForce(i).getForceGroup() in groups:
            system.removeForce(i)
    force = candidate.makeForce(dataset)
    force.setEvaluationMethod(method)
    system.addForce(force)
    return system
