# SPDX-License-Identifier: MIT
"""The benchmarks of sodium chloride at sizes that any machine can do."""

import json
import sys
from pathlib import Path

import numpy as np
import openmm
import pytest
from scipy.special import erfc

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import nacl  # noqa: E402
import nacl_fidelity  # noqa: E402
import nacl_limits  # noqa: E402
import nacl_page  # noqa: E402
import nacl_pressure  # noqa: E402
from common import salt  # noqa: E402
from common.results import loadLatest  # noqa: E402

REFERENCE = salt.Machine("Reference", {})
ROUGH = salt.Way("rough", "PME", lambda names, _: [salt.nacl_system.createPME(names, 1.2, 1e-5)])  # exact enough here


def call(monkeypatch, module, *arguments):
    monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
    module.main()


def force_of_pair(way, r):
    """Return the force on the second of two ions, Na and Cl, along their distance, kJ/mol/nm."""
    names = np.array(["Na", "Cl"])
    pair = salt.Salt(salt.PHASES["crystal"], names, np.array([[1.0, 1, 1], [1 + r, 1, 1]]), None, np.full(3, 3.0))
    context = REFERENCE.createContext(pair, way.createForces(names, pair.phase), openmm.VerletIntegrator(0.001))
    forces = context.getState(forces=True).getForces(asNumpy=True)._value
    np.testing.assert_allclose(forces[0], -forces[1], atol=1e-9)
    return forces[1, 0]


def lennard_jones(r):
    sigma, epsilon = 0.5 * (0.2159538 + 0.4830453), np.sqrt(1.475465 * 0.0534924)
    x = (sigma / r) ** 6
    return 24.0 * epsilon * (2.0 * x * x - x) / r


@pytest.mark.parametrize("cutoff", salt.CUTOFFS)
def test_classical_truncations_are_their_formulas(cutoff):
    field, wolf, shifted = salt.makeClassicalWays(cutoff)
    for r in (0.25, 0.6, cutoff - 1e-4):
        expected = {}
        for name, alpha in (("wolf", salt.WOLF_DAMPING[cutoff]), ("dsf", salt.SHIFTED_FORCE_DAMPING[cutoff])):

            def damped(x, alpha=alpha):
                return erfc(alpha * x) / x**2 + 2 * alpha / np.sqrt(np.pi) * np.exp(-((alpha * x) ** 2)) / x

            expected[name] = -salt.COULOMB * (damped(r) - (damped(cutoff) if name == "dsf" else 0.0))
        reaction = -salt.COULOMB * (1.0 / r**2 - 2.0 * r * 77.3 / 157.6 / cutoff**3)
        for way, value in ((field, reaction), (wolf, expected["wolf"]), (shifted, expected["dsf"])):
            assert force_of_pair(way, r) == pytest.approx(value + lennard_jones(r), rel=1e-5, abs=1e-4), way.name
    assert force_of_pair(shifted, cutoff - 1e-6) == pytest.approx(lennard_jones(cutoff), abs=1e-3)


def test_self_energies_make_lattice_energies():
    """Those of the truncations then agree with PME's to a few percent, and without them do not."""
    lattice = salt.createLattice(salt.PHASES["crystal"], (5, 5, 5))
    energies = {}
    for way in (salt.PME, *salt.makeClassicalWays(1.2)):
        forces = way.createForces(lattice.names, lattice.phase)
        context = salt.Machine("CPU", {}).createContext(lattice, forces, openmm.VerletIntegrator(0.001))
        energy = context.getState(energy=True).getPotentialEnergy()._value
        energies[way.name] = energy / lattice.numAtoms + way.selfEnergy
    print(energies)
    for name, energy in energies.items():
        assert energy == pytest.approx(energies["pme"], rel=0.03), name


def test_speed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(nacl, "SETTLING_STEPS", 50)
    monkeypatch.setattr(nacl, "EXACT", ROUGH)
    path = tmp_path / "nacl.json"
    names = ("none", "pme-single", "pme-1.2", "tunable-SPME", "tunable-ESP", "table-0.85", "table-1.0")
    options = (
        "--platform CPU --cells 5 --error-cells 5 --seconds 0.02 --repeats 2 --minimum-steps 4 --settling-steps 20"
    )
    call(monkeypatch, nacl, *options.split(), "--output", path, "--turns", tmp_path / "turns", "--contestants", *names)
    content = json.loads(path.read_text())
    rows = {row["name"]: row for row in content["rows"]}
    assert list(rows) == list(names)
    assert all("error" not in row and row["atoms"] == 1000 for row in rows.values())
    assert rows["table-1.0"]["pairs"] > 1.4 * rows["table-0.85"]["pairs"]
    errors = content["settings"]["force_errors_over_rms_force"]
    for name in ("tunable-SPME", "tunable-ESP"):
        assert errors[name] <= 1.2 * errors["pme-single"] < 3e-3
    assert 0.02 < errors["table-1.0"] < errors["table-0.85"] < 0.15
    assert "surrogate, table, 1.0 nm" in capsys.readouterr().out


def test_fidelity(tmp_path, monkeypatch):
    path = tmp_path / "fidelity.json"
    options = "--platform CPU --phases crystal --cells 5 --cutoffs 1.0 --equilibration 0.6 --settling 0.02"
    times = "--constant-volume 0.16 --constant-pressure 0.16 --energy-conservation 0.16 --spectrum 0.12"
    monkeypatch.setattr(nacl_fidelity, "EXACT", ROUGH)
    monkeypatch.setattr(nacl_fidelity, "makeClassicalWays", lambda cutoff: salt.makeClassicalWays(cutoff)[::2])
    call(monkeypatch, nacl_fidelity, *options.split(), *times.split(), "--output", path)
    rows = {row["name"]: row for row in json.loads(path.read_text())["rows"]}
    assert list(rows) == ["pme", "surrogate-1.0", "surrogate-1.0-0.01", "rf-1.0", "dsf-1.0"]
    assert rows["pme"]["component_r2"] > 0.9999
    assert 0.99 < rows["dsf-1.0"]["component_r2"] < rows["surrogate-1.0"]["component_r2"] < 0.9999
    assert rows["surrogate-1.0"]["U_kJ_per_mol"] == pytest.approx(rows["pme"]["U_kJ_per_mol"], rel=2e-3)
    for row in rows.values():
        assert 0.56 < row["lattice_constant_nm"] < 0.60
        assert set(row["g"]) == {"Na-Na", "Na-Cl", "Cl-Cl"}
        peak = np.argmax(row["g"]["Na-Cl"]["g"])
        assert row["g"]["Na-Cl"]["r_nm"][peak] == pytest.approx(0.28, abs=0.02)
        assert set(row["velocities"]) == {"Na", "Cl"}
    assert "drift_kT_per_ion_ns" in rows["pme"]
    assert "drift_kT_per_ion_ns" not in rows["rf-1.0"]


def test_pressure(tmp_path, monkeypatch):
    """That of the model in its own configurations is PME's, there."""
    path = tmp_path / "pressure.json"
    options = "--platform CPU --cells 5 --ways pme surrogate-1.0 --equilibration 0.1 --time 0.16 --interval 0.01"
    call(monkeypatch, nacl_pressure, *options.split(), "--output", path)
    pme, surrogate = json.loads(path.read_text())["rows"]
    assert abs(pme["pressure_kbar"]) < 30.0  # it has hardly melted
    assert surrogate["rms_difference_kbar"] < 0.5
    assert surrogate["pressure_kbar"] == pytest.approx(
        surrogate["pme_here_kbar"] + surrogate["difference_from_pme_here_kbar"], abs=1e-9
    )


def test_limits(tmp_path, monkeypatch):
    path = tmp_path / "limits.json"
    options = "--platform CPU --cells 5 --length 5 --lengths 5 --waves 3 --frames 1 --vacuum 3 --cutoffs 1.0"
    monkeypatch.setattr(nacl_limits, "FRAMES", 20)
    monkeypatch.setattr(nacl_limits, "EXACT", ROUGH)
    times = "--time 0.12 --spectrum 0.12 --equilibration 0.4"
    call(monkeypatch, nacl_limits, *options.split(), *times.split(), "--output", path)
    rows = json.loads(path.read_text())["rows"]
    other = {(row["name"], row["phase"]): row for row in rows if row["limit"] == "other phase"}
    assert other["surrogate-1.0-crystal", "crystal"]["component_r2"] > 0.99
    assert other["surrogate-1.0-crystal", "melt"]["unlike_training"]
    slab = {row["name"]: row for row in rows if row["limit"] == "slab"}
    r2 = slab["surrogate-1.0"]["component_r2_by_layer"]
    assert len(r2) == 10  # of 20 layers, from either side
    assert slab["surrogate-1.0"]["unlike_training"]
    assert 0.0 < slab["pme"]["surface_energy_J_per_m2"] < 0.5
    waves = [row for row in rows if row["limit"] == "waves"]
    assert [row["name"] for row in waves] == ["pme", "surrogate-1.0"]
    factors = [row for row in rows if row["limit"] == "structure factor"]
    assert all(len(row["S"]) == 3 and min(row["S"]) > 0.0 for row in factors)


def test_the_page_is_that_of_the_results():
    page = nacl_page.PAGE.read_text()
    results = [loadLatest(name) for name in ("nacl", "nacl_fidelity", "nacl_limits", "pair_limit", "nacl_pressure")]
    assert nacl_page.makePage(page, *results) == page, "run benchmarks/nacl_page.py"


def test_figures_are_drawn(tmp_path):
    speed, fidelity, limits = (loadLatest(name) for name in ("nacl", "nacl_fidelity", "nacl_limits"))
    nacl_page.plot_nacl.plotFidelity(fidelity, limits, tmp_path / "fidelity.png")
    nacl_page.plot_nacl.plotSpeed(speed, tmp_path / "speed.png")
    for name in ("fidelity", "speed"):
        assert (tmp_path / f"{name}.png").stat().st_size > 20000


def test_pair_functions_reach_forces_of_pairs(tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed (extra 'train')")
    import pair_limit
    from training_data import CUTOFF, write_data

    path = write_data(tmp_path / "data.h5", numTypes=2, frames=8)
    found = pair_limit.findLimit(path, CUTOFF)
    print(found)
    for fit in (found["forces"], found["forces_and_virials"]):
        assert 0.999 < fit["component_r2"] <= found["component_r2_bound"] <= 1.0
    assert abs(found["forces_and_virials"]["pressure_error_kbar"]) < 0.1
