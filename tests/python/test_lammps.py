# SPDX-License-Identifier: MIT
"""Forces against LAMMPS, which runs in a process of its own (lammps_worker.py)."""

from pathlib import Path

import numpy as np
import pytest
from lammps_process import ANGSTROM, KCAL, require_lammps, run_python
from liquid_samples import compute, liquid_argon, shaken_lattice

from openmmsurrogate import SurrogateForce, SurrogateModel
from openmmsurrogate.lammps import exportLAMMPSTable

WORKER = Path(__file__).with_name("lammps_worker.py")
BOXES = pytest.mark.parametrize("shear", [0.0, 0.3], ids=["cubic", "triclinic"])


@pytest.fixture(scope="module")
def lammps():
    """A function (positions in nm, box in nm, commands) -> forces in kJ/mol/nm and energy in kJ/mol."""
    require_lammps()

    def run(positions, box, commands, folder):
        source, target = folder / "input.npz", folder / "output.npz"
        np.savez(source, positions=positions / ANGSTROM, box=box / ANGSTROM, commands=commands)
        result = run_python(WORKER, source, target)
        assert result.returncode == 0, result.stderr
        data = np.load(target)
        return data["forces"] * KCAL / ANGSTROM, data["energy"] * KCAL

    return run


def largest_error(forces, expected):
    """Return the largest error norm of an atom over the RMS force."""
    return np.linalg.norm(forces - expected, axis=1).max() / np.sqrt(np.mean(np.sum(expected**2, axis=1)))


@BOXES
def test_lennard_jones(lammps, shear, tmp_path):
    """The reference side of the argon example: NonbondedForce against lj/cut, energies zero at the cutoff."""
    positions, box = shaken_lattice(5, shear)
    epsilon, sigma, cutoff = liquid_argon.EPSILON / KCAL, liquid_argon.SIGMA / ANGSTROM, liquid_argon.CUTOFF / ANGSTROM
    commands = [
        f"pair_style lj/cut {cutoff:.15g}",
        "pair_modify shift yes",
        f"pair_coeff 1 1 {epsilon:.15g} {sigma:.15g}",
    ]
    expected, expectedEnergy = lammps(positions, box, commands, tmp_path)
    forces, _ = compute(liquid_argon.createLennardJones(len(positions)), positions, box)
    shifted, energy = compute(liquid_argon.createShiftedLennardJones(len(positions)), positions, box)
    error, energyError = largest_error(forces, expected), abs(energy / expectedEnergy - 1.0)
    print(f"error norm over RMS force {error:.1e}, relative error of the energy {energyError:.1e}")
    assert error < 1e-6
    assert largest_error(shifted, expected) < 1e-6
    assert energyError < 1e-6


@BOXES
def test_exported_surrogate(lammps, shear, tmp_path):
    """The shipped model as a table in LAMMPS against its network on the Reference platform."""
    model = SurrogateModel.load("argon")
    positions, box = shaken_lattice(5, shear)
    table = tmp_path / "argon.table"
    exportLAMMPSTable(model, "Ar", "Ar", table, keyword="ARGON", numPoints=20000, minimumDistance=0.2)
    commands = ["pair_style table spline 20000", f"pair_coeff 1 1 {table} ARGON"]
    expected, expectedEnergy = lammps(positions, box, commands, tmp_path)
    force = SurrogateForce(model)
    force.setEvaluationMethod(SurrogateForce.Network)
    for _ in positions:
        force.addParticle("Ar")
    forces, energy = compute(force, positions, box)
    error, energyError = largest_error(forces, expected), abs(energy / expectedEnergy - 1.0)
    print(f"error norm over RMS force {error:.1e}, relative error of the energy {energyError:.1e}")
    assert error < 1e-6
    assert energyError < 1e-6


def test_exported_table_holds_the_pair_functions(tmp_path):
    model = SurrogateModel.load("argon")
    table = tmp_path / "argon.table"
    exportLAMMPSTable(model, "Ar", 0, table, numPoints=101, minimumDistance=0.25)
    lines = table.read_text().splitlines()
    assert lines[3:5] == ["SURROGATE", "N 101 RSQ 2.5 8.5"]
    index, r, energy, force = np.loadtxt(lines[6:], unpack=True)
    np.testing.assert_array_equal(index, np.arange(1, 102))
    np.testing.assert_allclose(np.diff(r**2), (8.5**2 - 2.5**2) / 100, rtol=1e-9)
    inside = np.minimum(r * ANGSTROM, np.nextafter(0.85, 0.0))
    np.testing.assert_allclose(force * KCAL / ANGSTROM, model.computeForce(0, 0, inside)._value, rtol=1e-11)
    np.testing.assert_allclose(energy * KCAL, model.computeEnergy(0, 0, inside)._value, rtol=1e-11, atol=1e-12)
    # The last point is the limit from inside: truncated Lennard-Jones does not vanish at its cutoff.
    assert force[-1] * KCAL / ANGSTROM == pytest.approx(liquid_argon.lennardJonesForce(0.85), rel=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"numPoints": 1}, "at least 2"), ({"minimumDistance": 0.85}, "cutoff"), ({"minimumDistance": 0.0}, "0 nm")],
)
def test_export_rejects_bad_input(options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        exportLAMMPSTable(SurrogateModel.load("argon"), "Ar", "Ar", tmp_path / "table", **options)
    assert not (tmp_path / "table").exists()
