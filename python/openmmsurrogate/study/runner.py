# SPDX-License-Identifier: MIT
"""Runs a study: what is not done yet, one experiment after the other."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from openmmsurrogate.model import listModels
from openmmsurrogate.study import argon, nacl
from openmmsurrogate.study.experiment import Experiment
from openmmsurrogate.study.laboratory import Laboratory
from openmmsurrogate.study.materials import MATERIALS
from openmmsurrogate.study.provenance import describeDevice
from openmmsurrogate.study.settings import StudySettings
from openmmsurrogate.study.store import Results, StudyFolder

_LISTS = {"argon": argon.listExperiments, "nacl": nacl.listExperiments}
_MELTERS = {"argon": argon.MELTER, "nacl": nacl.MELTER}

Progress = Callable[[int, int, str], None]
"""Called as (experiments done, all experiments, what is being done)."""


def runStudy(
    settings: StudySettings, folder: str | os.PathLike[str], progress: Progress | None = None, retry: bool = False
) -> int:
    """Do the experiments of a study that its folder does not have yet.

    Parameters
    ----------
    settings
        of the study
    folder
        where its results are, or are to be
    progress
        called now and then
    retry
        do those again in which something failed

    Returns
    -------
    int
        the number of experiments that were done before

    Raises
    ------
    ValueError
        if the folder holds a study with other settings, of another machine, or something else, or a size is too small
    """
    material = MATERIALS[settings.study]
    for size in (*settings.sizes, settings.structureParticles):
        material.countCells(size)  # a size that is too small is told before anything is measured
    device = describeDevice()
    store = StudyFolder(folder, settings, _name_hardware(device, settings.platform))
    experiments = _LISTS[settings.study](settings)
    waiting = [experiment for experiment in experiments if not store.has(experiment.name, retry)]
    done = before = len(experiments) - len(waiting)
    tell = progress or (lambda *_: None)
    starts = Path(folder) / "starts"
    laboratory = Laboratory(
        settings, material, _MELTERS[settings.study], lambda text: tell(done, len(experiments), text), starts
    )
    shipped = listModels()
    for experiment in waiting:
        if experiment.needs is not None and experiment.needs not in shipped:
            continue
        tell(done, len(experiments), experiment.title)
        rows = experiment.run(laboratory)
        content = {
            "experiment": experiment.title,
            "number": experiments.index(experiment),
            "device": device,
            "rows": rows,
        }
        store.save(experiment.name, content)
        done += 1
    complete = done == len(experiments)
    if complete:
        shutil.rmtree(starts, ignore_errors=True)
    tell(done, len(experiments), "done" if complete else "done, but for what needs models that are not there")
    return before


def _name_hardware(device: dict[str, Any], platform: str) -> str:
    """Return what times depend on most."""
    if platform == "CUDA":
        return f"{device['gpu']}"
    return f"{device['processor']}, {device['cores']} cores"


def listExperiments(settings: StudySettings) -> list[Experiment]:
    """Return the experiments of a study."""
    return _LISTS[settings.study](settings)


def describeMissing(results: Results) -> list[str]:
    """Return a sentence for each thing that was not measured, and why."""
    missing = []
    waiting = [
        experiment for experiment in listExperiments(results.settings) if experiment.name not in results.contents
    ]
    for model in dict.fromkeys(experiment.needs for experiment in waiting):
        titles = _join_titles([experiment.title for experiment in waiting if experiment.needs == model])
        missing.append(f"Not done yet{f', with the model {model}' if model else ''}: {titles}.")
    if results.settings.platform != "CUDA":
        missing.append(
            f"Platform {results.settings.platform} has one precision: single, mixed and double are those of platform "
            "CUDA. Formats below single are emulated here; how long they take says nothing about a GPU. Joules are "
            "measured on platform CUDA only."
        )
    reasons: dict[str, list[str]] = {}
    particles = MATERIALS[results.settings.study].particles
    for row in results.failures():
        what = f"speed of {row['particles']:,} {particles}: " if "particles" in row else ""
        reasons.setdefault(row["error"], []).append(what + row["label"])
    for row in results.rows("speed-"):
        what = f"of {row['particles']:,} {particles}: {row['label']}"
        if "split_error" in row:
            reasons.setdefault(row["split_error"], []).append(f"parts of a step {what}")
        if "power_error" in row:
            reasons.setdefault(row["power_error"], []).append(f"joules {what}")
    missing += [f"{_join_titles(what)}: {reason}." for reason, what in reasons.items()]
    return missing


def _join_titles(titles: list[str]) -> str:
    """Return titles in a row, those that begin alike as one."""
    groups: dict[str, list[str]] = {}
    for title in titles:
        what, _, who = title.partition(": ")
        groups.setdefault(what, []).append(who)
    return "; ".join(f"{what} ({'; '.join(who)})" if any(who) else what for what, who in groups.items())
