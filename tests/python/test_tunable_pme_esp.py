# SPDX-License-Identifier: MIT
"""TunablePMEForce with ESP: all that a NonbondedForce has."""

import copy
import io
import pickle

import numpy as np
import openmm
import pytest
from ionic_systems import (
    BOXES,
    PLATFORMS,
    STRICTEST,
    evaluate,
    make_context,
    make_converged,
    make_esp,
    make_everything,
    make_force,
    make_salt,
    make_system,
    rms,
)
from openmm import NonbondedForce, OpenMMException, XmlSerializer, app
from prolate_systems import make_charges, make_shaken_salt

from openmmsurrogate import TunablePMEForce, replaceNonbondedForce

BOX = BOXES["cubic"]


@PLATFORMS
@pytest.mark.parametrize("periodic", [False, True])
def test_everything_that_a_nonbonded_force_has(platform, periodic):
    """Also where an exception's particles are in different images of the box, if that is to make no difference.

    Otherwise the result depends on the split: see docs/theory/prolate.md.
    """
    positions, force = make_everything(BOX)
    if periodic:
        force.setExceptionsUsePeriodicBoundaryConditions(True)
        positions[21] += BOX[0] - BOX[2]
    esp, stock = make_esp(force, STRICTEST[platform]), make_converged(force)
    contexts = [make_context(make_system(BOX, len(positions), f), positions, platform) for f in (esp, stock)]
    tolerance = 5e-6 if platform == "Reference" else 5e-5
    for value in (0.5, 0.0, 1.0):
        for context in contexts:
            context.setParameter("lambda", value)
        (forces, energy), (expected, expected_energy) = map(evaluate, contexts)
        error = np.linalg.norm(forces - expected, axis=1).max() / rms(expected)
        print(f"lambda {value}: largest error over RMS force {error:.1e}, energy {energy / expected_energy - 1:.1e}")
        assert error < tolerance
        assert energy == pytest.approx(expected_energy, rel=tolerance)
    for context in contexts:
        force = TunablePMEForce.cast(context.getSystem().getForce(0))
        force.setParticleParameters(11, 0.25, 0.25, 0.4)
        force.setExceptionParameters(1, 7, 8, -0.3, 0.25, 0.4)
        force.updateParametersInContext(context)
    (forces, energy), (expected, expected_energy) = map(evaluate, contexts)
    assert np.linalg.norm(forces - expected, axis=1).max() < tolerance * rms(expected)
    assert energy == pytest.approx(expected_energy, rel=tolerance)


@PLATFORMS
def test_groups_and_direct_space(platform):
    """Parts in groups of their own add up, and direct space can be left out."""
    positions, force = make_everything(BOX)
    whole, split, alone = make_esp(force), make_esp(force), make_esp(force)
    split.setForceGroup(1)
    split.setReciprocalSpaceForceGroup(2)
    alone.setForceGroup(3)
    alone.setIncludeDirectSpace(False)
    context = make_context(make_system(BOX, len(positions), whole, split, alone), positions, platform)
    forces, energy = evaluate(context, {0})
    direct, direct_energy = evaluate(context, {1})
    mesh, mesh_energy = evaluate(context, {2})
    np.testing.assert_allclose(direct + mesh, forces, atol=2e-5 * rms(forces))
    assert direct_energy + mesh_energy == pytest.approx(energy, rel=1e-6)
    assert rms(direct) > 0.05 * rms(forces) and rms(mesh) > 0.05 * rms(forces)
    np.testing.assert_allclose(evaluate(context, {3})[0], mesh, atol=2e-5 * rms(forces))


@PLATFORMS
def test_several_forces_in_one_system(platform):
    """Two with ESP and parameters of their own, one with SPME and a plain one: each computes what it does alone."""
    positions, plain = make_everything(BOX)
    forces = [make_esp(plain, 5e-4), make_esp(plain, 1e-5), TunablePMEForce(plain), NonbondedForce(plain)]
    forces[2].setKSpaceMethod("SPME")
    alone = []
    for group, force in enumerate(forces):
        force.setForceGroup(group)
        alone.append(evaluate(make_context(make_system(BOX, len(positions), copy.copy(force)), positions, platform)))
    context = make_context(make_system(BOX, len(positions), *forces), positions, platform)
    for group, (expected, energy) in enumerate(alone):
        found, found_energy = evaluate(context, {group})
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * rms(expected))
        assert found_energy == pytest.approx(energy, rel=1e-6)
    methods = [force.getKSpaceMethodInContext(context).name for force in forces[:3]]
    assert methods == ["ESP", "ESP", "SPME"]
    assert forces[0].getPMEParametersInContext(context) != forces[1].getPMEParametersInContext(context)


@PLATFORMS
def test_creating_a_context_leaves_the_force_as_it_was(platform):
    positions, plain = make_everything(BOX)
    force = make_esp(plain)
    before = XmlSerializer.serialize(force)
    context = make_context(make_system(BOX, len(positions), force), positions, platform)
    evaluate(context)
    force.measureForceErrorInContext(context, 10)
    assert XmlSerializer.serialize(force) == before


def test_lists_stay_valid():
    """Forces along a trajectory on CPU, which keeps a list of neighbours for some steps, against platform Reference."""
    positions, force = make_everything(BOX)
    system = make_system(BOX, len(positions), make_esp(force))
    context = make_context(system, positions, "CPU")
    openmm.LocalEnergyMinimizer.minimize(context, 10.0, 50)
    context.setVelocitiesToTemperature(1000, 1)
    for _ in range(12):
        context.getIntegrator().step(7)
        state = context.getState(positions=True)
        places = state.getPositions(asNumpy=True)._value
        expected = evaluate(make_context(XmlSerializer.clone(system), places))[0]
        assert np.linalg.norm(evaluate(context)[0] - expected, axis=1).max() < 5e-5 * rms(expected)


def test_no_charges():
    force = make_esp(make_charges(np.zeros(8)))
    context = make_context(make_system(BOX, 8, force), np.random.default_rng(0).uniform(0, 2, (8, 3)))
    forces, energy = evaluate(context)
    assert np.all(forces == 0) and energy == 0


@PLATFORMS
def test_switching_that_begins_at_zero(platform):
    positions, charges = make_salt(BOX)
    stock = make_force(0 * charges)
    stock.setUseSwitchingFunction(True)
    stock.setSwitchingDistance(0.0)
    stock.setUseDispersionCorrection(False)  # OpenMM's is not a number then
    contexts = [
        make_context(make_system(BOX, len(charges), force), positions, platform) for force in (make_esp(stock), stock)
    ]
    (forces, energy), (expected, expected_energy) = map(evaluate, contexts)
    # Both in single precision, where sums of large forces leave small ones.
    np.testing.assert_allclose(forces, expected, atol=5e-5 * rms(expected))
    assert energy == pytest.approx(expected_energy, rel=2e-5)


def test_particles_at_the_same_place():
    """On CPU, whose list would take one for the other; on CUDA see test_direct_space_cuda.py."""
    positions, charges = make_salt(BOX)
    positions[4] = positions[9] + BOX[1]
    force = make_esp(make_force(charges))
    context = make_context(make_system(BOX, len(charges), force), positions, "CPU")
    for what in ({"getForces": True}, {"getEnergy": True}):
        with pytest.raises(OpenMMException, match="TunablePMEForce: particles 4 and 9 "):
            context.getState(**what)
    force.setParticleParameters(9, 0.0, 0.3, 0.0)
    force.updateParametersInContext(context)  # those that do not interact may be anywhere
    assert np.isfinite(evaluate(context)[0]).all()
    force = make_esp(make_force(charges))
    force.addException(4, 9, 0.0, 0.3, 0.0)
    context = make_context(make_system(BOX, len(charges), force), positions, "CPU")
    assert np.isfinite(evaluate(context)[0]).all()


@pytest.mark.parametrize("platform", ["Reference", "CPU"])
def test_updates_that_need_a_new_context(platform):
    positions, charges = make_salt(BOX)
    for change, message in (
        (lambda force: force.addParticle(0.0, 0.3, 0.0), "the number of particles has changed"),
        (lambda force: force.addException(7, 8, 0.0, 0.3, 0.0), "the number of exceptions has changed from 1 to 2"),
        (lambda force: force.setExceptionParameters(0, 4, 6, 0.0, 0.3, 0.0), "exception 0 is of other particles"),
    ):
        force = make_esp(make_force(charges))
        force.addException(4, 5, 0.0, 0.3, 0.0)
        context = make_context(make_system(BOX, len(charges), force), positions, platform)
        before = evaluate(context)[1]
        change(force)
        with pytest.raises(OpenMMException, match=message):
            force.updateParametersInContext(context)
        assert evaluate(context)[1] == before


def test_grid_follows_a_box_that_grows():
    """Beyond 3 percent, and not when the box shrinks; errors stay what was asked for."""
    positions, charges, box = make_shaken_salt(5)
    force = make_esp(make_charges(charges))
    context = make_context(make_system(box, len(charges), force), positions)
    evaluate(context)
    assert force.getPMEParametersInContext(context)[1:] == [12, 12, 12]
    for scale, points in ((1.02, 12), (1.1, 14), (1.0, 14)):
        context.setPeriodicBoxVectors(*(scale * box))
        context.setPositions(scale * positions)
        evaluate(context)
        assert force.getPMEParametersInContext(context)[1:] == [points] * 3
        assert force.measureForceErrorInContext(context, 200).relative < 5e-4


@PLATFORMS
def test_boxes_that_change(platform):
    """By what a grid may be stretched, and into another shape: as in a Context that begins there."""
    positions, force = make_everything(BOX)
    esp = make_esp(force, 1e-5)
    shear = np.array([[0.0, 0.0, 0.0], [0.3, 0.0, 0.0], [-0.2, 0.4, 0.0]])
    system = make_system(BOX + shear, len(positions), esp)  # OpenMM lets no other box become triclinic on CUDA
    context = make_context(system, positions, platform)
    context.setPeriodicBoxVectors(*BOX)
    fractions = positions @ np.linalg.inv(BOX)
    evaluate(context)
    for box in (0.97 * BOX, 1.02 * BOX, BOX + shear, np.diag([1.0, 0.95, 1.05]) @ BOX, BOX):
        places = fractions @ box
        fresh = make_context(XmlSerializer.clone(system), places, platform)
        for target in (context, fresh):
            target.setPeriodicBoxVectors(*box)
            target.setPositions(places)
        (forces, energy), (expected, expected_energy) = map(evaluate, (context, fresh))
        assert np.linalg.norm(forces - expected, axis=1).max() < 1e-4 * rms(expected)
        assert energy == pytest.approx(expected_energy, rel=2e-6)


def test_box_of_the_first_evaluation_counts():
    positions, charges, box = make_shaken_salt(5)
    force = make_esp(make_charges(charges))
    context = make_context(make_system(2 * box, len(charges), force), positions)
    context.setPeriodicBoxVectors(*box)
    evaluate(context)
    assert force.getPMEParametersInContext(context)[1:] == [12, 12, 12]


@PLATFORMS
def test_what_automatic_means(platform):
    """ESP only where nothing of SPME is set."""
    positions, charges = make_salt(BOX)
    cases = {
        "default": (lambda force: None, TunablePMEForce.ESP),
        "absolute tolerance": (lambda force: force.setForceErrorTolerance(1.0), TunablePMEForce.ESP),
        "alpha": (lambda force: force.setPMEParameters(3.0, 24, 24, 24), TunablePMEForce.SPME),
        "order": (lambda force: force.setSplineOrder(6), TunablePMEForce.SPME),
        "tolerance": (lambda force: force.setEwaldErrorTolerance(1e-7), TunablePMEForce.SPME),
        "LJPME": (lambda force: force.setNonbondedMethod(NonbondedForce.LJPME), TunablePMEForce.SPME),
        "format": (lambda force: force.setSpreadingPrecision("bfloat16"), TunablePMEForce.SPME),
        "SPME": (lambda force: force.setKSpaceMethod("spme"), TunablePMEForce.SPME),
        "no direct space": (lambda force: force.setIncludeDirectSpace(False), TunablePMEForce.SPME),
    }
    if platform.startswith("CUDA"):
        del cases["format"]
    for name, (change, method) in cases.items():
        force = TunablePMEForce(make_force(charges))
        change(force)
        context = make_context(make_system(BOX, len(charges), force), positions, platform)
        assert force.getKSpaceMethodInContext(context) == method, name
        if method == TunablePMEForce.SPME:
            with pytest.raises(OpenMMException, match="no error of the mesh has been measured"):
                force.getMeshErrorInContext(context)


def test_esp_that_cannot_be_used_says_why():
    positions, charges = make_salt(BOX)
    for change, message in (
        (lambda force: force.setPMEParameters(3.0, 24, 24, 24), "setPMEParameters.. sets an alpha"),
        (lambda force: force.setSplineOrder(6), "setSplineOrder.. sets an order"),
        (
            lambda force: force.setEwaldErrorTolerance(1e-7),
            r"setEwaldErrorTolerance\(\) asks for 1e-07, and its parameters end at 1e-06",
        ),
        (lambda force: force.setFFTPrecision("float16"), "the precision of a stage is float16"),
        (
            lambda force: force.setNonbondedMethod(NonbondedForce.LJPME),
            r"setNonbondedMethod\(\) sets a method other than PME",
        ),
    ):
        force = make_esp(make_force(charges))
        change(force)
        with pytest.raises(OpenMMException, match=f"ESP cannot be used: .*{message}.* Use setKSpaceMethod"):
            make_context(make_system(BOX, len(charges), force), positions)
    force = make_esp(make_force(charges, NonbondedForce.CutoffPeriodic))
    context = make_context(make_system(BOX, len(charges), force), positions)
    with pytest.raises(OpenMMException, match="uses no mesh"):
        force.getKSpaceMethodInContext(context)
    for method in ("pppm", 3):
        with pytest.raises(OpenMMException, match="Automatic, SPME"):
            force.setKSpaceMethod(method)


@pytest.mark.parametrize("platform", ["Reference", "CPU"])
def test_box_smaller_than_twice_the_cutoff(platform):
    positions, charges = make_salt(BOX)
    context = make_context(make_system(BOX, len(charges), make_esp(make_force(charges))), positions, platform)
    context.setPeriodicBoxVectors(*(0.8 * BOX))
    with pytest.raises(OpenMMException, match="less than twice the nonbonded cutoff"):
        evaluate(context)


def test_settings_are_kept_everywhere():
    _, charges = make_salt(BOX)
    force = make_esp(make_force(charges))
    for other in (copy.copy(force), pickle.loads(pickle.dumps(force)), TunablePMEForce(force)):
        assert other.getKSpaceMethod() == TunablePMEForce.ESP
    assert TunablePMEForce(make_force(charges)).getKSpaceMethod() == TunablePMEForce.Automatic
    system = replaceNonbondedForce(make_system(BOX, len(charges), make_force(charges)), kSpaceMethod="ESP")
    again = XmlSerializer.deserialize(XmlSerializer.serialize(system))
    assert TunablePMEForce.cast(again.getForce(0)).getKSpaceMethod() == TunablePMEForce.ESP
    forcefield = app.ForceField("amber14/tip3p.xml")
    forcefield.loadFile(io.StringIO('<ForceField><TunablePMEForce kSpaceMethod="esp"/></ForceField>'))
    modeller = app.Modeller(app.Topology(), [] * openmm.unit.nanometer)
    modeller.addSolvent(forcefield, boxSize=openmm.Vec3(2, 2, 2) * openmm.unit.nanometer)
    made = forcefield.createSystem(modeller.topology, nonbondedMethod=app.PME)
    tunable = next(f for f in made.getForces() if TunablePMEForce.isinstance(f))
    assert TunablePMEForce.cast(tunable).getKSpaceMethod() == TunablePMEForce.ESP
