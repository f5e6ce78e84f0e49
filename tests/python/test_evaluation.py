# SPDX-License-Identifier: MIT
"""Evaluation of models: forces on held-out data, rollouts, and the command evaluate."""

import json
from types import SimpleNamespace

import numpy as np
import openmm
import pytest
import small_liquid
from matplotlib.figure import Figure
from openmm import unit
from typer.testing import CliRunner

from openmmsurrogate import NumericFormat, SurrogateForce, SurrogateModel, cli
from openmmsurrogate._options import EvaluationMethod
from openmmsurrogate.analysis import EV_PER_ANGSTROM, compareForces, computeRadialDistribution
from openmmsurrogate.data import ForceDataset, ForceDatasetWriter, Frame
from openmmsurrogate.evaluation import (
    ApplicabilityWarning,
    ForceSettings,
    RolloutSettings,
    compareRollouts,
    describeApplicability,
    describeCorePairs,
    evaluateModels,
    formatMarkdown,
    loadCandidates,
    makeStart,
    readHeldOut,
    runRollout,
)
from openmmsurrogate.plots.evaluation_figure import _draw_energies

BOX = 2.0 * np.eye(3)
COUNT = 125
SHORT = {"time": 0.7, "settling": 0.05, "frameInterval": 0.04, "temperature": 100.0, "platform": "Reference"}


def make_system() -> tuple[openmm.System, None, np.ndarray]:
    """Make a System of argon on the shipped model in double, which a perfect model equals, and a shaken lattice."""
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*BOX)
    force = SurrogateForce(SurrogateModel.load("argon"))
    force.setPrecision("double")
    force.setTableTolerance(1e-8)
    for _ in range(COUNT):
        system.addParticle(39.948)
        force.addParticle("Ar")
    system.addForce(force)
    cells = np.stack(np.meshgrid(*3 * [np.arange(5)], indexing="ij"), axis=-1).reshape(-1, 3)
    return system, None, 0.4 * cells + np.random.default_rng(1).uniform(-0.02, 0.02, (COUNT, 3))


def write_data(path, errors=0.0, types=("Ar",), system=True, temperature=100.0):
    """Write two frames of the System, with errors on the forces; every fifth atom has no type."""
    reference, _, positions = make_system()
    indices = [-1 if i % 5 == 0 else i % len(types) for i in range(COUNT)]
    force = SurrogateForce.cast(reference.getForce(0))
    for i in range(0, COUNT, 5):
        force.setParticleType(i, -1)
    xml = openmm.XmlSerializer.serialize(reference)
    context = openmm.Context(reference, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    with ForceDatasetWriter(path, types, indices, temperature=temperature, systemXML=xml if system else None) as writer:
        for shift in (0.0, 0.01):
            frame = positions + shift * np.sin(np.arange(COUNT * 3).reshape(COUNT, 3))
            context.setPositions(frame)
            state = context.getState(forces=True, energy=True)
            forces = state.getForces(asNumpy=True).value_in_unit(unit.kilojoule_per_mole / unit.nanometer)
            energy = state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole)
            writer.append(Frame(frame, BOX, forces + errors, energy))
    return path


def test_candidates_have_formats_and_variants(tmp_path):
    model = SurrogateModel.load("argon")
    model.setFormat("int8")
    model.setProvenance(json.dumps({"quantization": {"method": "refit"}}))
    model.save(tmp_path / "argon-int8.safetensors")
    candidates = loadCandidates(["argon", tmp_path / "argon-int8.safetensors"], ["bf16", "int4:all"])
    found = [(c.label, NumericFormat.getName(c.format), c.variant, c.model.getEndLayersSingle()) for c in candidates]
    assert found == [
        ("argon", "single", "trained", True),
        ("argon-bfloat16", "bfloat16", "plain", True),
        ("argon-int4-all", "int4", "plain, all layers", False),
        ("argon-int8", "int8", "refit", True),
    ]
    with pytest.raises(ValueError, match="several models are called argon"):
        loadCandidates(["argon", "argon"])
    with pytest.raises(ValueError, match=r"'float99'.*int4.*in short: .*bf16.*; each may .* :all, for all"):
        loadCandidates(["argon"], ["float99"])


def test_a_perfect_model_has_no_force_error(tmp_path):
    path = write_data(tmp_path / "data.h5")
    evaluation = evaluateModels(loadCandidates(["argon"], ["bfloat16", "bfloat16:all"]), [path])
    single, rounded, whole = (entry.fidelity[0] for entry in evaluation.models)
    print("relative force errors:", [f.metrics.relativeRMSE for f in (single, rounded, whole)])
    assert single.metrics.relativeRMSE < 1e-5
    assert abs(single.energyDifference) < 1e-5
    assert single.metrics.numAtoms == 2 * 100
    assert 1e-3 < rounded.metrics.relativeRMSE < whole.metrics.relativeRMSE


def test_tables_and_other_platforms_can_be_asked_for(tmp_path):
    path = write_data(tmp_path / "data.h5")
    candidates = loadCandidates(["argon"], ["int4"])
    network, table = (
        evaluateModels(candidates, [path], forceSettings=ForceSettings("Reference", EvaluationMethod[method]))
        for method in ("Network", "Table")
    )
    assert "; networks on platform Reference" in formatMarkdown(network)
    assert "; tables on platform Reference" in formatMarkdown(table)
    for evaluation, method in ((network, "Network"), (table, "Table")):
        values = evaluation.asDict(evaluation.models[1])["forces"][0]
        assert (values["platform"], values["method"]) == ("Reference", method)
    # A table follows no steps of a reduced format.
    assert not np.allclose(network.models[1].fidelity[0].forces, table.models[1].fidelity[0].forces, atol=1e-3)
    np.testing.assert_allclose(
        network.models[0].fidelity[0].forces,
        table.models[0].fidelity[0].forces,
        atol=1e-3 * network.heldOut[0].forces.max(),
    )


def test_pairs_closer_than_in_training_are_counted(tmp_path):
    path, closest = tmp_path / "data.h5", SurrogateModel.load("argon").getNetwork(0).getMinimumDistance()._value
    positions = np.array([[0, 0, 0], [closest - 0.01, 0, 0], [1, 1, 1], [1, 1, 1 + closest + 0.01], [0, 0.1, 0]])
    with ForceDatasetWriter(path, ["Ar"], [0, 0, 0, 0, -1]) as writer:
        for _ in range(2):
            writer.append(Frame(positions, BOX, np.arange(15.0).reshape(5, 3), 0.0))
    evaluation = evaluateModels(loadCandidates(["argon"]), [path])
    assert evaluation.models[0].fidelity[0].numCorePairs == 2
    (sentence,) = describeCorePairs(evaluation)
    assert "2 of argon" in sentence and sentence in formatMarkdown(evaluation)
    assert describeCorePairs(evaluateModels(loadCandidates(["argon"]), [write_data(tmp_path / "far.h5")])) == []


def test_data_unlike_the_training_are_told_with_model_and_file(tmp_path):
    """The lattice has 15.6 atoms per nm^3 less those without a type, argon was trained at 19.8."""
    path = write_data(tmp_path / "data.h5")
    SurrogateModel.load("argon").save(tmp_path / "mine.safetensors")
    candidates = loadCandidates(["argon", tmp_path / "mine.safetensors"])
    with pytest.warns(ApplicabilityWarning) as caught:
        evaluation = evaluateModels(candidates, [path])
    texts = [str(warning.message) for warning in caught]
    assert texts[0].startswith("data.h5 is unlike the training data of argon (argon): the density is 12.5 ")
    assert f"training data of mine ({tmp_path / 'mine.safetensors'}): " in texts[1]
    sentences = describeApplicability(evaluation)
    assert sentences[0].startswith("argon, mine: data.h5 is unlike its training data: the density is 12.5 ")
    assert all(sentence in formatMarkdown(evaluation) for sentence in sentences)
    values = evaluation.asDict(evaluation.models[0])["forces"][0]
    assert values["unlike_training"]
    assert values["not_compared_with_training"] == []


def test_what_cannot_be_compared_is_told(tmp_path):
    model = SurrogateModel.load("argon")
    model.setProvenance("{}")
    model.save(tmp_path / "old.safetensors")
    evaluation = evaluateModels(loadCandidates([tmp_path / "old.safetensors"]), [write_data(tmp_path / "data.h5")])
    assert any(text.startswith("old: not compared: density, composition") for text in describeApplicability(evaluation))
    (text,) = evaluation.asDict(evaluation.models[0])["forces"][0]["not_compared_with_training"]
    assert text.startswith("not compared: density, composition, neighbors")


def test_errors_are_those_of_the_definitions(tmp_path):
    rng = np.random.default_rng(2)
    errors = rng.normal(size=(COUNT, 3))
    path = write_data(tmp_path / "data.h5", errors)
    evaluation = evaluateModels(loadCandidates(["argon"]), [path])
    fidelity, heldOut = evaluation.models[0].fidelity[0], evaluation.heldOut[0]
    typed = np.arange(COUNT) % 5 > 0
    with ForceDataset(path) as dataset:
        true = np.array([frame.forces[typed] for frame in dataset])
    metrics = compareForces(true, fidelity.forces)
    assert fidelity.metrics == metrics
    values = fidelity.asDict()
    vector = np.sqrt(np.mean(np.sum(errors[typed] ** 2, axis=1)))
    assert values["vector_rmse_eV_per_angstrom"] == pytest.approx(vector / EV_PER_ANGSTROM, rel=1e-4)
    assert values["rmse_eV_per_angstrom"] == pytest.approx(metrics.magnitudeRMSE / EV_PER_ANGSTROM)
    assert (
        sum(entry["numParticles"] for entry in values["by_nearest_neighbor"]) == heldOut.forces.shape[0] * typed.sum()
    )
    squares = sum(entry.numParticles * entry.vectorRMSE**2 for entry in fidelity.bins)
    assert squares == pytest.approx(2 * np.sum(errors[typed] ** 2), rel=1e-4)


def test_nearest_neighbors_are_found_among_typed_particles(tmp_path):
    path = tmp_path / "data.h5"
    positions = np.array([[0, 0, 0], [0.3, 0, 0], [0.1, 0, 0], [1.9, 0, 0], [1, 1, 1]])
    with ForceDatasetWriter(path, ["A", "B"], [0, 1, -1, 1, 0]) as writer:
        writer.append(Frame(positions, BOX, np.ones((5, 3)), 0.0))
    with ForceDataset(path) as dataset:
        heldOut = readHeldOut(dataset, 0.5)
    np.testing.assert_allclose(heldOut.nearest[0], [0.1, 0.3, np.inf, 0.1, np.inf], atol=1e-12)
    names = [heldOut.pairNames[k] if k >= 0 else None for k in heldOut.pairTypes[0]]
    assert names == ["A-B", "A-B", None, "A-B", None]


def test_rollouts_are_velocity_verlet(tmp_path):
    system, _, positions = make_system()
    settings = RolloutSettings(**SHORT)
    start = makeStart(system, positions, BOX, np.ones(COUNT, bool), settings)
    rollout = runRollout(system, start, settings)
    integrator = openmm.CustomIntegrator(settings.timeStep)
    integrator.addUpdateContextState()
    integrator.addComputePerDof("v", "v+0.5*dt*f/m")
    integrator.addComputePerDof("x", "x+dt*v")
    integrator.addComputePerDof("v", "v+0.5*dt*f/m")
    context = openmm.Context(system, integrator, openmm.Platform.getPlatform("Reference"))
    context.setPositions(positions)
    context.setVelocities(start.velocities)
    integrator.step(round(settings.settling / settings.timeStep))
    frames = []
    for potential, total in zip(rollout.potentialEnergies, rollout.totalEnergies, strict=True):
        integrator.step(40)
        state = context.getState(positions=True, energy=True)
        energies = [
            e.value_in_unit(unit.kilojoule_per_mole) for e in (state.getPotentialEnergy(), state.getKineticEnergy())
        ]
        assert potential == pytest.approx(energies[0] / COUNT, abs=1e-8)
        assert total == pytest.approx(sum(energies) / COUNT, abs=1e-8)
        frames.append(state.getPositions(asNumpy=True).value_in_unit(unit.nanometer))
    expected = computeRadialDistribution(frames, BOX, rollout.distribution.r[-1] + rollout.distribution.r[0], 150)
    np.testing.assert_allclose(rollout.distribution.g, expected.g, atol=1e-6)
    assert rollout.average.mean == pytest.approx(rollout.potentialEnergies.mean())
    slope = np.polyfit(rollout.times, rollout.totalEnergies, 1)[0]
    assert rollout.drift == pytest.approx(1000.0 * slope)
    assert abs(rollout.drift) < 1.0  # kJ/mol/ns, for 0.7 ps


def test_rollouts_of_equal_forces_are_equal(tmp_path):
    path = write_data(tmp_path / "data.h5")
    evaluation = evaluateModels(loadCandidates(["argon"], ["int4"]), [path], RolloutSettings(**SHORT))
    equal, rounded = evaluation.models
    # The model runs as a table in single: its forces differ by 1e-5, which 0.7 ps amplify little.
    assert equal.comparison.largestDeviation < 0.05
    assert abs(equal.comparison.relativeEnergyDifference) < 1e-4
    assert abs(rounded.comparison.energyDifference) > 0.1
    same = compareRollouts(evaluation.reference, evaluation.reference)
    assert (same.energyDifference, same.largestDeviation) == (0.0, 0.0)
    text = formatMarkdown(evaluation)
    assert text.count("| argon |") == 2
    assert r"R² of \|F\|" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"timeStep": 0.0}, "timeStep of rollouts must be positive"),
        ({"time": 0.3}, "need 16 samples: take a time of 0.64 ps or more, or no rollouts at all"),
    ],
)
def test_settings_without_sense_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        RolloutSettings(**(SHORT | change))


def test_bad_input_is_told(tmp_path):
    argon = loadCandidates(["argon"])
    settings = RolloutSettings(**SHORT)
    with pytest.raises(ValueError, match=r"argon has no type Xe, which .*types.h5 has; its types are Ar"):
        evaluateModels(argon, [write_data(tmp_path / "types.h5", types=("Ar", "Xe"))])
    anonymous = write_data(tmp_path / "anonymous.h5", system=False)
    with pytest.raises(ValueError, match="does not hold the System of its forces"):
        evaluateModels(argon, [anonymous], settings)
    with pytest.raises(ValueError, match=r"the reference System has 0 particles, but .* 125"):
        evaluateModels(argon, [anonymous], settings, openmm.System())
    ForceDatasetWriter(tmp_path / "empty.h5", ["Ar"], [0]).close()
    with pytest.raises(ValueError, match=r"empty.h5 has no frames"):
        evaluateModels(argon, [tmp_path / "empty.h5"])
    with pytest.raises(ValueError, match="needs a model and a data set"):
        evaluateModels(argon, [])


def test_an_unstable_rollout_is_told():
    system, _, positions = small_liquid.create_system()
    settings = RolloutSettings(time=400.0, settling=0.0, timeStep=1.0, frameInterval=10.0, temperature=1e4)
    start = makeStart(system, positions, small_liquid.EDGE * np.eye(3), np.ones(64, bool), settings)
    with pytest.raises(ValueError, match=r"a rollout became unstable"):
        runRollout(system, start, settings)


def test_the_command_writes_tables_figure_and_json(tmp_path):
    path, folder = write_data(tmp_path / "data.h5"), tmp_path / "results"
    arguments = ["evaluate", "argon", "--data", str(path), "--format", "float16", "-o", str(folder)]
    result = CliRunner().invoke(
        cli.app, [*arguments, "--time", "16", "--settling", "0", "--time-step", "0.008", "--platform", "Reference"]
    )
    assert result.exit_code == 0, result.output
    assert sorted(file.name for file in folder.iterdir()) == [
        "argon-float16.json",
        "argon.json",
        "evaluation.md",
        "evaluation.png",
    ]
    values = json.loads((folder / "argon-float16.json").read_text())
    assert values["model"] == {
        "label": "argon-float16",
        "file": "argon",
        "format": "float16",
        "variant": "plain",
        "endLayersSingle": True,
    }
    assert values["forces"][0]["data"] == "data.h5"
    assert values["rollouts"]["settings"]["temperature"] == 100.0
    for name in ("reference", "model"):
        assert len(values["rollouts"][name]["g_r"]["r_nm"]) == 150
    (folder / "evaluation.png").unlink()
    result = CliRunner().invoke(cli.app, [*arguments, "--time", "0", "--platform", "Reference", "--method", "table"])
    assert result.exit_code == 0, result.output
    assert "tables on platform Reference" in (folder / "evaluation.md").read_text()
    assert "rollouts" not in json.loads((folder / "argon.json").read_text())
    assert (folder / "evaluation.png").exists()
    unknown = write_data(tmp_path / "unknown.h5", temperature=None)
    result = CliRunner().invoke(cli.app, ["evaluate", "argon", "--data", str(unknown), "-o", str(folder)])
    assert result.exit_code == 1
    assert "does not say its temperature" in result.stderr


@pytest.mark.parametrize("percent", [(-3.0, 0.1), (80.0, -0.3), (1000.0, -2000.0), (0.05, -0.02)])
def test_no_mean_energy_is_cut_by_the_edge_of_its_panel(percent):
    axes = Figure().subplots()
    rollouts = [SimpleNamespace(average=SimpleNamespace(mean=-5.0 - 0.05 * p, standardError=1e-3)) for p in percent]
    reference = SimpleNamespace(average=SimpleNamespace(mean=-5.0, standardError=1e-3))
    _draw_energies(axes, reference, [("model", rollout, "red") for rollout in rollouts])
    assert axes.get_yscale() == ("symlog" if max(map(abs, percent)) > 0.2 else "linear")
    heights = axes.transAxes.inverted().transform(axes.transData.transform([(0.0, -p) for p in percent]))[:, 1]
    assert heights.min() > 0.03
    assert heights.max() < 0.97
