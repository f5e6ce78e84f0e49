# SPDX-License-Identifier: MIT
"""The file beside a data set from which an interrupted simulation continues."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import openmm


@dataclass(frozen=True)
class ResumePoint:
    """The state of the simulation after a number of frames."""

    numFrames: int
    state: openmm.State
    """With positions, velocities, box vectors and parameters."""


def resume_path(output: str) -> Path:
    """Return the path of the file that belongs to a data set."""
    return Path(output + ".resume")


def write_resume_point(output: str, point: ResumePoint) -> None:
    """Write the file. An interruption leaves the old one or the new one, never a part."""
    path = resume_path(output)
    unfinished = path.with_name(path.name + ".new")
    content = {"numFrames": point.numFrames, "state": openmm.XmlSerializer.serialize(point.state)}
    with open(unfinished, "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)


def read_resume_point(output: str) -> ResumePoint | None:
    """Read the file; None if there is none. Raises ValueError if it is damaged."""
    path = resume_path(output)
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text())
        return ResumePoint(int(content["numFrames"]), openmm.XmlSerializer.deserialize(content["state"]))
    except (ValueError, KeyError, TypeError, openmm.OpenMMException) as error:
        raise ValueError(f"{path} is damaged ({error}): delete it and the data set, and begin again") from error
