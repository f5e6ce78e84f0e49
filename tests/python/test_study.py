# SPDX-License-Identifier: MIT
"""The command study at toy size: experiments, resuming, refusals, figures and pages."""

import dataclasses
import json
import re
import subprocess
import sys
import types
from pathlib import Path

import liquid_samples  # noqa: F401  # puts examples/ on the path
import numpy as np
import openmm
import pytest
from openmm import unit
from typer.testing import CliRunner

from openmmsurrogate import cli, listModels
from openmmsurrogate.study import Results, StudyFolder, describeMissing, nacl, runner, runStudy, speed
from openmmsurrogate.study.contestants import makeNonbonded
from openmmsurrogate.study.materials import ARGON, MATERIALS, NACL
from openmmsurrogate.study.page import makePage
from openmmsurrogate.study.settings import chooseSettings
from openmmsurrogate.study.timed_context import TimedContext, Timing, addBarostat

ROOT = Path(__file__).parents[2]
TOY = {"seconds": 0.01, "repeats": 2, "steps": 400, "quick": True}
SMALLEST = {"argon": 256, "nacl": 512}  # boxes of twice the cutoff


def make_toy(study):
    """Make settings for the smallest study there is."""
    settings = chooseSettings(study, "CPU", sizes=[SMALLEST[study]], **TOY)
    return dataclasses.replace(settings, structureParticles=SMALLEST[study], repeatSteps=50)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("OPENMM_CPU_THREADS", "1")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return the folders of a toy study of each material."""
    folders = {}
    for study in MATERIALS:
        folders[study] = tmp_path_factory.mktemp(study) / "study"
        runStudy(make_toy(study), folders[study])
    return folders


@pytest.mark.parametrize("study", MATERIALS)
def test_parts_add_up_to_the_whole_step(finished, study):
    rows = Results.load(finished[study]).rows("speed-")
    names = {row["name"] for row in rows}
    assert names >= ({"lj-cpu", "table-single"} if study == "argon" else {"pme-cpu", "tunable-single", "none"})
    for row in rows:
        if "split_error" in row:  # steps of microseconds on a busy machine
            assert re.search("came out as|took much longer", row["split_error"])
            continue
        parts = row["split_ms"]
        total = sum(parts[name] or 0.0 for name in ("pair", "k_space", "neighbor", "other"))
        largest = max(abs(value or 0.0) for value in parts.values())  # numbers are kept with 7 digits
        assert total == pytest.approx(row["ms_per_step"], abs=1e-6 * largest + 1e-6 * row["ms_per_step"])
        assert (parts["k_space"] is not None) == (row["name"].startswith(("pme", "tunable")))
        assert len(row["ms_per_step_windows"]) == 2
        assert row["temperature_K"] == pytest.approx(MATERIALS[study].state.temperature, rel=0.35)
        if "ensembles_ms" in row:
            assert set(row["ensembles_ms"]) == {"NVE", "NPT"}


def make_context(times):
    """Make what _split() asks a TimedContext for: milliseconds of a step by force groups and by being at rest."""

    class Context:
        def use(self, ensemble, groups=-1, frozen=False):
            self.key = (groups, frozen)

        def time(self, seconds, repeats, multiple=1):
            self.multiple = multiple
            end = times[self.key] / 1000.0
            return Timing(1, [(0.0, 0.9 * end), (0.0, end), (0.0, 3.0 * end)], None)

    return Context()


def test_parts_are_differences():
    pme = nacl.makePME()
    times = {(-1, True): 0.7, (0, True): 0.1, (~2, True): 0.4, (2, True): 0.45}
    laboratory = types.SimpleNamespace(settings=chooseSettings("nacl", "CUDA"))
    context = make_context(times)
    parts = speed._split(laboratory, pme, context, 0.8)
    expected = {"neighbor": 0.1, "k_space": 0.3, "k_space_alone": 0.35, "pair": 0.3, "other": 0.1}
    assert parts == pytest.approx(expected)
    assert context.multiple == 251  # OpenMM reorders particles as often
    table = nacl.listSurrogates()[0]
    parts = speed._split(laboratory, table, context, 0.8)
    assert parts == {"neighbor": pytest.approx(0.1), "other": 0.1, "k_space": None, "k_space_alone": None, "pair": 0.6}
    assert context.multiple == 1


def test_disturbed_windows_give_no_joules():
    steady = Timing(100, [(0.0, 0.1), (0.1, 0.21), (0.21, 0.3)], 500.0)
    assert speed._describe_power(steady) == pytest.approx({"W": 500.0, "J_per_step": 0.5})
    disturbed = Timing(100, [(0.0, 0.1), (0.1, 0.4), (0.4, 0.5)], 500.0)
    assert "took much longer" in speed._describe_power(disturbed)["power_error"]
    assert speed._describe_power(Timing(100, [(0.0, 0.1)], None)) == {}


@pytest.mark.parametrize("study", MATERIALS)
def test_structures_are_those_of_the_material(finished, study):
    results = Results.load(finished[study])
    rows = {row["name"]: row for row in results.rows("structure-")}
    own = rows["lj-cpu" if study == "argon" else "pme-cpu"]
    assert own["force_relative_rms_error"] < (1e-4 if study == "argon" else 5e-3)
    r = np.array(own["g_r"]["r_nm"])
    peaks = {"argon": {"Ar-Ar": 0.38}, "nacl": {"Na-Na": 0.41, "Na-Cl": 0.28, "Cl-Cl": 0.41}}
    for pair, nearest in peaks[study].items():
        g = np.array(own["g_r"][pair]["g"])
        assert r[g.argmax()] == pytest.approx(nearest, abs=0.03)
    if study == "argon":
        table = rows["table-single"]
        assert table["force_r2"] > 0.999999
        assert table["energy"]["kJ_per_mol"] == pytest.approx(own["judged_energy"]["kJ_per_mol"], abs=0.3)
        assert "energy" not in own  # NonbondedForce's is not zero at the cutoff
        worse, better = (rows[f"table-{name}"]["force_r2"] for name in ("bfloat16-all", "argon-bf16"))
        assert worse < better < 1.0


@pytest.mark.parametrize("study", MATERIALS)
def test_repeated_runs_are_compared(finished, study):
    rows = Results.load(finished[study]).rows("reproducibility")
    assert len(rows) >= 2
    for row in rows:
        assert row["bitwise_equal"] == (max(row["rms_distance_nm"]) == 0.0)
        assert row["bitwise_equal"] == (row["first_difference_ps"] is None)


def test_what_is_missing_is_named(finished):
    text = "\n".join(describeMissing(Results.load(finished["nacl"])))
    assert "Joules are measured on platform CUDA only" in text
    assert "single, mixed and double are those of platform CUDA" in text
    if "nacl-1.0nm" not in listModels():
        assert "Not done yet, with the model nacl-1.0nm" in text
        assert "speed of 512 ions (surrogate, table, single)" in text
    page = makePage(Results.load(finished["nacl"]))
    assert "What was not measured" in page
    assert "joules have not been measured" in page


def test_an_interrupted_study_goes_on(tmp_path, monkeypatch):
    folder = tmp_path / "study"
    calls = []

    def run(name, interrupt, laboratory):
        calls.append(name)
        if interrupt:
            raise KeyboardInterrupt
        return [{"name": name, "label": name, "particles": 1}]

    def list_experiments(interrupted):
        return [runner.Experiment(name, name, lambda _, name=name: run(name, name == interrupted, _)) for name in "abc"]

    monkeypatch.setitem(runner._LISTS, "argon", lambda _: list_experiments("b"))
    with pytest.raises(KeyboardInterrupt):
        runStudy(make_toy("argon"), folder)
    assert sorted(path.name for path in (folder / "results").iterdir()) == ["a.json"]
    monkeypatch.setitem(runner._LISTS, "argon", lambda _: list_experiments(None))
    seen = []
    assert runStudy(make_toy("argon"), folder, lambda *state: seen.append(state)) == 1
    assert calls == ["a", "b", "b", "c"]
    assert seen[0] == (1, 3, "b")
    assert seen[-1] == (3, 3, "done")
    content = json.loads((folder / "results" / "b.json").read_text())
    assert content["rows"] == [{"name": "b", "label": "b", "particles": 1}]
    assert content["device"]["openmm"].startswith("8.6")
    content["rows"][0]["error"] = "out of memory"
    (folder / "results" / "b.json").write_text(json.dumps(content))
    assert runStudy(make_toy("argon"), folder) == 3
    assert runStudy(make_toy("argon"), folder, retry=True) == 2
    assert calls == ["a", "b", "b", "c", "b"]


def test_other_settings_are_refused(tmp_path):
    StudyFolder(tmp_path / "study", make_toy("argon"), "this machine")
    StudyFolder(tmp_path / "study", make_toy("argon"), "this machine")
    with pytest.raises(ValueError, match=r"other settings \(study is argon there, nacl here\): choose another folder"):
        StudyFolder(tmp_path / "study", make_toy("nacl"), "this machine")
    longer = dataclasses.replace(make_toy("argon"), seconds=2.0)
    with pytest.raises(ValueError, match=r"seconds is 0.01 there, 2.0 here"):
        StudyFolder(tmp_path / "study", longer, "this machine")
    with pytest.raises(ValueError, match="done on this machine, this is another"):
        StudyFolder(tmp_path / "study", make_toy("argon"), "another")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(ValueError, match="holds other files, and no study"):
        StudyFolder(tmp_path / "full", make_toy("argon"), "this machine")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["argon", "--sizes", "64", "--platform", "CPU"], "narrower than twice the cutoff; take 256 or more"),
        (["nacl", "--sizes", "2000,x"], "whole numbers separated by commas"),
        (["argon", "--steps", "10"], "400 steps or more"),
        (["figures", "no-such-folder"], "there is no study.json in it"),
        (["page", "no-such-folder"], "there is no study.json in it"),
    ],
)
def test_the_command_explains_bad_input(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli.app, ["study", *arguments])
    assert result.exit_code != 0
    assert message in " ".join(re.sub(r"[│╭╰─╮╯]", " ", result.output).split())
    assert not list(tmp_path.rglob("*.json"))


def test_the_command_runs_and_resumes(tmp_path, monkeypatch):
    folder = tmp_path / "study"
    options = "--quick --platform CPU --sizes 512 --seconds 0.01 --steps 400 --repeats 1"
    command = [sys.executable, "-m", "openmmsurrogate.cli", "study", "nacl", *options.split(), "-o", str(folder)]
    first = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300)
    assert first.returncode == 0, first.stderr
    assert (folder / "index.html").exists()
    assert (folder / "figures" / "figure-9.png").read_bytes().startswith(b"\x89PNG")
    times = {path: path.stat().st_mtime_ns for path in (folder / "results").iterdir()}
    second = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300)
    assert second.returncode == 0, second.stderr
    assert f"{len(times)} experiments had been done before" in second.stdout
    assert times == {path: path.stat().st_mtime_ns for path in (folder / "results").iterdir()}


def test_the_materials_are_those_of_the_examples():
    import liquid_argon

    positions, edge = liquid_argon.createLattice(4)
    start = ARGON.createLattice(256, ARGON.state)
    np.testing.assert_allclose(start.positions, positions, atol=1e-12)
    assert start.edge == pytest.approx(edge)
    (ours,), theirs = makeNonbonded(ARGON, start), liquid_argon.createLennardJones(256)
    assert openmm.XmlSerializer.serialize(ours) == openmm.XmlSerializer.serialize(theirs)
    nacl_system = pytest.importorskip("nacl_system")
    for name, (charge, sigma, epsilon, mass) in nacl_system.IONS.items():
        assert dataclasses.astuple(NACL.species[name]) == (mass, charge, sigma, epsilon)
    positions, names, edge = nacl_system.createLattice(4)
    start = NACL.createLattice(512, NACL.state)
    assert start.edge == pytest.approx(edge)
    theirs = set(zip(names, map(tuple, np.round(positions, 6)), strict=True))
    assert set(zip(start.kinds, map(tuple, np.round(start.positions, 6)), strict=True)) == theirs


def test_ensembles_do_what_they_are_called():
    start = NACL.createLattice(512, NACL.state)
    forces = makeNonbonded(NACL, start)
    system = addBarostat(NACL.createSystem(start, forces), 298.0)
    context = TimedContext(NACL, start, system, "CPU", {})
    volume = context.volume()
    context.use("NVT")
    context.step(60)
    assert context.volume() == volume
    context.use("NVE")
    before = _total_energy(context)
    context.step(60)
    assert context.volume() == volume
    assert _total_energy(context) == pytest.approx(before, abs=2e-3 * 512)
    context.use("NPT")
    context.step(2000)
    assert context.volume() != volume
    context.use("NVT", frozen=True)
    positions = context.unwrapped()
    context.step(20)
    np.testing.assert_allclose(context.unwrapped(), positions, atol=1e-6)


def _total_energy(context):
    state = context.context.getState(energy=True)
    return (state.getPotentialEnergy() + state.getKineticEnergy()).value_in_unit(unit.kilojoule_per_mole)


def test_rock_salt_has_unlike_neighbours():
    start = NACL.createLattice(512, NACL.state)
    assert list(start.kinds).count("Na") == 256
    first = start.positions - start.positions[0]
    nearest = np.isclose(np.linalg.norm(first, axis=1), 0.289)
    assert set(start.kinds[nearest]) == {"Cl"}
    assert len(set(map(tuple, np.round(start.positions, 6)))) == 512
    assert [NACL.countParticles(n) for n in (2000, 64000, 262144, 1000000)] == [1728, 64000, 262144, 1000000]
    assert [ARGON.countParticles(n) for n in (2000, 64000)] == [2048, 62500]
