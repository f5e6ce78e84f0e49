# SPDX-License-Identifier: MIT
"""The study of argon: Lennard-Jones beside its surrogate, as table and as network in every numeric format."""

from __future__ import annotations

import itertools
from functools import partial

from openmmsurrogate.force import SurrogateForce
from openmmsurrogate.study.contestants import (
    Contestant,
    makeNoForce,
    makeNonbonded,
    makeShiftedLennardJones,
    makeSurrogate,
)
from openmmsurrogate.study.experiment import PRECISIONS, Experiment, findReferenceSize, listIdle, orderSizes
from openmmsurrogate.study.materials import ARGON
from openmmsurrogate.study.reproducibility import measureReproducibility
from openmmsurrogate.study.settings import StudySettings
from openmmsurrogate.study.speed import makeTiming
from openmmsurrogate.study.structure import makeExact, measureStructure

MODEL = "argon"
FORMATS = ("double", "single", "tf32", "bfloat16", "float16", "float8", "int8", "int4")
SCALING_FORMATS = ("single", "bfloat16")
"""Formats at every size: those of the report's figure 13."""
TRAINED = ("argon-bf16", "argon-int4")
"""Shipped models that were fine-tuned for their format: for those of the report's figure 11."""


def makeLennardJones(
    precision: str = "single", platform: str | None = None, ensembles: bool = True, split: bool = True
) -> Contestant:
    """Return OpenMM's own force in a precision of CUDA, or on another platform."""
    return Contestant(
        f"lj-{platform.lower() if platform else precision}",
        f"Lennard-Jones, {f'platform {platform}' if platform else precision}",
        makeNonbonded,
        precision,
        platform,
        system="lj",
        ensembles=ensembles,
        split=split,
        reorders=True,
        comparableEnergy=False,
    )


def makeTable(precision: str = "single") -> Contestant:
    """Return the surrogate as table, in a format that is also the Context's precision."""
    make = makeSurrogate(MODEL, SurrogateForce.Table, precision)
    return Contestant(
        f"table-{precision}", f"surrogate, table, {precision}", make, precision, ensembles=precision == "single"
    )


def makeNetwork(format: str) -> Contestant:
    """Return the surrogate as network in a numeric format."""
    make = makeSurrogate(MODEL, SurrogateForce.Network, format)
    precision = "double" if format == "double" else "single"
    return Contestant(f"network-{format}", f"surrogate, network, {format}", make, precision)


NO_FORCE = Contestant("none", "no force", makeNoForce)


def listSpeedContestants(settings: StudySettings, size: int) -> list[Contestant]:
    """Return who is timed at a size; all formats at the one that is nearest to the report's."""
    gpu = settings.platform == "CUDA"
    isReference = size == findReferenceSize(settings.sizes)
    if gpu:
        contestants = [makeLennardJones(name, split=isReference or name == "single") for name in PRECISIONS]
    else:
        contestants = [makeLennardJones(platform=settings.platform)]
    contestants += [makeTable("single")] + [makeTable("double")] * isReference
    contestants += [makeNetwork(name) for name in (FORMATS if isReference and gpu else SCALING_FORMATS)]
    if isReference:
        contestants += [NO_FORCE] + [makeLennardJones(platform="CPU", ensembles=False)] * gpu
    return contestants


def listStructureContestants(settings: StudySettings) -> list[Contestant]:
    """Return who is simulated for g(r) and energies. Without a GPU formats run as tables, of the same functions."""
    gpu = settings.platform == "CUDA"
    method = SurrogateForce.Network if gpu else SurrogateForce.Table
    how = "network" if gpu else "table"
    lennardJones = [makeLennardJones(platform="CPU")] + [makeLennardJones(name) for name in ("single", "double")] * gpu
    plain = [
        Contestant(
            f"{how}-bfloat16-all",
            f"surrogate, {how}, bfloat16 in all layers, rounded",
            makeSurrogate(MODEL, method, "bfloat16", allLayers=True),
        ),
        Contestant(f"{how}-int4", f"surrogate, {how}, int4, rounded", makeSurrogate(MODEL, method, "int4")),
    ]
    trained = [
        Contestant(f"{how}-{name}", f"{name}, {how}, fine-tuned", makeSurrogate(name, method, None)) for name in TRAINED
    ]
    single = Contestant(f"{how}-single", f"surrogate, {how}, single", makeSurrogate(MODEL, method, "single"), "single")
    return [*lennardJones, *([makeTable()] if gpu else []), single, *plain, *trained]


def listExperiments(settings: StudySettings) -> list[Experiment]:
    """Return the experiments of the study in their order."""
    gpu = settings.platform == "CUDA"
    first, *others = orderSizes(settings.sizes)
    experiments = [*listIdle(settings), *_time(settings, first)]
    exact, judge = makeExact(), Contestant("judge", "Lennard-Jones, shifted", makeShiftedLennardJones, "mixed")
    for contestant in listStructureContestants(settings):
        structure = partial(measureStructure, contestant=contestant, exact=exact, judge=judge)
        experiments.append(Experiment(f"structure-{contestant.name}", f"structure: {contestant.label}", structure))
    lennardJones = makeLennardJones(platform=None if gpu else settings.platform)
    contestants = [lennardJones, makeTable()] + [makeNetwork("bfloat16"), makeTable("double")] * gpu
    twice = partial(measureReproducibility, contestants=contestants)
    experiments.append(Experiment("reproducibility", "the same run twice", twice))
    return [*experiments, *itertools.chain.from_iterable(_time(settings, size) for size in others)]


def _time(settings: StudySettings, size: int) -> list[Experiment]:
    """Return the timings at a size."""
    return [makeTiming(ARGON, size, contestant) for contestant in listSpeedContestants(settings, size)]


MELTER = makeTable()
