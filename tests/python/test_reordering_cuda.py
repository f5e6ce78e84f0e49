# SPDX-License-Identifier: MIT
"""Molecules are moved back into the periodic box on CUDA, where no force of OpenMM's sees to it; and not too often."""

import numpy as np
import openmm
import pytest
from ionic_systems import BOXES, evaluate, make_context, make_force, make_salt, make_system, rms

from openmmsurrogate import SurrogateForce, SurrogateModel, TunablePMEForce

BOX = BOXES["cubic"]
INTERVAL = 10_000  # ReorderSchedule.h


def make_esp() -> tuple[np.ndarray, openmm.Force]:
    positions, charges = make_salt(BOX)
    force = TunablePMEForce(make_force(charges))
    force.setKSpaceMethod(TunablePMEForce.ESP)
    return positions, force


def make_surrogate() -> tuple[np.ndarray, openmm.Force]:
    positions, _ = make_salt(BOX, spacing=0.4)
    force = SurrogateForce(SurrogateModel.load("argon"))
    force.setEvaluationMethod(SurrogateForce.Table)
    for _ in positions:
        force.addParticle(0)
    return positions, force


def get_positions(context: openmm.Context) -> np.ndarray:
    return np.array(context.getState(getPositions=True).getPositions(asNumpy=True)._value)


def are_as_on_the_gpu(positions: np.ndarray) -> bool:
    """Whether single precision holds positions as they are: then no box vectors have been added on the host."""
    return np.array_equal(positions, positions.astype(np.float32))


@pytest.mark.parametrize("make", [make_esp, make_surrogate])
def test_molecules_are_moved_back_into_the_box(make):
    """At the first step, and when the steps pass a multiple of the interval. Where they seem to be stays the same."""
    positions, force = make()
    system = make_system(BOX, len(positions), force)
    context = make_context(system, positions, "CUDA single")
    away = positions.copy()
    away[::3] += 301 * BOX[0] - 57 * BOX[2]

    def step(count: int) -> np.ndarray:
        context.getIntegrator().step(count)
        return get_positions(context)

    context.setPositions(away)
    assert not are_as_on_the_gpu(step(1))
    for first in (INTERVAL - 2, 2 * INTERVAL - 2):
        context.setStepCount(first)
        context.setPositions(away)
        assert are_as_on_the_gpu(step(2))
        moved = step(1)
        assert not are_as_on_the_gpu(moved)
        assert np.abs(moved - away).max() < 0.01
    # What is on the GPU now has all its digits: the forces are those of the same place in the box.
    forces = evaluate(context)[0]
    inside = moved.copy()
    inside[::3] -= 301 * BOX[0] - 57 * BOX[2]
    expected = evaluate(make_context(system, inside, "CUDA single"))[0]
    assert np.linalg.norm(forces - expected, axis=1).max() < 1e-4 * rms(expected)


@pytest.mark.parametrize("make", [make_esp, make_surrogate])
def test_other_forces_that_reorder_are_left_to_it(make):
    """With a force that uses OpenMM's list atoms are reordered as often as OpenMM does it: within 251 steps."""
    positions, force = make()
    other = openmm.CustomNonbondedForce("0*r")
    other.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
    other.setCutoffDistance(0.6)
    other.setForceGroup(3)
    for _ in positions:
        other.addParticle([])
    system = make_system(BOX, len(positions), force, other)
    context = make_context(system, positions, "CUDA single")
    context.getIntegrator().step(1)
    context.setStepCount(100)
    away = positions + 301 * BOX[0]
    context.setPositions(away)
    context.getIntegrator().step(255)
    assert not are_as_on_the_gpu(get_positions(context))


@pytest.mark.parametrize("method", ["NoCutoff", "CutoffPeriodic"])
def test_forces_that_openmm_would_refuse_beside_one_of_its_own(method):
    """Ours ask for nothing: others may have no cutoff, or another one in the same force group."""
    positions, force = make_surrogate()
    other = openmm.CustomNonbondedForce("1e-3/r")
    other.setNonbondedMethod(getattr(openmm.CustomNonbondedForce, method))
    other.setCutoffDistance(0.6)
    for _ in positions:
        other.addParticle([])
    system = make_system(BOX, len(positions), force, other)
    context = make_context(system, positions, "CUDA mixed")
    expected = evaluate(make_context(system, positions, "Reference"))
    for _ in range(2):
        forces, energy = evaluate(context)
        assert np.linalg.norm(forces - expected[0], axis=1).max() < 1e-4 * rms(expected[0])
        assert energy == pytest.approx(expected[1], rel=1e-5)
