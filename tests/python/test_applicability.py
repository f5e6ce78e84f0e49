# SPDX-License-Identifier: MIT
"""Warnings where a model is used for what it was not trained on."""

import json
import subprocess
import sys
import warnings

import numpy as np
import openmm
import pytest

from openmmsurrogate import PairNetwork, SurrogateForce, SurrogateModel
from openmmsurrogate.data import findPairs
from openmmsurrogate.evaluation import ApplicabilityWarning, checkApplicability
from openmmsurrogate.validation import validateSystem

CUTOFF, SPACING, CELLS = 0.7, 0.29, 6  # nm; ions on each edge
TYPES = ("Na", "Cl")
EDGE = CELLS * SPACING


def make_crystal(spread: float, seed: int, stretch: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return positions and box, nm, and types of rock salt with thermal displacements."""
    sites = np.stack(np.meshgrid(*3 * [np.arange(CELLS)], indexing="ij"), axis=-1).reshape(-1, 3)
    positions = sites * SPACING + np.random.default_rng(seed).normal(0.0, spread, sites.shape)
    return stretch * positions, stretch * EDGE * np.eye(3), sites.sum(axis=1) % 2


def make_model(withProvenance: bool = True) -> SurrogateModel:
    """Return a model that was "trained" on twenty crystals: networks of zero force with their histograms."""
    frames = [make_crystal(0.02, seed) for seed in range(20)]
    bins, neighbors = np.zeros((3, 140)), []
    for positions, box, types in frames:
        i, j, displacement = findPairs(positions, box, CUTOFF)
        distances, network = np.linalg.norm(displacement, axis=1), types[i] + types[j]
        for index in range(3):
            bins[index] += np.histogram(distances[network == index], 140, (0.0, CUTOFF))[0]
        neighbors.append(np.bincount(np.concatenate([i, j]), minlength=len(positions)))
    model = SurrogateModel(TYPES, CUTOFF)
    model.setForceScale(1.0)  # which no forces tell
    for index in range(3):
        network = PairNetwork([1, 2, 1], [np.zeros((2, 1)), np.zeros((1, 2))], [np.zeros(2), np.zeros(1)])
        network.setCore(0.15, 10.0)
        network.setTrainingHistogram(bins[index])
        model.addNetwork(network)
    for a, b in ((0, 0), (0, 1), (1, 1)):
        model.setPairNetwork(a, b, a + b)
    if withProvenance:
        training = {
            "number_density_per_nm3": 2 * [CELLS**3 / EDGE**3],
            "type_fractions": {name: [0.5, 0.5] for name in TYPES},
            "neighbors_per_particle": [int(np.min(neighbors)), int(np.max(neighbors))],
        }
        model.setProvenance(json.dumps({"training": training}))
    return model


def make_force(model: SurrogateModel, types: np.ndarray) -> SurrogateForce:
    force = SurrogateForce(model)
    for kind in types.tolist():
        force.addParticle(kind)
    return force


@pytest.fixture(scope="module")
def model() -> SurrogateModel:
    return make_model()


@pytest.mark.parametrize("module", ["evaluation", "data", "validation", "analysis"])
def test_packages_can_be_imported_first(module):
    """They use each other."""
    subprocess.run([sys.executable, "-c", f"import openmmsurrogate.{module}"], check=True, timeout=60)


def test_configurations_like_the_training_pass(model):
    for seed in range(100, 110):
        positions, box, types = make_crystal(0.02, seed)
        result = checkApplicability(make_force(model, types), positions, box)
        assert result.passed, result.findings
        assert set(result.unseenShares) == {"Na-Na", "Na-Cl", "Cl-Cl"}
        assert max(result.unseenShares.values()) <= 1e-3


def test_distances_that_the_training_never_had_are_named(model):
    """A melt: the gaps between the shells of the crystal are filled."""
    positions, box, types = make_crystal(0.08, 1)
    result = checkApplicability(make_force(model, types), positions, box)
    assert any("pairs Na-Cl are at distances that the training hardly had" in text for text in result.findings)
    assert result.unseenShares["Na-Cl"] > 0.01


def test_density_is_named(model):
    positions, box, types = make_crystal(0.02, 1, stretch=1.02)
    result = checkApplicability(make_force(model, types), positions, box)
    assert result.numberDensity == pytest.approx(CELLS**3 / (1.02 * EDGE) ** 3)
    assert any(text.startswith("the density is ") for text in result.findings)


def test_composition_is_named(model):
    positions, box, types = make_crystal(0.02, 1)
    types[::4] = 0
    result = checkApplicability(make_force(model, types), positions, box)
    assert any("of the particles are Cl, in the training 50 %" in text for text in result.findings)


def test_a_surface_is_named(model):
    """A slab: the density of the box and the neighbors of the outer layers are too few."""
    positions, box, types = make_crystal(0.02, 1)
    box = box.copy()
    box[2, 2] *= 2
    result = checkApplicability(make_force(model, types), positions, box)
    assert any("have fewer neighbors within the cutoff" in text for text in result.findings)
    assert 0.3 < result.unusualCoordination < 0.7  # at least the outermost two of six layers; the cutoff sees four


def test_particles_without_a_type_and_exclusions_do_not_count(model):
    positions, box, types = make_crystal(0.02, 1)
    positions = np.concatenate([positions, positions[:1] + 0.1])
    assert checkApplicability(make_force(model, np.append(types, -1)), positions, box).passed
    force = make_force(model, np.append(types, 0))
    near = np.flatnonzero(np.linalg.norm(positions[:-1] - positions[-1], axis=1) < 0.4)
    share = checkApplicability(force, positions, box).unseenShares["Na-Na"]
    for i in near.tolist():
        force.addExclusion(i, len(types))
    assert checkApplicability(force, positions, box).unseenShares["Na-Na"] < share


def test_a_sample_of_a_large_system_finds_the_same(model, monkeypatch):
    monkeypatch.setattr("openmmsurrogate.evaluation.applicability._LARGEST_SAMPLE", 100)
    for spread, passes in ((0.02, True), (0.08, False)):
        positions, box, types = make_crystal(spread, 1)
        assert checkApplicability(make_force(model, types), positions, box).passed == passes


def test_a_model_that_does_not_know_its_training_has_distances_alone():
    positions, box, types = make_crystal(0.02, 1, stretch=1.001)
    result = checkApplicability(make_force(make_model(withProvenance=False), types), positions, box)
    assert result.passed
    assert result.unusualCoordination is None


def test_bad_input(model):
    positions, box, types = make_crystal(0.02, 1)
    with pytest.raises(ValueError, match="positions must have shape"):
        checkApplicability(make_force(model, types), positions[:-1], box)
    with pytest.raises(ValueError, match="give the box vectors"):
        checkApplicability(make_force(model, types), positions)


def make_system(model: SurrogateModel, box: np.ndarray, types: np.ndarray) -> tuple[openmm.System, SurrogateForce]:
    system, force = openmm.System(), make_force(model, types)
    system.setDefaultPeriodicBoxVectors(*box)
    for _ in types:
        system.addParticle(20.0)
    system.addForce(force)
    return system, force


def test_a_force_in_a_context_warns_of_what_is_off(model):
    positions, box, types = make_crystal(0.02, 1)
    system, force = make_system(model, box, types)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    context.setPositions(positions)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert force.checkInContext(context).passed
    context.setPositions(make_crystal(0.08, 1)[0])
    with pytest.warns(ApplicabilityWarning, match="pairs Na-Cl are at distances") as caught:
        assert not force.checkInContext(context).passed
    assert caught[0].filename == __file__


def test_validate_warns_too(model):
    positions, box, types = make_crystal(0.08, 1)
    system, _ = make_system(model, box, types)
    with pytest.warns(ApplicabilityWarning, match="unlike the training data"):
        validateSystem(system, positions, platforms=["CPU"], formats=["single"])
