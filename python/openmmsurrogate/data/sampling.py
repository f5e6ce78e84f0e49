# SPDX-License-Identifier: MIT
"""Sampling of configurations and forces by simulation."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import unit

import openmmsurrogate
from openmmsurrogate._precision import find_properties
from openmmsurrogate.data.force_dataset import ForceDataset
from openmmsurrogate.data.force_dataset_writer import ForceDatasetWriter
from openmmsurrogate.data.frame import Frame
from openmmsurrogate.data.particle_types import ParticleTypes, findExclusions
from openmmsurrogate.data.resume_file import ResumePoint, read_resume_point, write_resume_point
from openmmsurrogate.data.sampling_settings import RecordingSettings, SamplingSettings, check_same_settings
from openmmsurrogate.data.system_source import SystemSource
from openmmsurrogate.data.virial import computeVirial

Report = Callable[[str, int, float], None]
"""Called as (stage, finished frames, fraction of the present stage)."""

_REPORTS_PER_STAGE = 50
_FORCE = unit.kilojoule_per_mole / unit.nanometer


def sampleForces(
    source: SystemSource,
    types: ParticleTypes,
    settings: SamplingSettings,
    output: str | os.PathLike[str],
    report: Report | None = None,
) -> None:
    """Simulate a System and record configurations with their forces.

    If the output exists, the simulation continues where it was interrupted, or goes on if more frames are asked for.
    Each frame begins a Context of its own from the state of the one before, with seeds that derive from the seed and
    the frame's number; so an interrupted simulation gives the very frames of an uninterrupted one, as far as the
    platform is deterministic (Reference, CPU and CUDA are asked to be).

    Parameters
    ----------
    source
        the System and its positions
    types
        the type of each particle
    settings
        how to simulate
    output
        the HDF5 file; beside it a file with ".resume" appended holds the state of the simulation
    report
        called now and then with the stage, the number of finished frames, and the fraction of the present stage

    Raises
    ------
    ValueError
        if positions are missing, the System cannot be sampled as asked, the output was begun with other settings, or
        the simulation becomes unstable
    OSError
        if the disk is full: the frames up to then are kept
    """
    sampler = _Sampler(source, settings, report or (lambda *_: None))
    path = os.fspath(output)
    with _open_output(path, source, types, settings, sampler.periodic) as writer:
        sampler.run(writer, path)


def _open_output(
    path: str, source: SystemSource, types: ParticleTypes, settings: SamplingSettings, periodic: bool
) -> ForceDatasetWriter:
    """Make the file, or open it again if it was begun with the same System and settings."""
    systemXML = openmm.XmlSerializer.serialize(source.system)
    recorded = {"source": source.description, **settings.asMetadata()}
    if not Path(path).exists():
        versions = {"openmm": openmm.version.full_version, "openmm-surrogate": openmmsurrogate.__version__}
        return ForceDatasetWriter(
            path,
            types.names,
            types.indices,
            exclusions=findExclusions(source.system),
            periodic=periodic,
            temperature=settings.temperature,
            metadata={"sampling": recorded, "versions": versions},
            systemXML=systemXML,
            recordsVirial=settings.recording.recordsVirial,
            capacity=settings.numFrames,
        )
    with ForceDataset(path) as dataset:
        check_same_settings(path, dataset.metadata.get("sampling", {}), recorded)
        if dataset.systemXML != systemXML:
            raise ValueError(f"{path} exists and holds frames of another System: write to another file")
        if dataset.typeNames != types.names or not np.array_equal(dataset.typeIndices, types.indices):
            raise ValueError(f"{path} exists and has other particle types: write to another file")
    return ForceDatasetWriter.reopen(path)


class _Sampler:
    """A System, and what is done with it between two frames."""

    def __init__(self, source: SystemSource, settings: SamplingSettings, report: Report) -> None:
        if source.positions is None:
            raise ValueError(f"{source.description} has no positions: give them as a PDB, PDBx or State XML file")
        self.settings, self.report = settings, report
        self.system: openmm.System = openmm.XmlSerializer.clone(source.system)
        self.positions = source.positions
        self.periodic: bool = self.system.usesPeriodicBoundaryConditions()
        if not self.periodic and (
            settings.pressure is not None or settings.recording.recordsVirial or settings.volumes != (1.0,)
        ):
            raise ValueError(f"{source.description} is not periodic: it has no pressure, virial or volume")
        if settings.pressure is not None:
            self.system.addForce(openmm.MonteCarloBarostat(settings.pressure, settings.temperature))
        self.platform = find_platform(self.system, settings.recording.platform)

    def run(self, writer: ForceDatasetWriter, path: str) -> None:
        """Sample what the file lacks."""
        point = read_resume_point(path)
        if point is None and writer.numFrames > 0:
            raise ValueError(f"{path} has {writer.numFrames} frames, but no {path}.resume from which to continue")
        if point is not None and point.numFrames > writer.numFrames:
            raise ValueError(f"{path}.resume belongs to a data set of {point.numFrames} frames or more: delete it")
        # A frame may have been written, but not the state after it: it is sampled again, with the same result.
        writer.truncate(min(writer.numFrames, point.numFrames if point else 0))
        state = point.state if point else None
        for i in range(writer.numFrames, self.settings.numFrames):
            volume = self.settings.volumeOfFrame(i)
            if state is None or (i > 0 and volume != self.settings.volumeOfFrame(i - 1)):
                state = self._equilibrate(i, self.settings.volumes[volume])
                if i == 0:
                    write_resume_point(path, ResumePoint(0, state))
            state, frame = self._advance(i, state)
            writer.append(frame)
            write_resume_point(path, ResumePoint(i + 1, state))
            self.report("sampling", i + 1, 0.0)

    def _make_context(self, seed: int, temperature: float) -> openmm.Context:
        settings = self.settings
        for force in self.system.getForces():
            if hasattr(force, "setRandomNumberSeed"):
                force.setRandomNumberSeed(seed)
        integrator = openmm.LangevinMiddleIntegrator(temperature, settings.friction, settings.timeStep)
        integrator.setRandomNumberSeed(seed)
        return make_context(self.system, integrator, self.platform, settings.recording.precision)

    def _equilibrate(self, frame: int, volume: float) -> openmm.State:
        """Return the state after minimization and equilibration at a volume, from the given positions."""
        settings = self.settings
        start = settings.startTemperature or settings.temperature
        seed = settings.seedOfEquilibration(settings.volumeOfFrame(frame))
        context = self._make_context(seed, start)
        scale = volume ** (1.0 / 3.0)
        if self.periodic:
            context.setPeriodicBoxVectors(*[scale * vector for vector in self.system.getDefaultPeriodicBoxVectors()])
        context.setPositions(scale * self.positions)
        context.applyConstraints(1e-6)
        openmm.LocalEnergyMinimizer.minimize(context, maxIterations=500)
        context.setVelocitiesToTemperature(start, seed)
        for stage, temperature in (("melting", start), ("equilibration", settings.temperature)):
            context.getIntegrator().setTemperature(temperature)
            self._step(context, 0.5 * settings.equilibration, stage, frame)
        return context.getState(positions=True, velocities=True, parameters=True)

    def _advance(self, index: int, state: openmm.State) -> tuple[openmm.State, Frame]:
        """Return the state after one more interval, and the frame there."""
        settings = self.settings
        context = self._make_context(settings.seedOfFrame(index), settings.temperature)
        context.setState(state)
        self._step(context, settings.interval, "sampling", index)
        after = context.getState(positions=True, velocities=True, parameters=True)
        return after, record_frame(context, self.periodic, settings.recording)

    def _step(self, context: openmm.Context, time: float, stage: str, numFrames: int) -> None:
        """Simulate for a time, in pieces between which progress is told and Ctrl-C heard."""
        steps = max(1, round(time / self.settings.timeStep)) if time > 0.0 else 0
        ends = np.linspace(0, steps, _REPORTS_PER_STAGE + 1).round().astype(int)
        for begin, end in pairwise(ends):
            try:
                context.getIntegrator().step(int(end - begin))
            except openmm.OpenMMException as error:
                raise ValueError(f"the simulation became unstable ({error}): {_ADVICE}") from error
            self.report(stage, numFrames, end / max(1, steps))
        positions = context.getState(positions=True).getPositions(asNumpy=True)
        if not np.isfinite(positions.value_in_unit(unit.nanometer)).all():
            raise ValueError(f"the simulation became unstable, a position is not a number: {_ADVICE}")


_ADVICE = "take a smaller time step or a lower start temperature, and see whether positions and box belong together"


def find_platform(system: openmm.System, name: str | None) -> openmm.Platform:
    """Return the platform of a name; if None, the fastest that can simulate the System, found by making a Context."""
    if name is None:
        return openmm.Context(system, openmm.VerletIntegrator(0.001)).getPlatform()
    return openmm.Platform.getPlatform(name)


def make_context(
    system: openmm.System, integrator: openmm.Integrator, platform: openmm.Platform, precision: str | None = None
) -> openmm.Context:
    """Make a Context on a platform that repeats its results where the platform can.

    Raises
    ------
    ValueError
        if a precision is asked for that the platform does not have
    """
    properties, deterministic = find_properties(platform, precision), "DeterministicForces"
    if deterministic in platform.getPropertyNames():
        properties[deterministic] = "true"
    return openmm.Context(system, integrator, platform, properties)


def record_frame(context: openmm.Context, periodic: bool, recording: RecordingSettings) -> Frame:
    """Return the present configuration of a Context with its forces. With a virial, the Context is left elsewhere."""
    groups = recording.groupMask
    state = context.getState(positions=True, forces=True, energy=True, groups=groups)
    positions: NDArray[np.float64] = state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
    box: Any = state.getPeriodicBoxVectors(asNumpy=True).value_in_unit(unit.nanometer) if periodic else None
    return Frame(
        positions=positions,
        box=box,
        forces=state.getForces(asNumpy=True).value_in_unit(_FORCE),
        potentialEnergy=state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole),
        virial=computeVirial(context, positions, box, groups) if recording.recordsVirial else None,
    )
