# SPDX-License-Identifier: MIT
"""Evaluation of models: forces on held-out data, simulations beside the reference, and whether a model applies."""

from openmmsurrogate._warnings import ApplicabilityWarning
from openmmsurrogate.evaluation.applicability import Applicability, checkApplicability
from openmmsurrogate.evaluation.candidates import Candidate, loadCandidates, makeSurrogateSystem
from openmmsurrogate.evaluation.evaluate import Evaluation, ModelEvaluation, evaluateModels
from openmmsurrogate.evaluation.force_fidelity import (
    BinError,
    ForceFidelity,
    ForceSettings,
    HeldOut,
    evaluateForces,
    readHeldOut,
)
from openmmsurrogate.evaluation.rollout import Rollout, RolloutSettings, Start, makeStart, runRollout
from openmmsurrogate.evaluation.rollout_comparison import RolloutComparison, compareRollouts
from openmmsurrogate.evaluation.tables import describeApplicability, describeCorePairs, formatMarkdown, makeTables

__all__ = [
    "Applicability",
    "ApplicabilityWarning",
    "BinError",
    "Candidate",
    "Evaluation",
    "ForceFidelity",
    "ForceSettings",
    "HeldOut",
    "ModelEvaluation",
    "Rollout",
    "RolloutComparison",
    "RolloutSettings",
    "Start",
    "checkApplicability",
    "compareRollouts",
    "describeApplicability",
    "describeCorePairs",
    "evaluateForces",
    "evaluateModels",
    "formatMarkdown",
    "loadCandidates",
    "makeStart",
    "makeSurrogateSystem",
    "makeTables",
    "readHeldOut",
    "runRollout",
]
