# SPDX-License-Identifier: MIT
"""The benchmarks of electrostatics at sizes that any machine can do, and the page made of their results."""

import json
import sys
from pathlib import Path

import numpy as np
import openmm
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import kspace  # noqa: E402
import kspace_page  # noqa: E402
import salt  # noqa: E402
from common import electrolytes, electrostatics_rows, kernels, results  # noqa: E402
from contestants import electrostatics  # noqa: E402


def call(monkeypatch, module, *arguments):
    monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
    module.main()


def test_salt_and_water_are_neutral_and_at_rest_in_their_places():
    crystal = electrolytes.createSalt(4)
    force = crystal.system.getForce(0)
    assert crystal.numAtoms == force.getNumParticles() == 512
    assert sum(force.getParticleParameters(i)[0]._value for i in range(512)) == pytest.approx(0.0)
    context = electrolytes.createContext(crystal, crystal.system, "CPU", {})
    forces = context.getState(forces=True).getForces(asNumpy=True)._value
    assert np.abs(forces).max() < 0.1  # a lattice


def test_a_repeated_box_is_the_same_liquid(monkeypatch):
    monkeypatch.setattr(electrolytes, "WATER_CELL", 2.0)
    cell = electrolytes.createWater((1, 1, 1), "CPU", {})
    large = electrolytes.repeat(cell, electrolytes.parseCounts("2"))
    energies = []
    for water in (cell, large):
        context = electrolytes.createContext(water, water.system, "CPU", {})
        energies.append(context.getState(energy=True).getPotentialEnergy()._value / water.numAtoms)
    assert energies[1] == pytest.approx(energies[0], rel=1e-3)
    assert large.system.getNumConstraints() == 8 * cell.system.getNumConstraints() > 0


def test_contestants_are_what_they_say():
    crystal = electrolytes.createSalt(4)
    names = [contestant.name for contestant in electrostatics.findContestants(["all"])]
    assert {"openmm-single", "openmm-double", "spme-single", "spme-mixed-double"} <= set(names)
    pair = electrostatics.SystemPair(crystal.system)
    for contestant in electrostatics.findContestants(["all"]):
        system = contestant.createSystem(crystal.system)  # which owns the force
        force = electrostatics.findTunable(system)
        other = electrostatics.findTunable(contestant.configure(pair))
        assert (force is None) == (other is None) == contestant.name.startswith("openmm")
        assert force is None or openmm.XmlSerializer.serialize(force) == openmm.XmlSerializer.serialize(other)
    with pytest.raises(ValueError, match="no contestant 'spme-half'"):
        electrostatics.findContestants(["spme-half"])


def test_the_error_of_openmm_is_measured_with_its_parameters():
    crystal = electrolytes.createSalt(4)
    context = electrolytes.createContext(crystal, crystal.system, "CPU", {})
    system, force = electrostatics.makeMeasurable(crystal.system, context)
    other = openmm.Context(system, openmm.VerletIntegrator(0.001), context.getPlatform())
    expected = crystal.system.getForce(0).getPMEParametersInContext(context)
    assert force.getPMEParametersInContext(other) == list(expected)
    assert force.getSplineOrder() == 5


def test_kernels_are_told_apart():
    times = {"gridSpreadCharge": 1.0, "finishSpreadCharge": 2.0, "spreadCharges": 4.0, "readSums": 8.0}
    times |= {"sortCharges": 1.0, "sortBuckets": 2.0, "void regular_fft_r2c<...>": 3.0, "convolve": 5.0}
    times |= {"reciprocalConvolution": 6.0, "gridInterpolateForce": 7.0, "interpolateForces": 9.0, "clearBuffer": 99.0}
    expected = {"sort": 3.0, "spread": 15.0, "FFT": 3.0, "convolve": 11.0, "interpolate": 16.0}
    assert kernels.sumStages(times) == expected


@pytest.mark.parametrize("groups", [{kernels.KSPACE_GROUP}, {0}])
def test_forces_computed_alone_leave_a_context_where_it_was(groups):
    crystal = electrolytes.createSalt(4)
    kernels.separateReciprocalSpace(crystal.system)
    context = electrolytes.createContext(crystal, crystal.system, "CPU", {})
    integrator = context.getIntegrator()
    integrator.step(20)

    def take():
        state = context.getState(positions=True, velocities=True)
        return np.array([state.getPositions(asNumpy=True)._value, state.getVelocities(asNumpy=True)._value])

    before, used = take(), integrator.getIntegrationForceGroups()
    with kernels.computeAlone(context, groups):
        assert integrator.getIntegrationForceGroups() == sum(1 << group for group in groups)
        integrator.step(20)
        assert np.abs(take() - before)[0].max() > 0.01
    np.testing.assert_array_equal(take(), before)
    with pytest.raises(OSError), kernels.computeAlone(context, groups):
        integrator.step(20)
        raise OSError
    np.testing.assert_array_equal(take(), before)
    assert integrator.getIntegrationForceGroups() == used


def test_a_profile_that_fails_is_told_and_loses_nothing():
    def fail(context):
        raise ValueError(f"no {context}")

    found = electrostatics_rows.profileForces("GPU", lambda context: {"kspace_us": 3.0}, fail)
    assert found == {"kspace_us": 3.0, "profile_error": "ValueError: no GPU"}


def test_speed_of_a_small_salt(tmp_path, monkeypatch):
    path = tmp_path / "kspace.json"
    options = ("--platform", "CPU", "--salt", 4, "--water", "--seconds", 0.01, "--repeats", 2, "--settling-steps", 5)
    options += ("--equilibration", 200, "--output", path, "--contestants", "openmm-single", "spme-single")
    call(monkeypatch, kspace, *options)
    rows = {row["name"]: row for row in json.loads(path.read_text())["rows"]}
    assert rows["openmm-single"]["atoms"] == 512
    assert rows["spme-single"]["grid"][0] < rows["openmm-single"]["grid"][0]
    errors = [row["relative_force_error"] for row in rows.values()]
    assert 0.5 < errors[1] / errors[0] < 1.1
    for row in rows.values():
        assert row["ms_per_step_range"][0] <= row["ms_per_step"] <= row["ms_per_step_range"][1]
        assert 200 < row["temperature_K"] < 400


def test_structure_and_drift_of_a_small_salt(tmp_path, monkeypatch):
    path = tmp_path / "salt.json"
    options = ("--platform", "CPU", "--cells", 4, "--steps", 160, "--samples", 40, "--frames", 20)
    options += ("--equilibration", 200, "--output", path, "--figure", tmp_path / "salt.png")
    call(monkeypatch, salt, *options, "--contestants", "openmm-single", "spme-single")
    for row in json.loads(path.read_text())["rows"]:
        peak = np.argmax(row["distributions"]["Na-Cl"]["g"]) * salt.LARGEST_DISTANCE / salt.BINS
        assert peak == pytest.approx(0.5 * electrolytes.LATTICE_CONSTANT, abs=0.02)
        assert row["fluctuation_kT_per_atom"] < 0.01
    assert (tmp_path / "salt.png").stat().st_size > 10000


def make_content():
    rows = []
    for k, name in enumerate(("openmm-single", "spme-single", "openmm-double", "spme-mixed-double")):
        stages = dict.fromkeys(kernels.STAGES, 10.0 / (k + 1))
        row = {"system": "NaCl", "atoms": 8000, "name": name, "label": name.upper(), "ms_per_step": 0.1 * (k + 1)}
        row |= {"alpha_per_nm": 2.5, "grid": [8, 8, 10], "stages_us": stages, "kspace_us": 50.0 / (k + 1)}
        rows.append(row | ({"J_per_step": 0.5, "relative_force_error": 1e-3, "memory_MiB": 7.4} if k == 0 else {}))
    rows.append({"system": "NaCl", "atoms": 8000, "name": "esp-single", "label": "D", "error": "out of memory"})
    device = {"gpu": "NVIDIA H200", "driver": "580", "openmm": "8.6.1", "date": "2026-01-02", "commit": "abc"}
    return {"device": device, "rows": rows}


def test_tables_of_the_page():
    parts = ("run", "steps", "kernels", "repeated run", "repeated steps", "repeated kernels", "errors", "drift")
    page = "".join(f"<!-- {part} -->\nold\n<!-- end -->\n" for part in parts)
    drift = {"label": "OPENMM", "drift_kT_per_atom_ns": -1e-3, "standard_error": 2e-4, "temperature_K": 297.6}
    text = kspace_page.makePage(page, make_content(), make_content(), {"rows": [drift]})
    assert "| NaCl, 8,000 | 0.1 (0.5 J) | 0.3 | 0.2 | 0.4 |  |" in text
    assert "5.0 / 10.0 = 0.50" in text
    assert "| NaCl, 8,000 | OPENMM-SINGLE | 2.500 | 8 x 8 x 10 | 1.00e-03 | 7 |" in text
    assert "| OPENMM | -1.0e-03 | 2.0e-04 | 297.6 |" in text
    assert "old" not in text


def test_the_page_shows_the_committed_results():
    page = kspace_page.PAGE.read_text()
    contents = [results.loadLatest(name) for name in ("kspace", "kspace_repeat", "salt")]
    assert kspace_page.makePage(page, *contents) == page
