# SPDX-License-Identifier: MIT
"""How well the forces of a model agree with those of held-out configurations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import unit

from openmmsurrogate._options import EvaluationMethod
from openmmsurrogate.analysis import ForceMetrics, compareForces, toEVPerAngstrom
from openmmsurrogate.data import ForceDataset, findPairs
from openmmsurrogate.evaluation.applicability import Applicability, checkApplicability
from openmmsurrogate.evaluation.candidates import Candidate
from openmmsurrogate.evaluation.contexts import makeContext
from openmmsurrogate.force import SurrogateForce

Array = NDArray[np.float64]

_NUM_BINS = 8
_FORCE = unit.kilojoule_per_mole / unit.nanometer


@dataclass(frozen=True)
class ForceSettings:
    """How the forces of models are evaluated.

    By default they are those of the networks themselves, in double arithmetic around their format on platform CPU: a
    table would average the steps of a reduced format.
    """

    platform: str = "CPU"
    method: EvaluationMethod = EvaluationMethod.Network


@dataclass(frozen=True)
class HeldOut:
    """The frames of a data set with what the errors are sorted by."""

    name: str
    temperature: float | None
    forces: Array
    """kJ/mol/nm, shape (frames, particles, 3)."""
    energies: Array
    """Potential energies, kJ/mol, shape (frames,)."""
    positions: Array
    boxes: list[Array | None]
    typed: NDArray[np.bool_]
    """Particles that take part, shape (particles,)."""
    nearest: Array
    """Distance of each particle's nearest neighbor, nm, shape (frames, particles); infinite if none is in reach."""
    pairTypes: NDArray[np.int64]
    """Index of the pair of types of a particle and its nearest neighbor; shape (frames, particles), -1 if none."""
    pairNames: tuple[str, ...]


@dataclass(frozen=True)
class BinError:
    """Errors of the particles whose nearest neighbor is at certain distances and makes a certain pair of types."""

    pair: str
    nearestFrom: float
    """nm."""
    nearestTo: float
    """nm."""
    numParticles: int
    vectorRMSE: float
    """Root mean square of |F_pred - F|, kJ/mol/nm."""
    rmsForce: float
    """Root mean square of |F|, kJ/mol/nm."""


@dataclass(frozen=True)
class ForceFidelity:
    """Agreement of a model with held-out configurations."""

    data: str
    temperature: float | None
    settings: ForceSettings
    numFrames: int
    metrics: ForceMetrics
    rmsForce: float
    """Root mean square of |F|, kJ/mol/nm."""
    energyDifference: float
    """Mean over the frames of the energy per particle, minus the reference's, kJ/mol."""
    energyDeviation: float
    """Standard deviation over the frames of that difference, kJ/mol: what no constant removes."""
    numCorePairs: int
    """Pairs closer than their network's training saw, where its repulsive core stands in."""
    bins: tuple[BinError, ...]
    forces: Array
    """The model's, kJ/mol/nm, shape (frames, particles, 3), of the particles that take part."""
    unlikeTraining: tuple[str, ...]
    """In what the first frame that is unlike the training data of the model differs from them; empty if none is."""
    notCompared: tuple[str, ...]
    """What of that could not be compared, and why."""

    def asDict(self) -> dict[str, Any]:
        """Return the numbers as JSON can hold them, with units in their names."""
        m = self.metrics
        return {
            "data": self.data,
            "temperature_K": self.temperature,
            "frames": self.numFrames,
            "atoms": m.numAtoms // self.numFrames,
            "platform": self.settings.platform,
            "method": self.settings.method.name,
            "r2": m.r2,
            "component_r2": m.componentR2,
            "rmse_eV_per_angstrom": float(toEVPerAngstrom(m.magnitudeRMSE)),
            "rmse_kJ_per_mol_nm": m.magnitudeRMSE,
            "component_rmse_eV_per_angstrom": float(toEVPerAngstrom(m.componentRMSE)),
            "vector_rmse_eV_per_angstrom": float(toEVPerAngstrom(m.relativeRMSE * self.rmsForce)),
            "vector_rmse_over_rms_force": m.relativeRMSE,
            "largest_error_over_rms_force": m.relativeMaximum,
            "rms_force_kJ_per_mol_nm": self.rmsForce,
            "energy_difference_per_particle_kJ_per_mol": self.energyDifference,
            "energy_deviation_per_particle_kJ_per_mol": self.energyDeviation,
            "pairs_closer_than_in_training": self.numCorePairs,
            "unlike_training": list(self.unlikeTraining),
            "not_compared_with_training": list(self.notCompared),
            "by_nearest_neighbor": [asdict(entry) for entry in self.bins],
        }


def readHeldOut(dataset: ForceDataset, cutoff: float) -> HeldOut:
    """Read all frames of a data set and find the nearest neighbors within a cutoff, nm.

    Raises
    ------
    ValueError
        if the data set has no frames, a frame is damaged, or the cutoff does not suit the box
    """
    if dataset.numFrames == 0:
        raise ValueError(f"{dataset.path} has no frames")
    frames = list(dataset)
    numTypes = len(dataset.typeNames)
    neighbors = [_find_nearest(frame.positions, frame.box, cutoff, dataset.typeIndices) for frame in frames]
    names = [f"{a}-{b}" for i, a in enumerate(dataset.typeNames) for b in dataset.typeNames[i:]]
    pairIndex = {(i, j): n for n, (i, j) in enumerate((i, j) for i in range(numTypes) for j in range(i, numTypes))}
    table = np.array([[pairIndex[min(i, j), max(i, j)] for j in range(numTypes)] for i in range(numTypes)])
    others = np.array([kinds for _, kinds in neighbors])
    own = np.broadcast_to(dataset.typeIndices, others.shape)
    return HeldOut(
        name=Path(dataset.path).name,
        temperature=dataset.temperature,
        forces=np.array([frame.forces for frame in frames]),
        energies=np.array([frame.potentialEnergy for frame in frames]),
        positions=np.array([frame.positions for frame in frames]),
        boxes=[frame.box for frame in frames],
        typed=dataset.typeIndices >= 0,
        nearest=np.array([distances for distances, _ in neighbors]),
        pairTypes=np.where(others < 0, -1, table[own, others]),
        pairNames=tuple(names),
    )


def _find_nearest(
    positions: Array, box: Array | None, cutoff: float, types: NDArray[np.int32]
) -> tuple[Array, NDArray[np.int64]]:
    """Return distance and type of each particle's nearest typed neighbor; infinity and -1 if there is none."""
    i, j, displacement = findPairs(positions, box, cutoff)
    keep = (types[i] >= 0) & (types[j] >= 0)
    i, j, r = i[keep], j[keep], np.linalg.norm(displacement[keep], axis=1)
    order = np.argsort(-np.concatenate([r, r]), kind="stable")  # the nearest is written last
    owners, others = np.concatenate([i, j])[order], np.concatenate([j, i])[order]
    distances, kinds = np.full(len(positions), np.inf), np.full(len(positions), -1)
    distances[owners] = np.concatenate([r, r])[order]
    kinds[owners] = types[others]
    return distances, kinds


def evaluateForces(
    candidate: Candidate,
    dataset: ForceDataset,
    heldOut: HeldOut,
    report: Callable[[], None] | None = None,
    settings: ForceSettings | None = None,
) -> ForceFidelity:
    """Compare the forces of a model with those of held-out configurations.

    An ApplicabilityWarning says if they are unlike the model's training data.

    Parameters
    ----------
    candidate
        the model and its format
    dataset, heldOut
        the data, and what readHeldOut() made of them
    report
        called after each frame
    settings
        platform and method; None takes the defaults
    """
    chosen = settings or ForceSettings()
    force = candidate.makeForce(dataset)
    force.setEvaluationMethod(chosen.method)
    system = openmm.System()
    for _ in range(dataset.numParticles):
        system.addParticle(1.0)
    if heldOut.boxes[0] is not None:
        system.setDefaultPeriodicBoxVectors(*heldOut.boxes[0])
    system.addForce(force)
    context = makeContext(system, openmm.VerletIntegrator(0.001), chosen.platform)
    forces, energies = [], []
    unlike: Applicability | None = None
    for positions, box in zip(heldOut.positions, heldOut.boxes, strict=True):
        if box is not None:
            context.setPeriodicBoxVectors(*box)
        context.setPositions(positions)
        state = context.getState(forces=True, energy=True)
        forces.append(state.getForces(asNumpy=True).value_in_unit(_FORCE))
        energies.append(state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole))
        if unlike is None or unlike.passed:
            unlike = checkApplicability(force, positions, box)
        if report is not None:
            report()
    assert unlike is not None, "readHeldOut() refuses data without frames"
    unlike.warn(subject=heldOut.name, model=f"{candidate.label} ({candidate.source})")
    numCorePairs = _count_core_pairs(force, heldOut)
    return _compare(heldOut, np.array(forces), np.array(energies), chosen, numCorePairs, unlike)


def _count_core_pairs(force: SurrogateForce, heldOut: HeldOut) -> int:
    """Count the pairs closer than the smallest distance of their network, excluded ones too, which seldom get there."""
    model = force.getModel()
    count = model.getNumTypes()
    closest = np.zeros((count + 1, count + 1))  # the last row and column are of particles that take no part
    for a in range(count):
        for b in range(count):
            network = model.getPairNetwork(a, b)
            if network >= 0:
                closest[a, b] = model.getNetwork(network).getMinimumDistance().value_in_unit(unit.nanometer)
    if not closest.any():
        return 0
    types = np.array([force.getParticleType(i) for i in range(force.getNumParticles())])
    total = 0
    for positions, box in zip(heldOut.positions, heldOut.boxes, strict=True):
        i, j, displacement = findPairs(positions, box, closest.max())
        total += int(np.count_nonzero(np.linalg.norm(displacement, axis=1) < closest[types[i], types[j]]))
    return total


def _compare(
    heldOut: HeldOut,
    forces: Array,
    energies: Array,
    settings: ForceSettings,
    numCorePairs: int,
    unlike: Applicability,
) -> ForceFidelity:
    true, predicted = heldOut.forces[:, heldOut.typed], forces[:, heldOut.typed]
    differences = (energies - heldOut.energies) / len(heldOut.typed)
    return ForceFidelity(
        data=heldOut.name,
        temperature=heldOut.temperature,
        settings=settings,
        numFrames=len(true),
        metrics=compareForces(true, predicted),
        rmsForce=_rms(true),
        energyDifference=float(differences.mean()),
        energyDeviation=float(differences.std()),
        numCorePairs=numCorePairs,
        bins=tuple(_bin_errors(heldOut, true, predicted)),
        forces=predicted,
        unlikeTraining=unlike.findings,
        notCompared=unlike.notCompared,
    )


def _rms(vectors: Array) -> float:
    return float(np.sqrt(np.mean(np.sum(vectors**2, axis=-1))))


def _bin_errors(heldOut: HeldOut, true: Array, predicted: Array) -> Sequence[BinError]:
    """Sort particles by their pair with the nearest neighbor, and within it into bins of equal numbers."""
    nearest, pairs = heldOut.nearest[:, heldOut.typed], heldOut.pairTypes[:, heldOut.typed]
    result = []
    for pair, name in enumerate(heldOut.pairNames):
        members = pairs == pair
        if not members.any():
            continue
        r, errors, forces = nearest[members], (predicted - true)[members], true[members]
        order = np.argsort(r)
        for part in np.array_split(order, min(_NUM_BINS, len(order))):
            low, high = float(r[part[0]]), float(r[part[-1]])
            result.append(BinError(name, low, high, len(part), _rms(errors[part]), _rms(forces[part])))
    return result
