# SPDX-License-Identifier: MIT
"""The benchmark of ions and water at sizes that any machine can do, and the tables made of its results."""

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import ensembles  # noqa: E402
import equal_errors  # noqa: E402
import ions_and_water  # noqa: E402
import ions_and_water_page  # noqa: E402
from common import electrolytes, floors, kernels, results  # noqa: E402
from contestants import electrostatics, equal_error  # noqa: E402

TOLERANCE = 5e-4


def call(monkeypatch, module, *arguments):
    monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
    module.main()


@pytest.fixture(scope="module")
def equal(tmp_path_factory):
    """Return the file of settings with equal errors in a small crystal, at its own cutoff."""
    path = tmp_path_factory.mktemp("equal") / "equal.json"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setitem(equal_errors.CUTOFFS, "NaCl", (1.0, 1.2))
        options = ("--systems", "NaCl", "--salt", 5, "--tolerances", TOLERANCE, "--equilibration", 200)
        call(monkeypatch, equal_errors, *options, "--output", path)
    return path


def test_settings_with_equal_errors(equal):
    rows = json.loads(equal.read_text())["rows"]
    assert [row["name"] for row in rows] == ["esp", "openmm-same", "openmm", "openmm", "spme"]
    errors = [row["relative_force_error"] for row in rows]
    assert errors[0] < 1.2 * TOLERANCE < errors[1]
    for row in rows[2:]:
        assert 0.8 * errors[0] < row["relative_force_error"] <= errors[0]
        assert row["grid"] > rows[0]["grid"]


def test_a_setting_that_is_not_there_is_told():
    salt = electrolytes.createSalt(4)
    moved = np.random.default_rng(1).normal(salt.positions, 0.01)
    bench = equal_errors.ErrorBench(dataclasses.replace(salt, positions=moved), "Reference")
    with pytest.raises(ValueError, match=r"crystal: the error is .*e-.. at 1.0e-05"):
        bench.findSetting(lambda x: equal_error.EqualError("openmm", "crystal", "double", x), 1e-5, 1e-4, 1e-7)


def test_contestants_have_the_settings_of_their_errors():
    common = {"system": "water", "tolerance": TOLERANCE}
    rows = [common | {"name": "openmm", "cutoff_nm": 1.2, "setting": 1e-4}, common | {"name": "spme", "setting": 0.2}]
    found = equal_error.makeContestants("water", TOLERANCE, rows)
    assert set(found) == {f"{n}-{p}" for p in ("single", "mixed") for n in ("openmm", "esp", "spme")} | {
        "openmm-single-1.2",
        "openmm-mixed-1.2",
    }
    pair = electrostatics.SystemPair(electrolytes.createSalt(4).system)
    for name, values in {
        "openmm-mixed-1.2": (1e-4, 1.2, None, 0.0),
        "openmm-single": (TOLERANCE, 1.0, None, 0.0),
        "spme-single": (TOLERANCE, 1.0, "SPME", 0.2),
        "esp-mixed": (TOLERANCE, 1.0, "ESP", 0.0),
    }.items():
        force = electrostatics.findNonbonded(found[name].configure(pair))
        assert (force.getEwaldErrorTolerance(), force.getCutoffDistance()._value) == values[:2]
        tunable = equal_error.TunablePMEForce
        assert tunable.isinstance(force) == (values[2] is not None)
        if values[2] is not None:
            assert tunable.cast(force).getKSpaceMethod().name == values[2]
            assert tunable.cast(force).getForceErrorTolerance()._value == values[3]


def test_speed_of_small_systems_that_take_turns_and_can_be_resumed(equal, tmp_path, monkeypatch):
    path = tmp_path / "speed.json"
    options = ["--platform", "CPU", "--salt", 5, "--melt", "--water", "--no-protein", "--tolerances", TOLERANCE]
    options += ["--seconds", 0.01, "--settling-steps", 5, "--equilibration", 60, "--equal-errors", equal]
    options += ["--output", path, "--turns", tmp_path / "turns", "--contestants"]
    call(monkeypatch, ions_and_water, *options, "esp-single", "openmm-single-1.2")
    first = json.loads(path.read_text())["rows"]
    call(monkeypatch, ions_and_water, "--resume", *options, "esp-single", "openmm-single")
    rows = json.loads(path.read_text())["rows"]
    assert rows[:2] == first
    assert [(row["name"], row["cutoff_nm"]) for row in rows] == [
        ("esp-single", 1.0),
        ("openmm-single-1.2", 1.2),
        ("openmm-single", 1.0),
    ]
    errors = [row["relative_force_error"] for row in rows]
    assert 0.6 < errors[1] / errors[0] < 1.4
    assert errors[2] > 2 * errors[0]
    for row in rows:
        assert row["ms_per_step_range"][0] <= row["ms_per_step"] <= row["ms_per_step_range"][1]
    options[options.index("--equilibration") + 1] = 61
    with pytest.raises(ValueError, match="its equilibration is 60 and would now be 61; choose another --output"):
        call(monkeypatch, ions_and_water, "--resume", *options, "esp-single")
    errors = tmp_path / "errors.json"
    call(monkeypatch, ions_and_water, *options, "esp-mixed", "--no-speed", "--output", errors)
    (row,) = json.loads(errors.read_text())["rows"]
    assert "ms_per_step" not in row and row["relative_force_error"] < 1.2 * TOLERANCE
    with pytest.raises(ValueError, match="no contestant 'pppm'"):
        call(monkeypatch, ions_and_water, *options, "pppm")


def make_rows():
    stages = {"stages_us": dict.fromkeys(kernels.STAGES, 2.0), "kspace_us": 10.0}
    stages |= {"direct_stages_us": dict.fromkeys(kernels.DIRECT_STAGES, 30.0), "direct_us": 90.0}
    rows = []
    for name, ms, cutoff in (
        ("openmm-single", 0.8, 1.0),
        ("openmm-single-1.2", 0.9, 1.2),
        ("openmm-single-1.4", 1.0, 1.4),
        ("esp-single", 0.2, 1.0),
    ):
        row = {"system": "NaCl", "atoms": 262144, "tolerance": TOLERANCE, "name": name, "label": name.upper()}
        row |= {
            "volume_nm3": 18.048**3,
            "ms_per_step": ms,
            "J_per_step": ms / 2,
            "cutoff_nm": cutoff,
            "grid": [80, 80, 80],
        } | stages
        rows.append(row | {"relative_force_error": 4e-4, "force_error": 0.12})
    rows.append({**rows[0], "tolerance": 1e-5, "ms_per_step": 3.0})
    return [*rows, {"system": "water", "atoms": 8, "tolerance": TOLERANCE, "name": "esp-single", "error": "no memory"}]


def test_tables_of_the_page(tmp_path):
    parts = ("run", "steps", "strict steps", "stages", "errors", "equal errors", "ensembles run", "drift", "density")
    page = "".join(f"<!-- {part} -->\nold\n<!-- end -->\n" for part in parts)
    device = {"gpu": "NVIDIA H200", "driver": "580", "openmm": "8.6.1", "date": "2026-01-02", "commit": "abc"}
    common = {"system": "NaCl", "tolerance": TOLERANCE}
    settings = (("esp", TOLERANCE, 1.0), ("openmm-same", TOLERANCE, 1.0), ("openmm", 7e-5, 1.0), ("openmm", 4e-5, 1.2))
    equal = [
        common | {"name": name, "setting": setting, "cutoff_nm": cutoff, "relative_force_error": 4e-4}
        for name, setting, cutoff in (*settings, ("spme", 0.25, 1.0))
    ]
    replica = {"system": "NaCl", "atoms": 1000, "tolerance": TOLERANCE, "label": "ESP", "ps": 500.0}
    drifts = [(1e-3, 1e-3), (4e-3, 2e-3)]  # weights 4 and 1
    runs = [
        replica | {"measure": "energy", "drift_kT_per_atom_ns": drift, "standard_error": error}
        for drift, error in drifts
    ]
    lattice = {"lattice_constant_nm": 0.578, "lattice_constant_standard_error": 1e-4}
    runs.append(replica | {"measure": "density"} | lattice)
    text = ions_and_water_page.makePage(
        page, *({"device": device, "rows": rows} for rows in (make_rows(), equal, runs))
    )
    assert "old" not in text
    steps = "| NaCl, 262,144 | 0.8 (0.4 J) |  | 0.9 (0.45 J) at 1.2 nm |  | 0.2 (0.1 J) |  |"
    assert steps + " 0.25 (0.25) |  | 0.22 (0.22) | 0.76 |" in text
    assert "| NaCl, 262,144, 1e-05 | 3 (0.4 J) |" in text
    assert "| NaCl, 262,144: ESP-SINGLE | 2.0 | 2.0 | 2.0 | 2.0 | 2.0 | 30.0 | 30.0 | 30.0 | 10 | 90 |" in text
    assert "| NaCl, 262,144: floor |  |  |  |  |  | 51.2 |  |  | 15 |  |" in text
    assert "| NaCl, 0.0005 | 4.00e-04 | 4.00e-04 | 7.00e-05 (1 nm), 4.00e-05 (1.2 nm) | 0.25 |" in text
    assert "| NaCl, 1,000 | ESP | 0.0005 | 1.00 | +1.6e-03 | 8.9e-04 |" in text
    assert "| NaCl, 1,000 | ESP, tolerance 0.0005 | 0.50 | 0.57800 nm | 0.00010 |" in text
    ions_and_water_page.plot(ions_and_water_page.collect(make_rows()), tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 10000


def test_the_page_shows_the_committed_results():
    page = ions_and_water_page.PAGE.read_text()
    contents = [results.loadLatest(name) for name in ("ions_and_water", "equal_errors", "ensembles")]
    assert ions_and_water_page.makePage(page, *contents) == page


def test_the_readme_shows_the_committed_results():
    text = (ROOT / "README.md").read_text()
    found = ions_and_water_page.collect(results.loadLatest("ions_and_water")["rows"])
    assert ions_and_water_page.fillReadme(text, found) == text
    for atoms in ("64,000", "262,144", "1,000,000"):
        assert f"| {atoms} | " in text.split("<!-- salt -->", 1)[1]


def test_floors():
    """187 neighbors of each ion, 35 instructions each, 3.35e13 of them in a second; and a mesh of 80^3 points."""
    expected = 1e6 * 262144 * 186.8 * 35 / 3.345e13
    assert floors.findDirectFloor(262144, 8 / 0.564**3, 1.0) == pytest.approx(expected, rel=1e-3)
    atomics, reads, grid, charges = 4.15, 3.92, 3.81, 3.41  # us
    expected = atomics + reads + grid + charges
    assert floors.findReciprocalFloor(262144, 80**3, 5) == pytest.approx(expected, rel=1e-3)


def test_prepared_cells_are_kept(tmp_path):
    cell = electrolytes.createMeltCell(4)
    found = [electrolytes.prepare(cell, 30, "CPU", {}, tmp_path) for _ in range(2)]
    np.testing.assert_allclose(found[1].positions, found[0].positions, atol=1e-6)
    assert found[0].temperature == 1500.0
    assert np.abs(found[0].positions - cell.positions).max() > 0.01
    assert [file.name for file in tmp_path.iterdir()] == ["NaCl-melt-512.npz"]


def test_drift_and_density_of_a_small_salt(tmp_path, monkeypatch):
    path = tmp_path / "ensembles.json"
    options = ("--platform", "CPU", "--systems", "NaCl", "--salt", 4, "--time", 4, "--equilibration", 0.2)
    call(monkeypatch, ensembles, *options, "--contestants", "esp-single", "--seeds", 1, 2, "--output", path)
    rows = json.loads(path.read_text())["rows"]
    assert [(row["measure"], row["seed"]) for row in rows] == [
        ("energy", 1),
        ("energy", 2),
        ("density", 1),
        ("density", 2),
    ]
    for row in rows[:2]:
        assert row["ps"] == pytest.approx(3.8)
        assert abs(row["drift_kT_per_atom_ns"]) < 5 * row["standard_error"]
        assert 0.0 < row["standard_error"] < 0.5  # the slope of 4 ps of an energy that fluctuates by 2e-4 kT
    for row in rows[2:]:
        assert row["density_g_per_cm3"] == pytest.approx(2.01, abs=0.05)
        ions = 4 * (22.98977 + 35.453) * ensembles.GRAMS_PER_CM3 / row["lattice_constant_nm"] ** 3
        assert ions == pytest.approx(row["density_g_per_cm3"], rel=1e-3)
