# SPDX-License-Identifier: MIT
"""TunablePMEForce against an Ewald sum of LAMMPS, for a salt with Lennard-Jones and Coulomb interactions."""

from pathlib import Path

import numpy as np
import pytest
from ionic_systems import BOXES, evaluate, make_context, make_force, make_salt, make_system, rms
from lammps_process import ANGSTROM, KCAL, require_lammps, run_python

from openmmsurrogate import TunablePMEForce

WORKER = Path(__file__).with_name("lammps_ewald_worker.py")


# OpenMM's Reference platform loses pairs in strongly triclinic boxes, so this one is only a little skewed.
@pytest.mark.parametrize("skew", [0.0, 0.3], ids=["rectangular", "triclinic"])
@pytest.mark.parametrize("method", ["SPME", "ESP"])
def test_salt(method, skew, tmp_path):
    """SPME with settings that leave an error of 1e-7; ESP with the strictest tolerance that it has, 1e-6."""
    require_lammps()
    box = BOXES["rectangular"] + np.array([[0.0, 0.0, 0.0], [skew, 0.0, 0.0], [-skew, skew, 0.0]])
    positions, charges = make_salt(box)
    source, target = tmp_path / "input.npz", tmp_path / "output.npz"
    np.savez(
        source,
        positions=positions / ANGSTROM,
        box=box / ANGSTROM,
        charges=charges,
        types=np.where(charges > 0, 1, 2),
        epsilon=np.array([0.6, 0.2]) / KCAL,
        sigma=np.array([0.21, 0.3]) / ANGSTROM,
        cutoff=0.9 / ANGSTROM,
    )
    result = run_python(WORKER, source, target)
    assert result.returncode == 0, result.stderr
    data = np.load(target)
    expected, expected_energy = data["forces"] * KCAL / ANGSTROM, data["energy"] * KCAL
    force = TunablePMEForce(make_force(charges))
    force.setUseDispersionCorrection(False)
    force.setKSpaceMethod(method)
    if method == "SPME":
        force.setPMEParameters(5.5, 100, 108, 128)
        force.setSplineOrder(8)
    else:
        force.setEwaldErrorTolerance(1e-6)
    context = make_context(make_system(box, len(charges), force), positions)
    forces, energy = evaluate(context)
    error = rms(forces - expected) / rms(expected)
    print(f"RMS error over RMS force {error:.1e}, relative error of the energy {abs(energy / expected_energy - 1):.1e}")
    assert error < (1e-6 if method == "SPME" else 3e-6)
    assert abs(energy / expected_energy - 1) < 1e-6
    assert force.measureForceErrorInContext(context, 100).relative < (1e-7 if method == "SPME" else 2.5e-6)
