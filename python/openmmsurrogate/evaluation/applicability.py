# SPDX-License-Identifier: MIT
"""Whether a configuration is like those that a model was trained on.

A pair model stands for whatever acted in its training data: for ions, the field of all others beyond the cutoff. Where
distances, density, composition or coordination differ, it goes on computing, and is wrong without a sign. The model's
file knows what it has seen: a histogram of distances for each network, and in its provenance ranges of the rest.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmmsurrogate._warnings import ApplicabilityWarning
from openmmsurrogate.data.pairs import findNeighbors

if TYPE_CHECKING:
    from openmmsurrogate.force import SurrogateForce
    from openmmsurrogate.model import SurrogateModel

Array = NDArray[np.float64]

# A distance counts as unseen where its bin of the training histogram has less than this part of the mean bin. Of the
# training pairs themselves, less than this part is then at unseen distances.
RARE = 1e-3
UNSEEN_SHARE = 1e-3
"""Largest share of the pairs of a network at unseen distances that is not worth a word."""
DENSITY_MARGIN = 0.01
"""By how much of itself the density may leave the range of the training."""
FRACTION_MARGIN = 0.02
"""By how much the fraction of a type may leave the range of the training."""
COORDINATION_SHARE = 0.01
"""Largest share of the particles whose number of neighbors may lie outside the range of the training."""

_LARGEST_SAMPLE = 4000  # particles whose neighbors are searched


@dataclass(frozen=True)
class Applicability:
    """What was found of a configuration. Numbers are None where the model's file does not tell of the training."""

    findings: tuple[str, ...]
    """What is off, in words; empty if nothing is."""
    unseenShares: dict[str, float]
    """For each network, named after its pairs of types: share of its pairs at distances hardly in the training."""
    numberDensity: float | None
    """Particles with a type per nm^3; None without a box."""
    unusualCoordination: float | None
    """Share of the particles with fewer or more neighbors than any in the training."""
    notCompared: tuple[str, ...] = ()
    """What could not be compared, and why, in words; empty if everything was."""

    @property
    def passed(self) -> bool:
        """Whether nothing is off in what was compared."""
        return not self.findings

    def warn(self, stacklevel: int = 2, subject: str = "this configuration", model: str = "the model") -> None:
        """Give an ApplicabilityWarning that names what is off, if anything is."""
        if self.findings:
            text = f"{subject} is unlike the training data of {model}: " + "; ".join(self.findings)
            warnings.warn(text, ApplicabilityWarning, stacklevel=stacklevel + 1)


def checkApplicability(force: SurrogateForce, positions: ArrayLike, box: ArrayLike | None = None) -> Applicability:
    """Compare a configuration with the training data of a force's model. Nothing is computed with the model.

    Compared are distances of pairs, density, composition, and numbers of neighbors, as far as the model's file tells
    what the training had; ``notCompared`` of the result says what it does not tell. Of more than 4,000 particles a
    random sample stands for all.

    Parameters
    ----------
    force
        says the model, the type of each particle, and exclusions
    positions
        nm, shape (particles, 3)
    box
        periodic box vectors as rows, nm, shape (3, 3); None if the force is not periodic

    Raises
    ------
    ValueError
        if there are not as many positions as particles, or a periodic force has no box
    """
    model, points = force.getModel(), np.asarray(positions, float)
    if points.shape != (force.getNumParticles(), 3):
        raise ValueError(f"positions must have shape ({force.getNumParticles()}, 3), not {points.shape}")
    if force.usesPeriodicBoundaryConditions() and box is None:
        raise ValueError("the force is periodic: give the box vectors")
    vectors = np.asarray(box, float) if force.usesPeriodicBoundaryConditions() else None
    types = np.array([force.getParticleType(i) for i in range(len(points))])
    active = np.flatnonzero(types >= 0)
    training = json.loads(model.getProvenance()).get("training", {})
    findings = _compare_composition(model, types[active], training.get("type_fractions"))
    density = None if vectors is None else float(len(active) / abs(np.linalg.det(vectors)))
    findings += _compare_density(density, training.get("number_density_per_nm3"))
    i, j, distances, centres = _find_pairs(force, model, points, vectors, types, active)
    shares, unseen = _compare_distances(model, types, i, j, distances)
    unusual, odd = _compare_coordination(i, centres, training.get("neighbors_per_particle"))
    notCompared = _list_not_compared(model, training, vectors is None)
    return Applicability((*findings, *unseen, *odd), shares, density, unusual, tuple(notCompared))


_RANGES = {
    "density": "number_density_per_nm3",
    "composition": "type_fractions",
    "neighbors": "neighbors_per_particle",
}


def _list_not_compared(model: SurrogateModel, training: Mapping[str, Any], isOpen: bool) -> list[str]:
    """Say what the model's file or the configuration does not tell, each reason once."""
    absent = [what for what, key in _RANGES.items() if key not in training]
    reasons = []
    if absent:
        reasons.append(
            f"not compared: {', '.join(absent)}: the model file tells no ranges (trained before 2026-11-27, or not by "
            "openmm-surrogate train); train it again, or add them from its data by openmmsurrogate.training.addRanges()"
        )
    if "density" not in absent and isOpen:
        reasons.append("not compared: density: the force is not periodic")
    elif "density" not in absent and training[_RANGES["density"]] is None:
        reasons.append("not compared: density: frames of the training had no box")
    blind = [i for i in range(model.getNumNetworks()) if not model.getNetwork(i).getTrainingHistogram().sum() > 0]
    if blind:
        which = "" if len(blind) == model.getNumNetworks() else f" of network {', '.join(map(str, blind))}"
        reasons.append(f"not compared: distances{which}: the model file has no histogram of its training")
    return reasons


def _find_pairs(
    force: SurrogateForce, model: SurrogateModel, points: Array, box: Array | None, types: Any, active: Any
) -> tuple[Any, Any, Array, Any]:
    """Return interacting pairs, each from one of its particles or both, their distances, and whose they are."""
    centres = active
    if len(active) > _LARGEST_SAMPLE:
        centres = np.sort(np.random.default_rng(1).choice(active, _LARGEST_SAMPLE, replace=False))
    i, j, distances = findNeighbors(points, box, model.getCutoff()._value, centres)
    keep = types[j] >= 0
    excluded = np.array([force.getExclusionParticles(k) for k in range(force.getNumExclusions())]).reshape(-1, 2)
    if len(excluded):
        both = np.concatenate([excluded, excluded[:, ::-1]]) @ [len(points), 1]
        keep &= ~np.isin(i * len(points) + j, both)
    return i[keep], j[keep], distances[keep], centres


def _compare_composition(model: SurrogateModel, types: Any, ranges: Mapping[str, Any] | None) -> list[str]:
    findings: list[str] = []
    for name, (low, high) in (ranges or {}).items() if len(types) else ():
        fraction = float(np.mean(types == model.getTypeIndex(name)))
        if not low - FRACTION_MARGIN <= fraction <= high + FRACTION_MARGIN:
            findings.append(
                f"{100 * fraction:.3g} % of the particles are {name}, in the training {_percent(low, high)}"
            )
    return findings


def _percent(low: float, high: float) -> str:
    return f"{100 * low:.3g} %" if low == high else f"{100 * low:.3g} to {100 * high:.3g} %"


def _compare_density(density: float | None, limits: Any) -> list[str]:
    if density is None or limits is None:
        return []
    low, high = limits
    if (1.0 - DENSITY_MARGIN) * low <= density <= (1.0 + DENSITY_MARGIN) * high:
        return []
    texts = dict.fromkeys((f"{low:.4g}", f"{high:.4g}"))
    return [f"the density is {density:.4g} particles per nm^3, in the training {' to '.join(texts)}"]


def _compare_distances(
    model: SurrogateModel, types: Any, i: Any, j: Any, distances: Array
) -> tuple[dict[str, float], list[str]]:
    """Return the share of pairs at unseen distances for each network that has a training histogram."""
    names, cutoff = model.getTypeNames(), model.getCutoff()._value
    pairs = [(a, b) for b in range(len(names)) for a in range(b + 1)]
    table = np.array([[model.getPairNetwork(a, b) for b in range(len(names))] for a in range(len(names))])
    network = table[types[i], types[j]]
    shares, findings = {}, []
    for index in range(model.getNumNetworks()):
        counts = model.getNetwork(index).getTrainingHistogram()
        chosen = distances[network == index]
        if not counts.sum() > 0 or not len(chosen):
            continue
        label = ", ".join(f"{names[a]}-{names[b]}" for a, b in pairs if table[a, b] == index)
        bins = np.minimum((chosen * (len(counts) / cutoff)).astype(int), len(counts) - 1)
        unseen = counts[bins] < max(1.0, RARE * counts.mean())
        shares[label] = float(unseen.mean())
        if shares[label] > UNSEEN_SHARE:
            low, high = np.quantile(chosen[unseen], [0.01, 0.99])
            findings.append(
                f"{100 * shares[label]:.3g} % of the pairs {label} are at distances that the training hardly had "
                f"({low:.3f} to {high:.3f} nm)"
            )
    return shares, findings


def _compare_coordination(i: Any, centres: Any, limits: Any) -> tuple[float | None, list[str]]:
    """Return the share of particles with unusual numbers of neighbors."""
    if limits is None or not len(centres):
        return None, []
    numbers = np.bincount(np.searchsorted(centres, i), minlength=len(centres))
    few, many = float(np.mean(numbers < limits[0])), float(np.mean(numbers > limits[1]))
    findings = [
        f"{100 * share:.3g} % of the particles have {word} neighbors within the cutoff than any in the training "
        f"({limit})"
        for share, word, limit in ((few, "fewer", limits[0]), (many, "more", limits[1]))
        if share > COORDINATION_SHARE
    ]
    return few + many, findings
