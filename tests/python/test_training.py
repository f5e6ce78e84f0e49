# SPDX-License-Identifier: MIT
"""Training on tiny data: what it learns, and what it says when it cannot."""

import json
import os
import signal

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("h5py")

from training_data import CUTOFF, pair_force, write_data

from openmmsurrogate import NumericFormat, SurrogateModel
from openmmsurrogate.data import ForceDataset, Frame, findPairs
from openmmsurrogate.training import TrainingConfig, TrainingInterrupted, readConfig, train
from openmmsurrogate.training.dataset import compute_fingerprint
from openmmsurrogate.training.pressure import BAR

SMALL = {
    "cutoff": CUTOFF,
    "hidden": (8, 8),
    "adamSteps": 60,
    "warmupSteps": 10,
    "lbfgsSteps": 200,
    "particlesPerBatch": 20,
    "gridPoints": 120,
    "validationInterval": 20,
    "checkpointInterval": 20,
    "threads": 1,
}


@pytest.fixture(scope="module")
def argon(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data") / "one.h5")


def config(**changes):
    return TrainingConfig(**{**SMALL, **changes})


def relative_error(model, a=0, b=0):
    r = np.linspace(0.18, 0.58, 101)
    exact = pair_force(a, b, r)
    return np.sqrt(np.mean((model.computeForce(a, b, r)._value - exact) ** 2) / np.mean(exact**2))


@pytest.mark.parametrize(
    "changes",
    [{}, {"output": "energy"}, {"activation": "silu"}, {"activation": "clampedPolynomial"}],
    ids=["force", "energy", "silu", "polynomial"],
)
def test_learns_a_pair_force_from_summed_forces(argon, changes):
    result = train([argon], config(**changes))
    error = relative_error(result.model)
    print(f"1 - R2 {1 - result.heldOut.r2:.1e}, error of w {error:.1e}")
    assert result.heldOut.r2 > 0.999
    assert error < 0.03
    assert result.curve[-1].heldOut < result.curve[0].heldOut
    provenance = json.loads(result.model.getProvenance())
    network = result.model.getNetwork(0)
    assert provenance["training"]["pairs"] == network.getTrainingHistogram().sum()
    assert 0 <= provenance["training"]["smallest_distance_nm"][0] - network.getMinimumDistance()._value < 0.001
    assert provenance["data"][0]["held_out_frames"] == 1
    low, high = provenance["training"]["neighbors_per_particle"]
    assert 0 <= low < high


def test_learns_several_types_energies_and_offsets_at_several_volumes(tmp_path):
    path = write_data(tmp_path / "two.h5", numTypes=2, frames=8, offsets=(3.0, -2.0))
    result = train([path], config(energyWeight=1.0, virialWeight=1.0, lbfgsSteps=400))
    model = result.model
    for a, b in ((0, 0), (0, 1), (1, 1)):
        error = relative_error(model, a, b)
        print(f"{a}-{b}: error of w {error:.1e}")
        assert error < 0.05
    # All frames have as many of one type as of the other: only the sum of both offsets is determined.
    assert model.getEnergyOffset("A")._value + model.getEnergyOffset("B")._value == pytest.approx(1.0, abs=0.3)


def test_a_pressure_can_be_added_to_that_of_the_frames(tmp_path):
    path, added = write_data(tmp_path / "one.h5", frames=8), 500.0  # bar
    models = [
        train([path], config(energyWeight=100.0, virialWeight=100.0, lbfgsSteps=400, pressureShift=shift)).model
        for shift in (0.0, added)
    ]
    differences, energies = [], []
    with ForceDataset(path) as dataset:
        for frame in dataset:
            pairs = np.linalg.norm(findPairs(frame.positions, frame.box, CUTOFF)[2], axis=1)
            virials = [np.sum(pairs * model.computeForce(0, 0, pairs)._value) for model in models]
            volume = np.linalg.det(frame.box)
            differences.append((virials[1] - virials[0]) / (3.0 * volume) / BAR)
            first, second = (np.sum(model.computeEnergy(0, 0, pairs)._value) for model in models)
            offset = models[1].getEnergyOffset("A") - models[0].getEnergyOffset("A")
            energies.append(second - first + len(frame.positions) * offset._value)
    print(f"pressures differ by {np.round(differences)} bar")
    assert np.mean(differences) == pytest.approx(added, rel=0.1)
    edges = 1.5 + 0.03 * np.arange(8)
    slope = np.polyfit(edges**3, energies, 1)[0] / BAR
    print(f"energies fall by {-slope:.0f} bar times the volume, and differ by {np.mean(energies):.2f} kJ/mol")
    assert slope == pytest.approx(-added, rel=0.1)
    assert abs(np.mean(energies)) < 0.1 * added * BAR * np.ptp(edges**3)


def test_the_force_at_the_cutoff_can_be_asked_to_vanish(argon):
    """As a long-ranged force must, that is cut off: without the weight, the network ends where the forces want it."""
    weights = []
    for weight in (0.0, 100.0):
        result = train([argon], config(cutoffWeight=weight))
        weights.append(abs(result.model.computeForce(0, 0, CUTOFF * (1.0 - 1e-9))._value))
        assert result.heldOut.r2 > 0.999
    print(f"w at the cutoff {weights[0]:.1e}, with the weight {weights[1]:.1e} kJ/mol/nm")
    assert weights[1] < 0.1 * weights[0]


def test_resumed_training_is_that_without_interruption(argon, tmp_path):
    def interrupt_at(stage, step):
        def report(current, number, total, progress):
            if (current, number) == (stage, step):
                os.kill(os.getpid(), signal.SIGINT)

        return report

    settings = config(emaDecay=0.9, gradientClip=1.0, lbfgsSteps=80)
    straight = train([argon], settings)
    checkpoint = tmp_path / "model.checkpoint"
    for stage, step in (("adam", 33), ("lbfgs", 40)):
        with pytest.raises(TrainingInterrupted, match=rf"step {step} of {stage}; the state is in .*--resume"):
            train([argon], settings, checkpoint, checkpoint.exists(), interrupt_at(stage, step))
    with pytest.raises(ValueError, match=r"other settings: learningRate = 0\.003 instead of 0\.001"):
        train([argon], config(emaDecay=0.9, gradientClip=1.0, lbfgsSteps=80, learningRate=1e-3), checkpoint, True)
    resumed = train([argon], settings, checkpoint, True)
    assert not checkpoint.exists()
    assert resumed.curve == straight.curve
    for layer in range(3):
        np.testing.assert_array_equal(
            resumed.model.getNetwork(0).getWeights(layer), straight.model.getNetwork(0).getWeights(layer)
        )


def test_a_finished_training_is_made_again_from_its_last_checkpoint(argon, tmp_path):
    settings, checkpoint, steps = config(lbfgsSteps=30, checkpointInterval=50), tmp_path / "model.checkpoint", []
    first = train([argon], settings, checkpoint, keepCheckpoint=True)
    assert first.curve[-1].step == 30
    again = train([argon], settings, checkpoint, True, lambda stage, step, *_: steps.append((stage, step)))
    assert steps == []
    assert not checkpoint.exists()
    assert again.curve == first.curve
    np.testing.assert_array_equal(again.model.getNetwork(0).getWeights(2), first.model.getNetwork(0).getWeights(2))


def test_a_model_that_cannot_be_saved_leaves_the_checkpoint(argon, tmp_path, monkeypatch):
    from openmmsurrogate.cli.train import train as command

    def fail(model, path):
        raise OSError("No space left on device")

    monkeypatch.setattr(SurrogateModel, "save", fail)
    options = [f"{name}={value}" for name, value in {**SMALL, "hidden": [8, 8], "lbfgsSteps": 0}.items()]
    with pytest.raises(OSError, match="No space left"):
        command([argon], tmp_path / "model.safetensors", setting=options)
    assert (tmp_path / "model.checkpoint").exists()
    monkeypatch.undo()
    command([argon], tmp_path / "model.safetensors", setting=options, resume=True)
    assert (tmp_path / "model.safetensors").exists()
    assert not (tmp_path / "model.checkpoint").exists()


@pytest.mark.parametrize("interval", [50, 30])
def test_checkpoints_are_saved_in_both_stages(argon, tmp_path, monkeypatch, interval):
    saved = []
    monkeypatch.setattr(
        "openmmsurrogate.training.trainer.save_checkpoint",
        lambda path, state: saved.append((state["stage"], state["stageState"]["step"])),
    )
    train([argon], config(checkpointInterval=interval, lbfgsSteps=110), tmp_path / "model.checkpoint")
    expected = {50: [(0, 50), (0, 60), (1, 60), (1, 100), (1, 110)], 30: [(0, 30), (0, 60), (1, 40), (1, 60), (1, 100)]}
    assert sorted(set(saved)) == sorted({*expected[interval], (1, 110)})


def test_a_fingerprint_covers_held_out_frames_and_types():
    class Dataset:
        typeNames, numParticles, numFrames = ("A", "B"), 2, 2

        def __init__(self, types=(0, 1), exclusions=(), shift=0.0):
            self.typeIndices, self.exclusions = np.array(types, np.int32), np.array(exclusions, np.int32)
            self.shift = shift

        def frame(self, index):
            positions = np.zeros((2, 3)) + index * self.shift
            return Frame(positions, np.eye(3), np.ones((2, 3)), 0.0, None)

    variants = [Dataset(), Dataset(types=(0, 0)), Dataset(exclusions=[(0, 1)]), Dataset(shift=0.1)]
    assert len({compute_fingerprint([dataset]) for dataset in variants}) == len(variants)
    assert compute_fingerprint([Dataset()]) == compute_fingerprint([Dataset()])


def test_seed_decides_and_patience_ends_adam(argon):
    first, second = (train([argon], config(seed=seed, lbfgsSteps=0, refit=False)) for seed in (1, 2))
    assert first.curve != second.curve
    stalled = train([argon], config(adamSteps=400, learningRate=0.1, schedule="constant", patience=2, lbfgsSteps=0))
    assert stalled.curve[-1].step < 400


def test_refit_is_kept_only_if_the_held_out_error_falls(argon):
    without, refitted = (train([argon], config(lbfgsSteps=20, refit=refit)) for refit in (False, True))
    assert refitted.refitKept
    assert refitted.heldOut.componentRMSE < without.heldOut.componentRMSE


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"maxNeighbors": 5}, r"particle \d+ has \d+ neighbors within 0\.6 nm, more than maxNeighbors = 5"),
        ({"heldOutFraction": 0.01}, "heldOutFraction = 0.01 leaves 6 for training and 0 for .*: use 0.17 or more"),
        ({"heldOutFraction": 0.99}, "heldOutFraction = 0.99 leaves 0 for training and 6 for .*: use 0.8333 or less"),
        ({"cutoff": 0.12}, "no pair A-A comes within 0.12 nm"),
        ({"learningRate": 1e30, "warmupSteps": 0}, "the loss is not finite"),
    ],
    ids=["neighbors", "split", "all held out", "cutoff", "divergence"],
)
def test_says_what_is_wrong_with_the_data(argon, changes, message):
    with pytest.raises(ValueError, match=message):
        train([argon], config(**changes))


def test_files_of_other_types_are_refused(argon, tmp_path):
    other = write_data(tmp_path / "two.h5", numTypes=2, frames=2)
    with pytest.raises(ValueError, match=r"two.h5 has the types \['A', 'B'\], but .*one.h5 has \['A'\]"):
        train([argon, other], config())


def test_config_file_and_settings(tmp_path):
    path = tmp_path / "train.toml"
    path.write_text('adamSteps = 7\nhidden = [4, 4]\nactivation = "silu"\nlearningRate = 1\n')
    settings = readConfig(path, ["adamSteps=9", "activation=tanh"])
    assert (settings.adamSteps, settings.hidden, settings.activation) == (9, (4, 4), "tanh")
    path.write_text("adamStep = 7\n")
    for arguments, message in (
        ((path,), r"train.toml: there is no setting 'adamStep'; the settings are activation, "),
        ((None, ["adamSteps=many"]), "adamSteps must be of type int, but is 'many'"),
        ((None, ["schedule=steep"]), "schedule must be one of constant, cosine, but is 'steep'"),
        ((None, ["heldOutFraction=0"]), r"heldOutFraction must lie between 0 and 1, but is 0\.0"),
        ((None, ["adamSteps"]), "must be written name=value"),
        ((None, ["pressureShift=100.0"]), r"pressureShift needs energyWeight or virialWeight, but is 100\.0"),
    ):
        with pytest.raises(ValueError, match=message):
            readConfig(*arguments)


def test_damaged_checkpoint_is_an_error(argon, tmp_path):
    checkpoint = tmp_path / "model.checkpoint"
    checkpoint.write_bytes(b"half")
    with pytest.raises(ValueError, match=r"model\.checkpoint is not a checkpoint"):
        train([argon], config(), checkpoint, True)


def test_unwritable_checkpoint_leaves_the_previous_one(tmp_path):
    import torch

    from openmmsurrogate.training.checkpoint import load_checkpoint, save_checkpoint

    path = tmp_path / "model.checkpoint"
    save_checkpoint(path, {"step": 1})
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    path.with_name(path.name + ".part").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"cannot write the checkpoint .*; the previous checkpoint is as it was"):
        save_checkpoint(path, {"step": 2, "large": torch.zeros(100000)})
    assert load_checkpoint(path)["step"] == 1


def test_saved_model_runs_and_rounds(argon, tmp_path):
    model = train([argon], config()).model
    model.save(tmp_path / "model.safetensors")
    loaded = SurrogateModel.load(tmp_path / "model.safetensors")
    r = np.linspace(0.2, 0.55, 11)
    np.testing.assert_array_equal(loaded.computeForce("A", "A", r)._value, model.computeForce("A", "A", r)._value)
    assert loaded.getFormat() == NumericFormat.Default
