# SPDX-License-Identifier: MIT
"""Structure and energy: radial distribution functions, mean potential energy, and forces on one configuration."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openmmsurrogate.analysis import averageSeries, compareForces, computeRadialDistribution
from openmmsurrogate.study.contestants import Contestant, makeNonbonded
from openmmsurrogate.study.laboratory import Laboratory, describeError
from openmmsurrogate.study.materials import Start
from openmmsurrogate.study.timed_context import TimedContext

Array = NDArray[np.float64]

NUM_FRAMES = 40
_ENERGIES_PER_FRAME = 5
_FARTHEST = 1.2  # nm
_NUM_BINS = 150
_SHARE_OF_OTHERS = 4  # platform CPU beside a GPU runs a quarter of the steps, or all would wait for it


def measureStructure(
    laboratory: Laboratory, contestant: Contestant, exact: Contestant, judge: Contestant | None = None
) -> list[dict[str, Any]]:
    """Simulate a contestant at constant temperature; return a row, which says why if it fails.

    Parameters
    ----------
    laboratory
        of the study
    contestant
        what is simulated
    exact
        whose forces on the first configuration are the truth
    judge
        whose energy of the configurations is given beside the contestant's own; None for none
    """
    try:
        start = laboratory.makeStart(laboratory.settings.structureParticles, laboratory.material.state)
        platform = contestant.platform or laboratory.settings.platform
        steps = laboratory.settings.structureSteps
        if platform != laboratory.settings.platform:
            steps //= _SHARE_OF_OTHERS
        forces = laboratory.evaluateOnce(exact, start)
        laboratory.report(f"structure: {contestant.label}")
        with laboratory.open(contestant, start) as context:
            metrics = compareForces(forces, context.forces())
            frames, energies = _sample(steps, context)
        row = {
            **contestant.describe(),
            "particles": start.numParticles,
            "platform": platform,
            "state": start.state.name,
            "steps": steps,
            "force_r2": metrics.r2,
            "force_relative_rms_error": metrics.relativeRMSE,
        }
        if contestant.comparableEnergy:
            row["energy"] = _average(energies)
        if judge is not None:
            row["judged_energy"] = _average(_evaluate_energies(laboratory, judge, start, frames))
        row["g_r"] = _distribute(frames[_ENERGIES_PER_FRAME - 1 :: _ENERGIES_PER_FRAME], start)
        return [row]
    except Exception as error:  # of whatever library: the others go on
        return [describeError(contestant, error)]


def _sample(steps: int, context: TimedContext) -> tuple[Array, list[float]]:
    """Return configurations, nm, and their potential energies per particle, kJ/mol."""
    samples = NUM_FRAMES * _ENERGIES_PER_FRAME
    context.use("NVT")
    context.step(steps // 5)
    frames, energies = [], []
    for _ in range(samples):
        context.step(max(1, steps // samples))
        energies.append(context.potentialEnergy())
        frames.append(context.positions())
    return np.array(frames), energies


def _evaluate_energies(laboratory: Laboratory, judge: Contestant, start: Start, frames: Array) -> list[float]:
    """Return the energies per particle, kJ/mol, of configurations that another force has made."""
    energies = []
    with laboratory.open(judge, start) as context:
        for frame in frames:
            context.context.setPositions(frame)
            energies.append(context.potentialEnergy())
    return energies


def _average(energies: list[float]) -> dict[str, float]:
    average = averageSeries(energies)
    return {"kJ_per_mol": float(average.mean), "standard_error": float(average.standardError)}


def _distribute(frames: Array, start: Start) -> dict[str, Any]:
    """Return g(r) of each pair of kinds."""
    farthest = min(_FARTHEST, 0.4999 * start.edge)
    result: dict[str, Any] = {}
    for first, second in itertools.combinations_with_replacement(dict.fromkeys(start.kinds.tolist()), 2):
        others = None if first == second else frames[:, start.kinds == second]
        box = start.edge * np.eye(3)
        found = computeRadialDistribution(frames[:, start.kinds == first], box, farthest, _NUM_BINS, others)
        result["r_nm"] = np.round(found.r, 5).tolist()
        result[f"{first}-{second}"] = {
            "g": np.round(found.g, 4).tolist(),
            "standard_error": np.round(found.standardError, 5).tolist(),
        }
    return result


def makeExact() -> Contestant:
    """Return the material's own force field in double, on platform Reference, without a mesh."""

    def make(material: Any, start: Start) -> list[Any]:
        (force,) = makeNonbonded(material, start)
        if material.isCharged:
            force.setNonbondedMethod(force.Ewald)
            force.setEwaldErrorTolerance(1e-6)
        return [force]

    return Contestant("exact", "double, Reference", make, "double", "Reference", system="exact")
