# SPDX-License-Identifier: MIT
"""The code in README.md and docs/howto, block after block, as a reader would run it."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openmm import OpenMMException, app, unit

from openmmsurrogate import SurrogateForce, SurrogateModel, TunablePMEForce
from openmmsurrogate.data import SamplingSettings, assignTypes, loadSystem, sampleForces

ROOT = Path(__file__).parents[2]


def run_page(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Execute the Python blocks of a page in a folder, where XML blocks with a name are files. Get their variables."""
    monkeypatch.chdir(folder)
    text = (ROOT / page).read_text()
    for name, content in re.findall(r"```xml (\S+)\n(.*?)```", text, re.DOTALL):
        Path(name).write_text(content)
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    namespace: dict[str, Any] = {}
    exec("\n".join(blocks), namespace)
    return namespace


def test_readme(tmp_path, monkeypatch):
    names = run_page("README.md", tmp_path, monkeypatch)
    assert isinstance(names["found"], SurrogateForce)
    assert names["found"].getNumParticles() == 1000
    assert names["electrostatics"].getForceErrorTolerance()._value == 0.5
    energy = names["context"].getState(energy=True).getPotentialEnergy() / 1000
    assert -6 < energy.value_in_unit(unit.kilojoule_per_mole) < 0


def test_own_model(tmp_path, monkeypatch):
    names = run_page("docs/howto/own-model.md", tmp_path, monkeypatch)
    model = names["model"]
    assert model.getPairNetwork("Ar", "Ar") == SurrogateModel.NonInteracting
    assert names["same"].computeForce("Ar", "Na", 0.4) == model.computeForce("Na", "Ar", 0.4)
    distances = {("Na", "Na"): 0.5, ("Na", "Ar"): 0.6, ("Ar", "Na"): np.hypot(0.5, 0.6)}
    expected = sum(model.computeEnergy(*pair, r)._value for pair, r in distances.items())
    assert names["energy"]._value == pytest.approx(expected, rel=1e-4)


def test_nacl(tmp_path, monkeypatch):
    found = run_page("docs/howto/nacl.md", tmp_path, monkeypatch)["found"]
    assert found.passed, found.findings


def test_pme(tmp_path, monkeypatch):
    names = run_page("docs/howto/pme.md", tmp_path, monkeypatch)
    assert 0 < names["mesh"].absolute._value < 1.0
    assert names["result"].best.forceError <= 0.5
    assert names["error"].relative < 1e-2
    assert names["force"].getKSpaceMethodInContext(names["context"]) in (TunablePMEForce.SPME, TunablePMEForce.ESP)


def test_forcefield(tmp_path, monkeypatch):
    names = run_page("docs/howto/forcefield.md", tmp_path, monkeypatch)
    force = names["force"]
    assert force.getPrecision() is SurrogateForce.Single
    assert force.getEvaluationMethod() is SurrogateForce.Table
    assert [force.getParticleType(i) for i in range(2)] == [0, 0]
    assert force.usesPeriodicBoundaryConditions()


def test_forcefield_names_the_current_directory_when_it_misses_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    SurrogateModel.load("argon").save("sub/local.safetensors")
    tag = '<ForceField><SurrogateForce model="local.safetensors"/></ForceField>'
    (tmp_path / "sub" / "local.xml").write_text(tag)
    with pytest.raises(OpenMMException, match=rf"local\.safetensors.*current directory.*{re.escape(str(tmp_path))}\)"):
        app.ForceField("sub/local.xml")
    monkeypatch.chdir(tmp_path / "sub")
    assert app.ForceField("local.xml").getGenerators()


def test_lammps(tmp_path, monkeypatch):
    names = run_page("docs/howto/lammps.md", tmp_path, monkeypatch)
    _, r, energy, _ = np.loadtxt((tmp_path / "argon.table").read_text().splitlines()[6:], unpack=True)
    assert r[0] == pytest.approx(2.0)
    assert len(r) == 20000
    angstroms = unit.Quantity(r[:-1], unit.angstrom)
    expected = names["model"].computeEnergy("Ar", "Ar", angstroms).value_in_unit(unit.kilocalorie_per_mole)
    np.testing.assert_allclose(energy[:-1], expected, rtol=1e-9, atol=1e-9)


def test_energy(tmp_path, monkeypatch, recwarn):
    run_page("docs/howto/energy.md", tmp_path, monkeypatch)
    lines = (tmp_path / "energy.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ['#"Step"', "200", "400"]
    assert "EnergyUseReporter" in str(recwarn.pop(UserWarning).message)  # no counter, or intervals too short for it


def test_validate(tmp_path, monkeypatch):
    names = run_page("docs/howto/validate.md", tmp_path, monkeypatch)
    assert names["report"].passed
    assert {row.format for row in names["report"].rows} >= {"single", "int8"}


@pytest.mark.parametrize(
    "page",
    # index.md lists the others, for the site.
    sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs" / "howto").iterdir() if p.name != "index.md"),
)
def test_pages_are_linked_from_the_readme(page):
    assert f"]({page})" in (ROOT / "README.md").read_text()


def test_pytorch(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra 'train')")
    names = run_page("docs/howto/pytorch.md", tmp_path, monkeypatch)
    r = np.linspace(0.35, 0.8, 10)
    with torch.no_grad():
        y = names["network"].double()(torch.from_numpy(r / 0.85)[:, None]).numpy()[:, 0]
    ours = SurrogateModel.load("mine.safetensors").computeForce("Ar", "Ar", r)._value
    np.testing.assert_allclose(ours, 33.4 * y, rtol=0, atol=1e-12 * np.abs(ours).max())
    assert names["mixture"].getNumNetworks() == 3
    # The page's module is in float32, whose rounding the cancelling weights of the readout magnify: by how much depends
    # on the order in which a processor adds. It is measured against the largest force weight of the fit, not against
    # one near a zero.
    largest = abs(names["same"].computeForce("Ar", "Ar", 0.33)._value)
    assert names["w"].item() == pytest.approx(names["same"].computeForce("Ar", "Ar", 0.4)._value, abs=3e-6 * largest)


def test_training(tmp_path, monkeypatch, capsys):
    settings = SamplingSettings(100.0, 1, interval=0.01, equilibration=0.0)
    source = loadSystem(str(ROOT / "examples/liquid_argon.py") + ":createLiquid", options={"numCells": 4})
    sampleForces(source, assignTypes(source), settings, tmp_path / "argon-train.h5")
    names = run_page("docs/howto/training.md", tmp_path, monkeypatch)
    assert capsys.readouterr().out == "('Ar',) 1 256 100.0\n"
    assert names["frame"].forces.shape == (256, 3)
