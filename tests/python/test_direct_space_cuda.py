# SPDX-License-Identifier: MIT
"""Direct space of ESP on CUDA: against platform Reference, with particles that move in memory, and with bad input."""

import numpy as np
import openmm
import pytest
from ionic_systems import BOXES, evaluate, make_context, make_force, make_salt, make_system, rms

from openmmsurrogate import TunablePMEForce

PRECISIONS = pytest.mark.parametrize("precision", ["single", "mixed", "double"])
# Polynomials and arithmetic of single precision; polynomials to 1e-12 in double.
TOLERANCE = {"single": 1e-5, "mixed": 1e-5, "double": 1e-9}


def make_esp(charges: np.ndarray) -> TunablePMEForce:
    """Make an ESP force with a reciprocal space group of its own, 1."""
    force = TunablePMEForce(make_force(charges))
    force.setKSpaceMethod(TunablePMEForce.ESP)
    force.setEwaldErrorTolerance(1e-4)
    force.setReciprocalSpaceForceGroup(1)
    return force


def add_exceptions(force: TunablePMEForce, count: int) -> None:
    """Add excluded pairs, and pairs with parameters of their own, near and far; and offsets of both."""
    for i in range(0, count - 40, 9):
        force.addException(i, i + 1, 0.0, 1.0, 0.0)
        force.addException(i + 2, i + 3, -0.4, 0.25, 0.3)
        force.addException(i + 4, i + 40, 0.3, 0.2, 0.0)
    force.addGlobalParameter("scale", 0.5)
    force.addParticleParameterOffset("scale", 7, 0.2, 0.02, 0.4)
    force.addExceptionParameterOffset("scale", 0, 0.3, -0.7, 0.2)


def compare(force: TunablePMEForce, box: np.ndarray, positions: np.ndarray, precision: str) -> None:
    """Expect direct space on CUDA to be that of Reference; twice, as lists may be too short at first."""
    system = make_system(box, len(positions), force)
    expected = evaluate(make_context(system, positions, "Reference"), {0})
    context = make_context(system, positions, f"CUDA {precision}")
    for _ in range(2):
        found = evaluate(context, {0})
        error = np.linalg.norm(found[0] - expected[0], axis=1).max() / rms(expected[0])
        print(f"error over RMS force {error:.1e}, energies {found[1]} {expected[1]}")
        assert error < 5 * TOLERANCE[precision]
        assert found[1] == pytest.approx(expected[1], abs=TOLERANCE[precision] * 50 * len(positions))


@PRECISIONS
@pytest.mark.parametrize("box", list(BOXES))
def test_pairs(box, precision):
    positions, charges = make_salt(BOXES[box])
    compare(make_esp(charges), BOXES[box], positions, precision)


@PRECISIONS
@pytest.mark.parametrize("box", list(BOXES))
@pytest.mark.parametrize("periodic", [False, True], ids=["plain", "images"])
def test_exceptions_switch_and_offsets(box, precision, periodic):
    positions, charges = make_salt(BOXES[box])
    positions[::3] += BOXES[box][0]  # out of the box, for the distance of exceptions
    force = make_esp(charges)
    add_exceptions(force, len(charges))
    force.setExceptionsUsePeriodicBoundaryConditions(periodic)
    force.setUseSwitchingFunction(True)
    force.setSwitchingDistance(0.7)
    compare(force, BOXES[box], positions, precision)


@PRECISIONS
def test_large_box(precision):
    """Most particles are far from the faces, where no images are looked at, and lists are too short at first."""
    box = np.diag([4.2, 4.5, 4.8])
    positions, charges = make_salt(box)
    compare(make_esp(charges), box, positions, precision)


@PRECISIONS
@pytest.mark.parametrize("box", ["cubic", "triclinic"])
def test_many_kinds(box, precision):
    """More kinds of particles than there are parameters of pairs for."""
    positions, charges = make_salt(BOXES[box])
    force = make_esp(charges)
    for i, charge in enumerate(charges):
        force.setParticleParameters(i, charge + 0.001 * (i % 40), 0.21 + 0.002 * (i % 30), 0.2 + 0.01 * (i % 7))
    add_exceptions(force, len(charges))
    compare(force, BOXES[box], positions, precision)


@PRECISIONS
def test_without_lennard_jones_and_with_idle_particles(precision):
    positions, charges = make_salt(BOXES["cubic"])
    force = make_esp(charges)
    for i in range(len(charges)):
        force.setParticleParameters(i, 0.0 if i % 5 == 0 else charges[i], 0.3, 0.0)
    compare(force, BOXES["cubic"], positions, precision)


def make_moving_salt(deterministic: str) -> openmm.Context:
    """Make a Context of a hot salt. OpenMM reorders its particles, as a force uses OpenMM's neighbor list."""
    box = BOXES["cubic"]
    positions, charges = make_salt(box)
    force = make_esp(charges)
    other = openmm.CustomNonbondedForce("0*r")
    other.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
    other.setCutoffDistance(0.9)
    for _ in charges:
        other.addParticle([])
    for i in range(0, len(charges) - 1, 6):
        force.addException(i, i + 1, -0.5, 0.25, 0.3)
        other.addExclusion(i, i + 1)
    force.setExceptionsUsePeriodicBoundaryConditions(True)
    system = make_system(box, len(charges), force, other)
    make_context(system, positions, "CUDA mixed")  # skips where there is no GPU
    integrator = openmm.LangevinMiddleIntegrator(1500, 5, 0.002)
    integrator.setRandomNumberSeed(1)
    properties = {"Precision": "mixed", "DeterministicForces": deterministic}
    context = openmm.Context(system, integrator, openmm.Platform.getPlatform("CUDA"), properties)
    context.setPositions(positions)
    evaluate(context)  # chooses the parameters of the mesh: the same in all such Contexts
    return context


@pytest.mark.parametrize("deterministic", ["false", "true"])
def test_particles_that_move_in_memory(deterministic):
    context = make_moving_salt(deterministic)
    for _ in range(3):
        context.getIntegrator().step(300)
        fresh = make_moving_salt(deterministic)
        fresh.setPositions(context.getState(getPositions=True).getPositions())
        expected = evaluate(fresh)
        found = evaluate(context)
        # Stiff contacts, and positions of single precision that are rounded elsewhere in another image.
        assert np.linalg.norm(found[0] - expected[0], axis=1).max() < 2e-4 * rms(expected[0])


def test_runs_from_a_checkpoint_are_equal_to_the_bit():
    """With DeterministicForces, whatever the list: that of the run that goes on is older."""
    context = make_moving_salt("true")
    context.getIntegrator().step(300)
    checkpoint = context.createCheckpoint()
    ends = []
    for _ in range(2):
        context.getIntegrator().step(40)
        ends.append(np.array(context.getState(getPositions=True).getPositions(asNumpy=True)._value))
        context.loadCheckpoint(checkpoint)
    np.testing.assert_array_equal(ends[1], ends[0])


def test_bad_input_is_told_and_forgotten():
    positions, charges = make_salt(BOXES["cubic"])
    context = make_context(make_system(BOXES["cubic"], len(charges), make_esp(charges)), positions, "CUDA mixed")
    good = evaluate(context)
    bad = positions.copy()
    bad[5, 1] = np.nan
    context.setPositions(bad)
    with pytest.raises(openmm.OpenMMException, match="TunablePMEForce: particle 5 "):
        evaluate(context, {0})
    bad = positions.copy()
    bad[9] = bad[12]
    context.setPositions(bad)
    with pytest.raises(openmm.OpenMMException, match="TunablePMEForce: particles 9 and 12 "):
        evaluate(context, {0})
    context.setPositions(positions)
    context.setPeriodicBoxVectors(*np.diag([1.7, 2.2, 2.2]))
    with pytest.raises(openmm.OpenMMException, match="twice the cutoff"):
        evaluate(context, {0})
    context.setPeriodicBoxVectors(*BOXES["cubic"])
    np.testing.assert_allclose(evaluate(context)[0], good[0], atol=1e-5 * rms(good[0]))


def test_lennard_jones_is_back_after_an_error():
    """The error of the mesh is measured without it; here that fails."""
    positions, charges = make_salt(BOXES["cubic"])
    force = make_esp(charges)
    context = make_context(make_system(BOXES["cubic"], len(charges), force), positions, "CUDA mixed")
    good = evaluate(context)
    bad = positions.copy()
    bad[9] = bad[12]
    context.setPeriodicBoxVectors(*(1.1 * BOXES["cubic"]))  # it is measured anew
    context.setPositions(bad)
    with pytest.raises(openmm.OpenMMException, match="particles 9 and 12 "):
        evaluate(context)
    context.setPeriodicBoxVectors(*BOXES["cubic"])
    context.setPositions(positions)
    found = evaluate(context)
    np.testing.assert_allclose(found[0], good[0], atol=1e-3 * rms(good[0]))


@PRECISIONS
def test_overlapping_particles_can_be_minimized(precision):
    """OpenMM then computes forces on CPU; Monte Carlo moves see an energy to turn back from."""
    positions, charges = make_salt(BOXES["cubic"])
    positions[9] = positions[12] + 0.02
    context = make_context(make_system(BOXES["cubic"], len(charges), make_esp(charges)), positions, f"CUDA {precision}")
    assert evaluate(context)[1] == np.inf
    openmm.LocalEnergyMinimizer.minimize(context, 10.0, 50)
    forces, energy = evaluate(context)
    print(f"minimized to {energy}")
    assert energy < -400 * len(charges)
    assert np.abs(forces).max() < 1e5
