# SPDX-License-Identifier: MIT
"""Force data from an existing trajectory, whose forces are computed anew."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import openmm
from numpy.typing import NDArray

from openmmsurrogate._files import require_file
from openmmsurrogate.data.dcd_file import DCDReader
from openmmsurrogate.data.force_dataset_writer import ForceDatasetWriter
from openmmsurrogate.data.frame import Frame
from openmmsurrogate.data.particle_types import ParticleTypes, findExclusions
from openmmsurrogate.data.sampling import find_platform, make_context, record_frame
from openmmsurrogate.data.sampling_settings import RecordingSettings
from openmmsurrogate.data.system_source import SystemSource

Array = NDArray[np.float64]
Configuration = tuple[Array, "Array | None"]

# 10^6 kJ/mol/nm is a thousand times the RMS force of hot liquids; atoms of another System overlap and exceed it by far.
_LARGEST_RMS_FORCE = 1e6


def recordTrajectory(
    source: SystemSource,
    types: ParticleTypes,
    trajectory: str | os.PathLike[str],
    output: str | os.PathLike[str],
    recording: RecordingSettings | None = None,
    numFrames: int | None = None,
    temperature: float | None = None,
    report: Callable[[int, int], None] | None = None,
) -> int:
    """Compute the forces of a System in the configurations of a trajectory and record both.

    Parameters
    ----------
    source
        the System
    types
        the type of each particle
    trajectory
        a DCD or XTC file of that System
    output
        the HDF5 file to make. If the process is interrupted, it has the frames up to then.
    recording
        what to record, and where to compute it
    numFrames
        how many frames to take, evenly spread over the trajectory; None for all
    temperature
        temperature of the trajectory, K, if known
    report
        called with the numbers of finished and of all frames

    Returns
    -------
    int
        the number of frames recorded

    Raises
    ------
    ValueError
        if the trajectory is of another System (number of particles, periodicity, absurd forces), is damaged or empty,
        or has fewer frames than asked for
    """
    settings = recording or RecordingSettings()
    path, periodic = os.fspath(trajectory), source.system.usesPeriodicBoundaryConditions()
    frames, total = _open_trajectory(path, source.system.getNumParticles())
    wanted = total if numFrames is None else numFrames
    if not 0 < wanted <= total:
        raise ValueError(f"{path} has {total} frames, of which {wanted} cannot be taken")
    chosen = np.linspace(0, total - 1, wanted).round().astype(int)
    platform = find_platform(source.system, settings.platform)
    context = make_context(source.system, openmm.VerletIntegrator(0.001), platform, settings.precision)
    with ForceDatasetWriter(
        output,
        types.names,
        types.indices,
        exclusions=findExclusions(source.system),
        periodic=periodic,
        temperature=temperature,
        metadata={"trajectory": {"source": source.description, "trajectory": path, "frames": wanted, "of": total}},
        systemXML=openmm.XmlSerializer.serialize(source.system),
        recordsVirial=settings.recordsVirial,
        capacity=wanted,
    ) as writer:
        for i, configuration in _select(frames, chosen):
            _place(context, configuration, periodic, f"{path}: frame {i}")
            frame = record_frame(context, periodic, settings)
            _check_forces(frame, f"{path}: frame {i}")
            writer.append(frame)
            if report is not None:
                report(writer.numFrames, wanted)
        return writer.numFrames


def _select(frames: Iterator[Configuration], chosen: NDArray[np.int64]) -> Iterator[tuple[int, Configuration]]:
    position = 0
    for i in chosen.tolist():
        yield i, next(islice(frames, i - position, None))
        position = i + 1


def _open_trajectory(path: str, numParticles: int) -> tuple[Iterator[Configuration], int]:
    """Return the frames of a trajectory and their number, having checked the number of particles."""
    suffix = Path(path).suffix.lower()
    if suffix not in (".dcd", ".xtc"):
        raise ValueError(f"{path}: trajectories are read from .dcd and .xtc files")
    require_file(path)
    found, total, frames = _open_dcd(path) if suffix == ".dcd" else _open_xtc(path)
    if found != numParticles:
        raise ValueError(f"{path} has {found} atoms, but the System has {numParticles} particles")
    if total == 0:
        raise ValueError(f"{path} has no frames")
    return frames, total


def _open_dcd(path: str) -> tuple[int, int, Iterator[Configuration]]:
    with DCDReader(path) as reader:
        numParticles, numFrames = reader.numParticles, reader.numFrames

    def read() -> Iterator[Configuration]:
        with DCDReader(path) as reader:
            yield from reader

    return numParticles, numFrames, read()


def _open_xtc(path: str) -> tuple[int, int, Iterator[Configuration]]:
    """Read the whole file with the reader that OpenMM's XTCReporter brings."""
    from openmm.app.internal.xtc_utils import read_xtc

    try:
        coordinates, boxes, _, _ = read_xtc(path.encode())
    except Exception as error:  # which kind depends on what is damaged
        raise ValueError(f"{path} is not a readable XTC file: {error}") from error
    numParticles, _, numFrames = coordinates.shape
    frames = ((coordinates[:, :, i].astype(float), _as_box(boxes[:, :, i])) for i in range(numFrames))
    return numParticles, numFrames, frames


def _as_box(vectors: Any) -> Array | None:
    box = np.asarray(vectors, dtype=float)
    return box if box.any() else None  # XTC has zeros where there is none


def _place(context: openmm.Context, configuration: Configuration, periodic: bool, where: str) -> None:
    positions, box = configuration
    if not np.isfinite(positions).all():
        raise ValueError(f"{where}: a position is not finite")
    if periodic:
        if box is None:
            raise ValueError(f"{where} has no box, but the System is periodic")
        try:
            context.setPeriodicBoxVectors(*box)
        except openmm.OpenMMException as error:
            raise ValueError(f"{where}: the box {box.tolist()} nm does not suit the System: {error}") from error
    context.setPositions(positions)


def _check_forces(frame: Frame, where: str) -> None:
    rms = float(np.sqrt(np.mean(np.sum(frame.forces**2, axis=1))))
    if not rms < _LARGEST_RMS_FORCE:
        raise ValueError(
            f"{where}: the RMS force is {rms:.1e} kJ/mol/nm: the trajectory does not seem to be one of this System"
        )
