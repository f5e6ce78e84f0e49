# SPDX-License-Identifier: MIT
"""The benchmarks at sizes that any machine can do: what they count and compute, and the files they write."""

import fcntl
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from liquid_samples import compute, shaken_lattice

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import accuracy  # noqa: E402
import accuracy_page  # noqa: E402
import contestants  # noqa: E402
import drift  # noqa: E402
import plot_surrogate  # noqa: E402
import speed_page  # noqa: E402
import surrogate  # noqa: E402
from common import measuring, pairs, results, turns  # noqa: E402
from common.argon import Liquid, createSurrogate, liquid_argon, melt  # noqa: E402
from common.contestant import Setting  # noqa: E402
from common.floors import findFloor  # noqa: E402
from common.page import describeDevice  # noqa: E402

from openmmsurrogate import SurrogateForce  # noqa: E402

CPU = Setting("CPU", {})


def make_liquid(numCells=4):
    positions, box = shaken_lattice(numCells)
    return Liquid(positions, np.zeros_like(positions), box[0, 0])


def call(monkeypatch, module, *arguments):
    monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
    module.main()


def test_sampled_pairs_are_counted_well(monkeypatch):
    liquid = make_liquid(12)
    exact = len(pairs.listPairs(liquid.positions, liquid.edge, liquid_argon.CUTOFF))
    assert pairs.countPairs(liquid.positions, liquid.edge, liquid_argon.CUTOFF) == exact
    monkeypatch.setattr(pairs, "SAMPLE", 1500)
    estimate = pairs.countPairs(liquid.positions, liquid.edge, liquid_argon.CUTOFF)
    assert estimate == pytest.approx(exact, rel=0.02)
    assert estimate != exact


def test_neighbors_are_the_pairs_twice():
    liquid = make_liquid()
    listed = pairs.listPairs(liquid.positions, liquid.edge, liquid_argon.CUTOFF)
    neighbors, mask = pairs.listNeighbors(liquid.positions, liquid.edge, liquid_argon.CUTOFF, 128)
    found = {(i, j) for i in range(len(neighbors)) for j in neighbors[i][mask[i]]}
    assert mask.sum() == 2 * len(listed)
    assert found == {tuple(pair) for pair in listed} | {tuple(pair) for pair in listed[:, ::-1]}
    with pytest.raises(ValueError, match="more than 40"):
        pairs.listNeighbors(liquid.positions, liquid.edge, liquid_argon.CUTOFF, 40)


def test_floors_follow_from_rates():
    numPairs = 64000 * 26
    assert findFloor("bfloat16", numPairs) == pytest.approx(0.078, rel=0.01)  # tanh
    assert findFloor("bfloat16-polynomial", numPairs) == pytest.approx(0.0447, rel=0.01)  # products
    assert findFloor("single", numPairs) == pytest.approx(0.477, rel=0.01)
    assert findFloor("table", numPairs) == pytest.approx(0.006, rel=0.05)


def test_contestants_are_found_by_name():
    names = contestants.listNames()
    assert [contestant.name for contestant in contestants.findContestants(["all"])] == names
    assert {"none", "lj", "custom", "table-single", "network-int4", "jax-bfloat16", "torch-float32"} <= set(names)
    assert contestants.findContestant("network-int8@argon").name == "network-int8"
    with pytest.raises(ValueError, match="no contestant 'network-half'"):
        contestants.findContestant("network-half")


@pytest.mark.parametrize("library", ["jax", "torch"])
def test_other_libraries_compute_the_same_forces(library):
    pytest.importorskip(library)
    liquid = make_liquid()
    force = createSurrogate(liquid.numAtoms, SurrogateForce.Network, "double")
    expected, _ = compute(force, liquid.positions, liquid.edge * np.eye(3))
    rms = np.sqrt(np.mean(np.sum(expected**2, axis=1)))
    for dtype, bound in (("float32", 1e-4), ("bfloat16", 0.3)):
        stepper = contestants.findContestant(f"{library}-{dtype}").prepare(liquid)(CPU)
        stepper.step(1)
        stepper.wait()
        error = np.sqrt(np.mean(np.sum((np.asarray(stepper.forces) - expected) ** 2, axis=1))) / rms
        print(f"{library} {dtype} error norm over RMS force {error:.1e}")
        assert error < bound
        assert stepper.temperature() is None


def test_the_liquid_has_the_temperature_asked_for(monkeypatch):
    monkeypatch.setattr("common.argon.MELTING_STEPS", 1500)
    liquid = melt(500, "CPU", {})
    assert liquid.positions.shape == liquid.velocities.shape == (500, 3)
    stepper = contestants.findContestant("lj").prepare(liquid)(CPU)
    stepper.wait()
    assert 70 < stepper.temperature() < 130


def test_rows_are_written_as_they_come(tmp_path, monkeypatch, capsys):
    path = tmp_path / "results.json"
    monkeypatch.setattr("common.argon.MELTING_STEPS", 100)
    options = (
        "--seconds",
        0.02,
        "--repeats",
        2,
        "--minimum-steps",
        4,
        "--settling-steps",
        20,
        "--maximum-seconds",
        0.2,
    )
    names = ("none", "lj", "custom", "table-single", "network-single", "network-int4@missing.safetensors")
    with pytest.raises(Exception, match=r"missing\.safetensors"):
        call(monkeypatch, surrogate, "--platform", "CPU", "--contestants", *names)
    call(
        monkeypatch,
        surrogate,
        "--platform",
        "CPU",
        "--atoms",
        256,
        "--output",
        path,
        "--turns",
        tmp_path / "turns",
        *options,
        "--contestants",
        *names[:5],
    )
    content = json.loads(path.read_text())
    rows = {row["name"]: row for row in content["rows"]}
    assert list(rows) == list(names[:5])
    assert content["device"]["openmm"]
    assert content["settings"]["seconds"] == 0.02
    for name in names[1:5]:
        row = rows[name]
        assert row["ms_per_step_range"][0] <= row["ms_per_step"] <= row["ms_per_step_range"][1]
        assert row["pairs_per_s"] == pytest.approx(1000 * row["pairs"] / row["ms_per_step"])
        assert 20 * 256 < row["pairs"] < 32 * 256
        assert row["whole_steps"] is True
        assert row["temperature_K"] > 0.0
        assert "J_per_step" not in row  # there is no counter on this platform
    assert "pairs" not in rows["none"]
    assert "SurrogateForce, network, single" in capsys.readouterr().out


def test_a_contestant_that_fails_does_not_stop_the_others(tmp_path, monkeypatch):
    class Failing:
        name = label = "failing"
        largest = 10**9

        def __init__(self, start=None):
            self._start = start

        def prepare(self, liquid):
            if self._start is None:
                raise openmm_exception
            return self._start

    def fail(setting):
        raise MemoryError(setting.platform)

    openmm_exception = RuntimeError("no such format on this chip")
    monkeypatch.setattr("common.argon.MELTING_STEPS", 10)
    plan = measuring.Plan(0.01, 1, 2, 0.05, 20)
    group = [Failing(), Failing(fail), contestants.findContestant("lj")]
    rows = list(surrogate.runSizes([256], group, CPU, plan, interleave=False, starts=tmp_path))
    assert rows[0]["error"] == "RuntimeError: no such format on this chip"
    assert rows[1]["error"] == "MemoryError: CPU"
    assert rows[2]["ms_per_step"] > 0.0

    monkeypatch.setattr("common.argon.melt", None)  # the liquid is kept
    assert next(surrogate.runSizes([256], group[2:], CPU, plan, interleave=False, starts=tmp_path))["atoms"] == 256


def test_one_call_at_a_time_has_its_turn(tmp_path):
    path = tmp_path / "turns"
    with turns.takeTurn(path), path.open("w") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with turns.takeTurn(path), turns.takeTurn(None):
        pass


def test_windows_hold_enough_steps_and_their_energy(monkeypatch):
    now, watts = [0.0], 300.0

    class Stepper:
        def step(self, steps):
            now[0] += 0.002 * steps

        def wait(self):
            pass

        def temperature(self):
            return 100.0

        def positions(self):
            return make_liquid().positions

    class Meter:
        def findPower(self, windows):
            assert len(windows) == plan.repeats
            return watts if plan.maximumSeconds > 1.0 else None

    monkeypatch.setattr(measuring.time, "perf_counter", lambda: now[0])
    contestant = contestants.findContestant("network-bfloat16")
    for plan, steps in (
        (measuring.Plan(0.5, 3, 1000, 60.0, 300), 334),
        (measuring.Plan(1.0, 3, 1000, 60.0, 300), 500),
        (measuring.Plan(1.0, 3, 1000, 60.0, 300, multiple=251), 502),
        (measuring.Plan(1.0, 3, 1000, 0.3, 300), 50),
    ):
        measurement = measuring.Measurement(contestant, Stepper())
        measuring.settle(measurement, plan)
        assert measurement.steps == pytest.approx(steps, abs=1)
        for _ in range(plan.repeats):
            measuring.measureWindow(measurement)
        setting = Setting("CUDA", {"Precision": "single"})
        row = measuring.summarize(measurement, make_liquid().edge, setting, "NVIDIA H200", Meter())
        assert row["ms_per_step"] == pytest.approx(2.0)
        assert row["floor_fraction"] == pytest.approx(findFloor("bfloat16", row["pairs"]) / 2.0)
        if plan.maximumSeconds > 1.0:
            assert row["W"] == pytest.approx(watts)
            assert row["J_per_step"] == pytest.approx(0.002 * watts)
        else:
            assert "J_per_step" not in row


def test_files_of_several_calls_are_one_result(tmp_path, monkeypatch):
    for name in ("a", "b"):
        file = results.ResultFile("surrogate", {"call": name, "output": tmp_path}, tmp_path / f"{name}.json")
        file.add({"atoms": 1, "name": name})
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    for source, target in (("a", "2026-01-01"), ("a", "2026-01-02-first"), ("b", "2026-01-02-second")):
        (tmp_path / f"surrogate-{target}.json").write_text((tmp_path / f"{source}.json").read_text())
    assert [row["name"] for row in results.loadLatest("surrogate")["rows"]] == ["a", "b"]
    with pytest.raises(FileNotFoundError, match="no results of drift"):
        results.loadLatest("drift")
    merged = results.mergeResults([tmp_path / "a.json", tmp_path / "b.json"])
    assert [row["name"] for row in merged["rows"]] == ["a", "b"]
    assert merged["settings"] == [{"call": "a"}, {"call": "b"}]
    (tmp_path / "both.json").write_text(json.dumps(merged))
    again = results.mergeResults([tmp_path / "both.json", tmp_path / "a.json"])
    assert again["settings"] == [{"call": "a"}, {"call": "b"}, {"call": "a"}]
    assert len(again["devices"]) == 3


def test_accuracy_of_a_platform(tmp_path, monkeypatch):
    path = tmp_path / "accuracy.json"
    monkeypatch.setattr(accuracy, "MELTING_STEPS", 200)
    monkeypatch.setattr(accuracy, "FRAME_INTERVAL", 50)
    options = ("--platform", "CPU", "--atoms", 256, "--frames", 1, "--models", "argon", "--output", path)
    call(monkeypatch, accuracy, *options, "--formats", "single", "bfloat16")
    rows = {row["format"]: row for row in json.loads(path.read_text())["rows"]}
    assert len(rows) == 2
    for row in rows.values():
        assert row["relative_error_to_reference"] <= row["largest_error_to_reference"] < 1e-4
    assert rows["single"]["r2_to_double"] > rows["bfloat16"]["r2_to_double"] > 0.98
    assert rows["single"]["relative_error_to_double"] < 1e-5


def test_drift_is_the_slope_of_the_energy():
    times = np.linspace(1.0, 101.0, 200)
    noise = np.random.default_rng(1).normal(0.0, 0.01, 200)
    found = drift.findDrift(times, 5.0 + 0.003 * times + noise, 10)
    assert found["drift_kT_per_atom_ns"] == pytest.approx(3.0 / (10 * drift.TEMPERATURE * drift.GAS_CONSTANT), rel=0.05)
    assert 0.0 < found["standard_error"] < 0.1 * found["drift_kT_per_atom_ns"]
    assert found["fluctuation_kT_per_atom"] == pytest.approx(
        0.01 / (10 * drift.TEMPERATURE * drift.GAS_CONSTANT), rel=0.2
    )


def test_drift_of_a_small_liquid(tmp_path, monkeypatch):
    path = tmp_path / "drift.json"
    monkeypatch.setattr("common.argon.MELTING_STEPS", 200)
    options = ("--platform", "CPU", "--atoms", 256, "--steps", 400, "--samples", 40, "--equilibration", 100)
    call(monkeypatch, drift, *options, "--output", path, "--contestants", "lj-shifted", "table-single")
    rows = {row["name"]: row for row in json.loads(path.read_text())["rows"]}
    for row in rows.values():
        assert row["ns"] == pytest.approx(0.00078)
        assert row["fluctuation_kT_per_atom"] < 1e-3


def make_content():
    rows = []
    for atoms in (6078, 64000):
        for k, name in enumerate(("none", "lj", "table-single", "network-bfloat16", "jax-bfloat16")):
            row = {"atoms": atoms, "name": name, "label": name.upper(), "whole_steps": name != "jax-bfloat16"}
            row |= {"ms_per_step": (k + 1) * atoms * 1e-6, "ms_per_step_range": [0.1, 0.2], "temperature_K": None}
            rows.append(row | ({"J_per_step": 0.0123, "W": 456.7} if name == "lj" else {}))
    rows.append({"atoms": 64000, "name": "custom", "label": "CUSTOM", "error": "out of memory"})
    device = {"gpu": "NVIDIA H200", "driver": "580", "openmm": "8.6.1", "date": "2026-01-02", "commit": "abc"}
    return {"device": device, "settings": {"idle_W": 77.7}, "rows": rows}


def test_tables_of_the_speed_page(tmp_path):
    names = ("report run", "report", "run", "sizes", "formats")
    page = "".join(f"<!-- {name} -->\nold\n<!-- end -->\n" for name in names)
    content = make_content()
    text = speed_page.makePage(page, content, content)
    assert "2026-01-02, commit abc; the idle GPU drew 78 W" in text
    assert "| 64,000 | 0.064 | 0.128 (0.0123 J) | 0.192 | 0.256 | 0.32 |" in text
    assert "| LJ | 0.128 | 0.1 to 0.2 |  |  | 0.0123 | 457 |  |" in text
    assert "old" not in text
    assert "CUSTOM" not in text
    assert speed_page.makePage(text, content, content) == text
    with pytest.raises(ValueError, match="no place for 'sizes'"):
        speed_page.makePage(page.replace("sizes", "other"), content, content)
    older = {**content, "device": {**content["device"], "date": "2026-01-01"}}
    assert speed_page.joinResults(content, older)["device"]["date"] == "2026-01-02, up to 64,000 atoms 2026-01-01"
    joined = speed_page.joinResults(content, content)
    assert joined["device"]["date"] == "2026-01-02"
    plot_surrogate.plot(joined, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 10000


def test_a_commit_that_is_not_in_the_repository_is_not_cited():
    content = make_content()
    content["device"]["commit"] = None
    assert describeDevice(content).endswith("OpenMM 8.6.1, 2026-01-02")


def test_the_speed_page_shows_the_committed_results(tmp_path, monkeypatch):
    content, report = results.loadLatest("surrogate"), results.loadLatest("surrogate_report")
    assert content["device"]["gpu"] and report["device"]["gpu"]
    atoms, times = plot_surrogate.selectSeries(content["rows"], "table-single", "ms_per_step")
    assert atoms == sorted(atoms)
    assert len(atoms) == len(times) > 1
    page = speed_page.PAGE.read_text()
    assert speed_page.makePage(page, content, report) == page
    readme = speed_page.README.read_text()
    assert speed_page.fillReadme(readme, content) == readme
    assert "| 1,000,000 | " in readme.split("<!-- argon -->", 1)[1]
    assert "| 60,780 |" in page
    call(monkeypatch, plot_surrogate, "--output", tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 10000


def test_the_accuracy_page_shows_the_committed_results():
    page = accuracy_page.PAGE.read_text()
    assert accuracy_page.makePage(page) == page
    assert "| argon | bfloat16 |" in page
    assert "drift, kT per atom and ns" in page
