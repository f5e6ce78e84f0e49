# SPDX-License-Identifier: MIT
"""Warnings where a model is used for what it was not trained on."""

import json
import subprocess
import sys
import warnings

import numpy as np
import openmm
import pytest

from openmmsurrogate import PairNetwork, SurrogateForce, SurrogateModel, listModels
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
    (text,) = result.notCompared
    assert text.startswith("not compared: density, composition, neighbors: the model file tells no ranges")
    assert "train it again" in text
    model = make_model(withProvenance=False)
    network = model.getNetwork(1)
    network.setTrainingHistogram([])
    model.setNetwork(1, network)
    result = checkApplicability(make_force(model, types), positions, box)
    assert "not compared: distances of network 1: the model file has no histogram of its training" in result.notCompared


def test_a_configuration_without_a_box_has_no_density(model):
    positions, _, types = make_crystal(0.02, 1)
    force = make_force(model, types)
    force.setUsesPeriodicBoundaryConditions(False)
    assert checkApplicability(force, positions).notCompared == ("not compared: density: the force is not periodic",)


@pytest.mark.parametrize("name", [name for name in listModels() if name.startswith("argon") and "krypton" not in name])
def test_shipped_argon_warns_of_a_density_and_a_surface_that_it_was_not_trained_at(name):
    edge = 3.697  # nm, for 1000 atoms at 19.8 per nm^3
    positions = edge / 10 * np.stack(np.meshgrid(*3 * [np.arange(10)], indexing="ij"), axis=-1).reshape(-1, 3)
    force = make_force(SurrogateModel.load(name), np.zeros(1000, int))
    result = checkApplicability(force, positions, edge * np.eye(3))
    assert result.passed, result.findings
    assert not result.notCompared
    result = checkApplicability(force, 4.0 / edge * positions, 4.0 * np.eye(3))
    assert any(text.startswith("the density is 15.6") for text in result.findings), result.findings
    result = checkApplicability(force, positions, np.diag([edge, edge, 3 * edge]))
    assert any("have fewer neighbors within the cutoff" in text for text in result.findings)


def test_the_shipped_mixture_says_what_it_cannot_compare():
    force = make_force(SurrogateModel.load("argon-krypton"), np.arange(1000) % 2)
    positions = np.random.default_rng(1).uniform(0.0, 4.0, (1000, 3))
    (text,) = checkApplicability(force, positions, 4.0 * np.eye(3)).notCompared
    assert text.startswith("not compared: density, composition, neighbors")


def test_ranges_can_be_added_to_a_model_of_older_training(tmp_path):
    pytest.importorskip("torch")
    from training_data import CUTOFF as REACH
    from training_data import write_data

    from openmmsurrogate.training import TrainingConfig, addRanges, train

    path = write_data(tmp_path / "data.h5", frames=4)
    config = TrainingConfig(REACH, hidden=(4,), adamSteps=1, lbfgsSteps=0, gridPoints=50, heldOutFraction=0.25)
    trained = train([path], config).model
    expected = json.loads(trained.getProvenance())["training"]
    old = json.loads(trained.getProvenance())
    keys = ("number_density_per_nm3", "type_fractions", "neighbors_per_particle")
    for key in keys:
        del old["training"][key]
    trained.setProvenance(json.dumps(old))
    assert addRanges(trained, [path])
    added = json.loads(trained.getProvenance())["training"]
    assert {key: added[key] for key in keys} == {key: expected[key] for key in keys}
    assert added["ranges_added"]["frames"] == "those of the training"
    assert not addRanges(trained, [write_data(tmp_path / "again.h5", frames=4, seed=2)])
    frames = json.loads(trained.getProvenance())["training"]["ranges_added"]["frames"]
    assert frames == "sampled again; those of the training are others"
    with pytest.raises(ValueError, match="has the types"):
        addRanges(trained, [write_data(tmp_path / "mixture.h5", numTypes=2, frames=4)])
    trained.setProvenance("{}")
    with pytest.raises(ValueError, match="its provenance tells no training"):
        addRanges(trained, [path])


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


def test_a_force_of_another_context_and_missing_positions_are_errors(model):
    positions, box, types = make_crystal(0.02, 1)
    system, force = make_system(model, box, types)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    with pytest.raises(ValueError, match=r"call context.setPositions\(\) before checkInContext\(\)"):
        force.checkInContext(context)
    context.setPositions(positions)
    with pytest.raises(ValueError, match="this force is not in the System of the Context"):
        make_force(model, types).checkInContext(context)
    assert SurrogateForce.cast(context.getSystem().getForce(0)).checkInContext(context).passed


def test_validate_warns_too(model):
    positions, box, types = make_crystal(0.08, 1)
    system, _ = make_system(model, box, types)
    with pytest.warns(ApplicabilityWarning, match="unlike the training data of the model of force 0"):
        report = validateSystem(system, positions, platforms=["CPU"], formats=["single"])
    assert not report.notes


def test_validate_says_what_it_could_not_compare():
    positions, box, types = make_crystal(0.02, 1)
    system, _ = make_system(make_model(withProvenance=False), box, types)
    (note,) = validateSystem(system, positions, platforms=["CPU"], formats=["single"]).notes
    assert note.startswith("force 0: ")
    assert "not compared: density, composition, neighbors" in note
