# SPDX-License-Identifier: MIT
"""ESP on platform Reference against numpy, and the numpy program against itself with other splits and grids."""

import numpy as np
import pytest
from ionic_systems import BOXES, evaluate, make_context, make_salt, make_system, rms
from prolate_oracle import ProlateEwald, Window
from prolate_systems import ROWS, make_charges

from openmmsurrogate import TunablePMEForce

CUTOFF = 1.0


def make_case(name):
    """Ions in a cubic, a rectangular or a triclinic box; with net charge; with excluded pairs."""
    box = BOXES[name if name in BOXES else "rectangular"]
    positions, charges = make_salt(box, 0.35)
    if name == "charged":
        charges[:7] += 0.5
    # Within one cell of the box, so that their distance is that of the nearest image.
    exclusions = [(0, 1), (4, 5), (4, 12), (40, 41)] if name == "excluded" else []
    return positions, charges, box, exclusions


def make_esp_context(positions, charges, box, exclusions, tolerance):
    force = TunablePMEForce(make_charges(charges, CUTOFF))
    for i, j in exclusions:
        force.addException(i, j, 0.0, 1.0, 0.0)
    force.setKSpaceMethod("ESP")
    force.setEwaldErrorTolerance(tolerance)
    return force, make_context(make_system(box, len(charges), force), positions)


def find_row(force, context, bandwidths):
    """Tell what row a Context uses, from the second moment that it reports, and the grid."""
    alpha, *grid = force.getPMEParametersInContext(context)
    row = next(row for row in bandwidths if np.isclose(bandwidths[row], alpha, rtol=1e-9))
    return ROWS[row], tuple(grid)


@pytest.fixture(scope="module")
def bandwidths():
    """The alpha that each row reports."""
    oracle = {row: ProlateEwald(c, CUTOFF, Window(5, 1.5), (8, 8, 8)) for row, (_, _, c, _) in ROWS.items()}
    return {row: 1 / (CUTOFF * np.sqrt(2 * ewald.psi.second_moment)) for row, ewald in oracle.items()}


@pytest.mark.parametrize("tolerance", [5e-4, 1e-4, 1e-5, 1e-6])
@pytest.mark.parametrize("case", ["cubic", "triclinic", "charged", "excluded"])
def test_reference_is_the_formulas(case, tolerance, bandwidths):
    """Energy, forces and the virial (by finite differences) with the parameters that the Context has chosen."""
    positions, charges, box, exclusions = make_case(case)
    force, context = make_esp_context(positions, charges, box, exclusions, tolerance)
    forces, energy = evaluate(context)
    (order, _, bandwidth, width), grid = find_row(force, context, bandwidths)
    oracle = ProlateEwald(bandwidth, CUTOFF, Window(order, width), grid)
    expected_energy, expected, virial = oracle.compute(positions, charges, box, exclusions)
    error = rms(forces - expected) / rms(expected)
    print(f"{case} {tolerance}: forces {error:.1e}, energy {abs(energy / expected_energy - 1):.1e}, grid {grid}")
    assert error < 1e-11
    assert energy == pytest.approx(expected_energy, rel=1e-11)
    step = 1e-5
    for a, b in ((0, 0), (2, 2), (1, 0)):  # of the reduced form of a box
        energies = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[a, b] += sign * step
            context.setPeriodicBoxVectors(*(box @ strain))
            context.setPositions(positions @ strain)
            energies.append(evaluate(context)[1])
        assert tuple(force.getPMEParametersInContext(context)[1:]) == grid
        scale = np.abs(virial).max()
        assert -(energies[0] - energies[1]) / (2 * step) == pytest.approx(virial[b, a], abs=1e-6 * scale)


def test_forces_are_the_gradient():
    positions, charges, box, exclusions = make_case("triclinic")
    _, context = make_esp_context(positions, charges, box, exclusions, 5e-4)
    forces, _ = evaluate(context)
    step = 1e-5
    for particle in (0, 17, 101):
        for axis in range(3):
            energies = []
            for sign in (1, -1):
                moved = positions.copy()
                moved[particle, axis] += sign * step
                context.setPositions(moved)
                energies.append(evaluate(context)[1])
            slope = (energies[1] - energies[0]) / (2 * step)
            assert slope == pytest.approx(forces[particle, axis], abs=2e-6 * rms(forces))


@pytest.mark.parametrize("case", ["rectangular", "triclinic", "charged", "excluded"])
def test_formulas_do_not_depend_on_the_split(case):
    """Converged, with a window of order 16: energy, forces and virial are the same for two bandwidths and grids."""
    positions, charges, box, exclusions = make_case(case)
    results = []
    for bandwidth, spacing in ((26.0, 0.077), (28.0, 0.075)):
        grid = tuple(int(np.ceil(np.linalg.norm(vector) / spacing / 2)) * 2 for vector in box)
        ewald = ProlateEwald(bandwidth, CUTOFF, Window(16, 1.31), grid)
        results.append(ewald.compute(positions, charges, box, exclusions))
    (energy, forces, virial), (other_energy, other_forces, other_virial) = results
    print(f"{case}: {energy / other_energy - 1:.1e} {rms(forces - other_forces) / rms(forces):.1e}")
    assert energy == pytest.approx(other_energy, rel=2e-9)
    assert rms(forces - other_forces) < 2e-8 * rms(forces)
    np.testing.assert_allclose(virial, other_virial, atol=2e-8 * np.abs(virial).max())
