# SPDX-License-Identifier: MIT
"""The study of sodium chloride: PME by precision and by stage, beside surrogates that need no reciprocal space."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from typing import Any

from openmmsurrogate.force import SurrogateForce
from openmmsurrogate.study.contestants import Contestant, makeNoForce, makeNonbonded, makeSurrogate, makeTunable
from openmmsurrogate.study.experiment import PRECISIONS, Experiment, findReferenceSize, listIdle, orderSizes
from openmmsurrogate.study.materials import NACL
from openmmsurrogate.study.reproducibility import measureReproducibility
from openmmsurrogate.study.settings import StudySettings
from openmmsurrogate.study.speed import makeTiming
from openmmsurrogate.study.structure import makeExact, measureStructure

MODEL = "nacl-1.0nm"
SCALING_FORMATS = ("single", "bfloat16")
"""Formats of networks at every size; the reference size has these, too, and FURTHER_FORMATS."""
FURTHER_FORMATS = ("float16",)
STAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "single": ("SPME, all stages single", {"kSpaceMethod": "SPME", "precision": "single"}),
    "double": ("SPME, all stages double", {"kSpaceMethod": "SPME", "precision": "double"}),
    "spread-double": (
        "SPME, spreading double",
        {"kSpaceMethod": "SPME", "precision": "single", "spreadingPrecision": "double"},
    ),
    "fft-double": ("SPME, FFT double", {"kSpaceMethod": "SPME", "precision": "single", "fftPrecision": "double"}),
    "float16": ("SPME, all stages float16", {"kSpaceMethod": "SPME", "precision": "float16"}),
    "fft-float16": ("SPME, FFT float16", {"kSpaceMethod": "SPME", "precision": "single", "fftPrecision": "float16"}),
    "esp": ("ESP, all stages single", {"kSpaceMethod": "ESP", "precision": "single"}),
}
"""Methods of TunablePMEForce and precisions of its four stages: labels and settings, by a name."""


def makePME(precision: str = "single", platform: str | None = None, ensembles: bool = True) -> Contestant:
    """Return OpenMM's own force in a precision of CUDA, or on another platform."""
    return Contestant(
        f"pme-{platform.lower() if platform else precision}",
        f"PME, {f'platform {platform}' if platform else precision}",
        makeNonbonded,
        precision,
        platform,
        system="pme",
        hasKSpace=True,
        reorders=True,
        ensembles=ensembles,
    )


def makeStaged(stages: str, precision: str = "single") -> Contestant:
    """Return TunablePMEForce with stages in a Context of a precision."""
    label, settings = STAGES[stages]
    return Contestant(
        f"tunable-{stages}",
        f"TunablePMEForce, {label}",
        makeTunable(**settings),
        precision,
        hasKSpace=True,
        reorders=settings["kSpaceMethod"] == "SPME",
    )


def makeIonSurrogate(method: int, format: str) -> Contestant:
    """Return the shipped surrogate of the crystal."""
    name = "table" if method == SurrogateForce.Table else "network"
    return Contestant(
        f"{name}-{format}",
        f"surrogate, {name}, {format}",
        makeSurrogate(MODEL, method, format),
        ensembles=method == SurrogateForce.Table,
    )


def listSurrogates(formats: Sequence[str] = ()) -> list[Contestant]:
    """Return the surrogates: the table, and networks in these formats."""
    networks = [makeIonSurrogate(SurrogateForce.Network, format) for format in formats]
    return [makeIonSurrogate(SurrogateForce.Table, "single"), *networks]


NO_FORCE = Contestant("none", "no force", makeNoForce)


def listSpeedContestants(settings: StudySettings, size: int) -> list[Contestant]:
    """Return who is timed at a size; all stages at the one that is nearest to the report's."""
    gpu = settings.platform == "CUDA"
    contestants = [makePME(precision) for precision in PRECISIONS] if gpu else [makePME(platform=settings.platform)]
    contestants += [makeStaged("single"), makeStaged("esp")]
    if size == findReferenceSize(settings.sizes):
        contestants += [makeStaged(name) for name in STAGES if name not in ("single", "esp")]
        contestants += [NO_FORCE] + [makePME(platform="CPU", ensembles=False)] * gpu
    return contestants


def listStructureContestants(settings: StudySettings) -> list[Contestant]:
    """Return who is simulated for g(r) and energies."""
    gpu = settings.platform == "CUDA"
    pme = [makePME(platform="CPU")] + [makePME(precision) for precision in ("single", "double")] * gpu
    return [*pme, makeStaged("single"), makeStaged("double"), makeStaged("float16"), makeStaged("esp")]


def listExperiments(settings: StudySettings) -> list[Experiment]:
    """Return the experiments of the study in their order; those of surrogates need the model."""
    first, *others = orderSizes(settings.sizes)
    experiments = [*listIdle(settings), *_time(settings, first)]
    exact = makeExact()
    own = listStructureContestants(settings)
    for contestant in (*own, *listSurrogates()):
        structure = partial(measureStructure, contestant=contestant, exact=exact)
        needs = None if contestant in own else MODEL
        title = f"structure: {contestant.label}"
        experiments.append(Experiment(f"structure-{contestant.name}", title, structure, needs))
    pme = makePME() if settings.platform == "CUDA" else makePME(platform=settings.platform)
    twice = partial(measureReproducibility, contestants=[pme, makeStaged("single")])
    surrogateTwice = partial(measureReproducibility, contestants=listSurrogates())
    return [
        *experiments,
        Experiment("reproducibility", "the same run twice", twice),
        Experiment("reproducibility-surrogate", "the same run of the surrogate twice", surrogateTwice, MODEL),
        *itertools.chain.from_iterable(_time(settings, size) for size in others),
    ]


def _time(settings: StudySettings, size: int) -> list[Experiment]:
    """Return the timings at a size; those of surrogates need the model."""
    isReference = size == findReferenceSize(settings.sizes)
    formats = (*SCALING_FORMATS, *(FURTHER_FORMATS if isReference else ())) if settings.platform == "CUDA" else ()
    return [
        *(makeTiming(NACL, size, contestant) for contestant in listSpeedContestants(settings, size)),
        *(makeTiming(NACL, size, contestant, MODEL) for contestant in listSurrogates(formats)),
    ]


MELTER = makePME()
