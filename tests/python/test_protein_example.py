# SPDX-License-Identifier: MIT
"""The script of OpenMM's user guide with its NonbondedForce replaced: examples/protein_in_water.py."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import openmm
import pytest
from liquid_samples import EXAMPLES
from openmm import app, unit

from openmmsurrogate import TunablePMEForce, replaceNonbondedForce

SCRIPT = EXAMPLES / "protein_in_water.py"
STRUCTURE = Path(app.__file__).parent / "data" / "test.pdb"
# Section "A First Example".
GUIDE = """\
from openmm.app import *
from openmm import *
from openmm.unit import *
from sys import stdout

pdb = PDBFile('input.pdb')
forcefield = ForceField('amber14-all.xml', 'amber14/tip3pfb.xml')
system = forcefield.createSystem(pdb.topology, nonbondedMethod=PME,
        nonbondedCutoff=1*nanometer, constraints=HBonds)
integrator = LangevinMiddleIntegrator(300*kelvin, 1/picosecond, 0.004*picoseconds)
simulation = Simulation(pdb.topology, system, integrator)
simulation.context.setPositions(pdb.positions)
simulation.minimizeEnergy()
simulation.reporters.append(PDBReporter('output.pdb', 1000))
simulation.reporters.append(StateDataReporter(stdout, 1000, step=True,
        potentialEnergy=True, temperature=True))
simulation.step(10000)
"""
PLATFORMS = [openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())]
KJ_PER_NM = unit.kilojoule_per_mole / unit.nanometer


@pytest.fixture(scope="module")
def system():
    """Return the System of the guide and its positions."""
    pdb = app.PDBFile(str(STRUCTURE))
    forcefield = app.ForceField("amber14-all.xml", "amber14/tip3pfb.xml")
    made = forcefield.createSystem(
        pdb.topology, nonbondedMethod=app.PME, nonbondedCutoff=1 * unit.nanometer, constraints=app.HBonds
    )
    return made, pdb.positions


def test_the_script_is_that_of_the_guide_but_for_one_line():
    code = SCRIPT.read_text().split('"""\n')[-1].splitlines()
    added = {"from openmmsurrogate import replaceNonbondedForce", "system = replaceNonbondedForce(system)"}
    assert [line for line in code if line not in added] == GUIDE.splitlines()
    assert added <= set(code)


@pytest.mark.parametrize("platform", [name for name in ("Reference", "CPU", "CUDA") if name in PLATFORMS])
def test_forces_are_those_of_nonbonded_force(system, platform):
    """Each has the error of the default tolerance, 5e-4, about; methods differ, so their errors may add up."""
    made, positions = system
    replaced = replaceNonbondedForce(made)
    assert any(TunablePMEForce.isinstance(force) for force in replaced.getForces())
    forces, energies = [], []
    for each in (made, replaced):
        context = openmm.Context(each, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform(platform))
        context.setPositions(positions)
        state = context.getState(forces=True, energy=True)
        forces.append(state.getForces(asNumpy=True).value_in_unit(KJ_PER_NM))
        energies.append(state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole))
    error = np.sqrt(np.mean(np.sum((forces[1] - forces[0]) ** 2, axis=1)))
    scale = np.sqrt(np.mean(np.sum(forces[0] ** 2, axis=1)))
    print(f"{platform}: force difference {error / scale:.1e} of RMS {scale:.0f}, energies {energies}")
    assert error / scale < 1.5e-3
    assert energies[1] == pytest.approx(energies[0], rel=1e-4)


@pytest.mark.parametrize("platform", [name for name in ("CPU", "CUDA") if name in PLATFORMS])
def test_the_script_runs(platform, tmp_path):
    """With fewer steps, which are all that the test changes."""
    shutil.copy(STRUCTURE, tmp_path / "input.pdb")
    code = (
        SCRIPT.read_text()
        .replace("10000)", "40)")
        .replace("1000,", "20,")
        .replace("'output.pdb', 1000", "'output.pdb', 20")
    )
    code = code.replace("minimizeEnergy()", "minimizeEnergy(maxIterations=10)")
    (tmp_path / "script.py").write_text(code)
    result = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=dict(os.environ, OPENMM_DEFAULT_PLATFORM=platform),
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    lines = [line for line in result.stdout.splitlines() if re.match(r"\d", line)]
    steps, energies, temperatures = np.array([line.split(",") for line in lines], float).T
    assert steps.tolist() == [20, 40]
    assert np.all((energies < -1e5) & (energies > -3e5))
    assert np.all((temperatures > 20) & (temperatures < 400))
    assert (tmp_path / "output.pdb").stat().st_size > 100_000
