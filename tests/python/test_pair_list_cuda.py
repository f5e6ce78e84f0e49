# SPDX-License-Identifier: MIT
"""The pair list on CUDA while particles move: no pair is missing at any time of a list's life, however they move."""

import numpy as np
import openmm
import pytest
from ionic_systems import evaluate, make_context, rms

from openmmsurrogate import SurrogateForce, SurrogateModel, TunablePMEForce

EDGE = 2.5  # nm
CELLS = 8  # molecules along an edge
BOXES = {
    "cubic": EDGE * np.eye(3),
    "triclinic": np.array([[EDGE, 0, 0], [0.3 * EDGE, EDGE, 0], [-0.2 * EDGE, 0.4 * EDGE, EDGE]]),
}
# Of one molecule, nm: oxygen, two hydrogens, and a site on the bisector that has the oxygen's charge.
MOLECULE = np.array([[0, 0, 0], [0.09572, 0, 0], [-0.02399, 0.09266, 0], [0.0109, 0.0141, 0]])
CHARGES = [0.0, 0.52, 0.52, -1.04]
MASSES = [15.999, 1.008, 1.008, 0.0]


def make_water(box: np.ndarray) -> tuple[openmm.System, np.ndarray]:
    """Make rigid water in a lattice: fast hydrogens, slow oxygens, and massless sites, which have no velocities."""
    system, force = openmm.System(), openmm.NonbondedForce()
    system.setDefaultPeriodicBoxVectors(*box)
    force.setNonbondedMethod(openmm.NonbondedForce.PME)
    force.setCutoffDistance(0.8)
    rng = np.random.default_rng(3)
    positions = []
    for cell in np.ndindex(CELLS, CELLS, CELLS):
        first = system.getNumParticles()
        for mass, charge in zip(MASSES, CHARGES, strict=True):
            system.addParticle(mass)
            force.addParticle(charge, 0.316, 0.65 if mass > 2 else 0.0)
        site = openmm.ThreeParticleAverageSite(first, first + 1, first + 2, 0.6959, 0.15205, 0.15205)
        system.setVirtualSite(first + 3, site)
        for i in range(4):
            for j in range(i):
                force.addException(first + i, first + j, 0.0, 1.0, 0.0)
        for i, j in ((0, 1), (0, 2), (1, 2)):
            system.addConstraint(first + i, first + j, float(np.linalg.norm(MOLECULE[i] - MOLECULE[j])))
        turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        positions.append((np.array(cell) + 0.5) / CELLS @ box + MOLECULE @ turn.T)
    tunable = TunablePMEForce(force)
    tunable.setKSpaceMethod(TunablePMEForce.ESP)
    tunable.setReciprocalSpaceForceGroup(1)
    system.addForce(tunable)
    return system, np.concatenate(positions)


def make_moving(
    system: openmm.System, positions: np.ndarray, integrator: openmm.Integrator
) -> tuple[openmm.Context, openmm.Context]:
    """Make a Context that will move, and one to compare it with, in double precision: pairs that are missing then
    stand out from rounding. Both choose their meshes at the same positions."""
    fresh = make_context(system, positions, "CUDA double")
    context = openmm.Context(system, integrator, fresh.getPlatform(), {"Precision": "double"})
    context.setPositions(positions)
    for each in (fresh, context):
        each.computeVirtualSites()
        evaluate(each)
    return context, fresh


def expect_whole_lists(context: openmm.Context, fresh: openmm.Context, every: int, times: int) -> None:
    """Let particles move, and compare their forces with those of a Context that has just built its list."""
    largest = 0.0
    for _ in range(times):
        context.getIntegrator().step(every)
        state = context.getState(positions=True)
        positions = state.getPositions(asNumpy=True)._value
        fresh.setPeriodicBoxVectors(*state.getPeriodicBoxVectors())
        for shift in (0.4, 0.0):  # a leap, after which all is built anew
            fresh.setPositions(positions + shift)
            expected = evaluate(fresh, {0})[0]
        found = evaluate(context, {0})[0]
        largest = max(largest, np.linalg.norm(found - expected, axis=1).max() / rms(expected))
    print(f"largest difference over RMS force {largest:.1e}")
    assert largest < 1e-11


def make_moving_water(box: np.ndarray, *forces: openmm.Force) -> tuple[openmm.Context, openmm.Context]:
    """Make two Contexts of water, the first of which has become warm."""
    system, positions = make_water(box)
    for force in forces:
        system.addForce(force)
    integrator = openmm.LangevinMiddleIntegrator(300, 1, 0.002)
    integrator.setRandomNumberSeed(1)
    context, fresh = make_moving(system, positions, integrator)
    openmm.LocalEnergyMinimizer.minimize(context, 100.0, 50)
    context.setVelocitiesToTemperature(300, 1)
    integrator.step(50)
    return context, fresh


@pytest.mark.parametrize("box", list(BOXES))
def test_water(box):
    context, fresh = make_moving_water(BOXES[box])
    expect_whole_lists(context, fresh, 1, 40)
    expect_whole_lists(context, fresh, 7, 20)


def test_water_whose_box_changes():
    barostat = openmm.MonteCarloBarostat(1, 300, 5)
    barostat.setRandomNumberSeed(1)
    context, fresh = make_moving_water(BOXES["cubic"], barostat)
    expect_whole_lists(context, fresh, 3, 40)


@pytest.mark.parametrize("method", [SurrogateForce.Table, SurrogateForce.Network], ids=["table", "network"])
@pytest.mark.parametrize("integrator", ["Langevin", "Brownian", "variable"])
def test_argon(integrator, method):
    """Particles that fly, that forget their velocities at each step, and steps of all lengths. A network has a list of
    pairs, made from the lists of particles."""
    integrators = {
        "Langevin": lambda: openmm.LangevinMiddleIntegrator(300, 1, 0.008),
        "Brownian": lambda: openmm.BrownianIntegrator(300, 200, 0.002),
        "variable": lambda: openmm.VariableVerletIntegrator(1e-4),
    }
    count = 10
    edge = count * 0.37
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*(edge * np.eye(3)))
    force = SurrogateForce(SurrogateModel.load("argon"))
    force.setEvaluationMethod(method)
    force.setPrecision(SurrogateForce.Double)
    for _ in range(count**3):
        system.addParticle(39.948)
        force.addParticle("Ar")
    system.addForce(force)
    # Shaken: where there are no forces, steps of variable length have no end.
    positions = np.array(list(np.ndindex(count, count, count))) * 0.37
    positions += np.random.default_rng(2).normal(0, 0.01, positions.shape)
    moving = integrators[integrator]()
    if hasattr(moving, "setRandomNumberSeed"):
        moving.setRandomNumberSeed(1)
    context, fresh = make_moving(system, positions, moving)
    context.setVelocitiesToTemperature(300, 1)
    moving.step(100)
    expect_whole_lists(context, fresh, 1, 20)
    expect_whole_lists(context, fresh, 11, 20)


@pytest.mark.parametrize("precision", ["single", "mixed", "double"])
@pytest.mark.parametrize("speed", [1e-3, 1e4, 1e30, np.inf, np.nan], ids=str)
def test_velocities_that_say_nothing(precision, speed):
    """A list is built as far ahead as velocities have been good for, but with velocities that are wrong by then."""
    system, positions = make_water(BOXES["cubic"])
    context = make_context(system, positions, f"CUDA {precision}")
    context.computeVirtualSites()
    expected, _ = evaluate(context, {0})
    rng = np.random.default_rng(5)
    start = context.getState(positions=True).getPositions(asNumpy=True)._value
    # A tenth of what oxygen may move by, along each axis: a list is built after several moves, and none is a leap.
    move = 0.0015 * np.array([1, -1, 1])
    ahead = np.tile(move, (len(positions), 1))  # a move takes 1 ps
    # Rounding of single is large beside the forces of pairs at the cutoff; a pair that is missing shows in double.
    tolerance = 1e-9 if precision == "double" else 1e-3
    count = 0
    for _ in range(3):
        for velocities in (ahead, speed * rng.normal(size=positions.shape)):
            context.setVelocities(velocities)
            for _ in range(12):
                count += 1
                context.setPositions(start + count * move)
                context.setStepCount(count)  # particles that move within a step have leapt
                found, _ = evaluate(context, {0})
                np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * rms(expected))
