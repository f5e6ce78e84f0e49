# SPDX-License-Identifier: MIT
"""TunablePMEForce against NonbondedForce on the same platform: both in one System, in force groups of their own."""

import copy
import pickle

import numpy as np
import openmm
import pytest
from ionic_systems import (
    BOXES,
    ENERGY_TOLERANCE,
    PLATFORMS,
    TOLERANCE,
    compare,
    evaluate,
    make_context,
    make_everything,
    make_force,
    make_pair,
    make_salt,
    make_system,
    rms,
)
from openmm import NonbondedForce, OpenMMException, XmlSerializer, unit
from prolate_systems import make_water

from openmmsurrogate import SurrogateForce, TunablePMEForce, replaceNonbondedForce

METHODS = {
    name: getattr(NonbondedForce, name)
    for name in ("NoCutoff", "CutoffNonPeriodic", "CutoffPeriodic", "Ewald", "PME", "LJPME")
}


def make_tight(charges, method=NonbondedForce.PME):
    return tighten(make_force(charges, method))


def tighten(force):
    """Converge the mesh of a force to about 1e-7 of the RMS force, with any spline order."""
    force.setPMEParameters(2.6, 56, 56, 60)
    force.setLJPMEParameters(2.6, 56, 56, 60)
    return force


@PLATFORMS
@pytest.mark.parametrize("method", METHODS)
def test_methods(method, platform):
    positions, charges = make_salt(BOXES["rectangular"])
    stock, tunable = make_pair(make_tight(charges, METHODS[method]))
    context = make_context(make_system(BOXES["rectangular"], len(charges), stock, tunable), positions, platform)
    compare(context, TOLERANCE[platform], ENERGY_TOLERANCE[platform], method)


@PLATFORMS
@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("order", [4, 5, 6, 7, 8])
def test_orders_and_boxes(order, box, platform):
    """Even and odd grids. The stock mesh, of order 5, is wrong by 4e-6 at these parameters, and order 4 by 1e-4."""
    positions, charges = make_salt(BOXES[box])
    stock, tunable = make_pair(make_force(charges))
    stock.setPMEParameters(2.2, 50, 51, 52)
    tunable.setPMEParameters(2.2, 50, 51, 52)
    tunable.setSplineOrder(order)
    context = make_context(make_system(BOXES[box], len(charges), stock, tunable), positions, platform)
    assert tunable.getPMEParametersInContext(context) == [2.2, 50, 51, 52]
    compare(context, 2e-4 if order == 4 else TOLERANCE["CPU"], ENERGY_TOLERANCE[platform], f"order {order}")


@PLATFORMS
@pytest.mark.parametrize("method", ["CutoffPeriodic", "PME", "LJPME"])
def test_everything_else(method, platform):
    box = BOXES["cubic"]
    positions, force = make_everything(box, METHODS[method])
    stock, tunable = make_pair(tighten(force))
    context = make_context(make_system(box, len(positions), stock, tunable), positions, platform)
    for value in (0.5, 0.0, 1.0):
        context.setParameter("lambda", value)
        compare(context, TOLERANCE[platform], ENERGY_TOLERANCE[platform], f"{method} lambda {value}")


@PLATFORMS
def test_direct_space_left_out(platform):
    positions, charges = make_salt(BOXES["cubic"])
    force = make_tight(charges)
    force.setIncludeDirectSpace(False)
    stock, tunable = make_pair(force)
    context = make_context(make_system(BOXES["cubic"], len(charges), stock, tunable), positions, platform)
    assert np.all(evaluate(context, {2})[0] == 0)
    compare(context, TOLERANCE[platform], ENERGY_TOLERANCE[platform])


@PLATFORMS
def test_reciprocal_space_in_the_group_of_the_force(platform):
    positions, charges = make_salt(BOXES["cubic"])
    tunable = TunablePMEForce(make_tight(charges))
    split = copy.deepcopy(tunable)
    split.setForceGroup(2)
    split.setReciprocalSpaceForceGroup(3)
    context = make_context(make_system(BOXES["cubic"], len(charges), tunable, split), positions, platform)
    forces, energy = evaluate(context, {0})
    expected, expected_energy = evaluate(context, {2, 3})
    np.testing.assert_allclose(forces, expected, rtol=0, atol=1e-5 * rms(expected))
    assert energy == pytest.approx(expected_energy, rel=1e-7)


@PLATFORMS
def test_forces_of_the_mesh_depend_on_positions_alone(platform):
    """Not on where the charges were before, nor on the order in which they are added: to the last bit."""
    box = BOXES["rectangular"]
    positions, charges = make_salt(box)
    positions %= np.diag(box)  # OpenMM rounds what it moves into the box
    force = TunablePMEForce(make_force(charges))
    force.setReciprocalSpaceForceGroup(3)
    system = make_system(box, len(charges), force)
    rng = np.random.default_rng(2)
    shaken, crowded = positions + rng.normal(0, 0.05, positions.shape), 0.4 * positions
    shaken[::40] += 0.5
    shaken %= np.diag(box)
    places = (positions, shaken, crowded)
    expected = [evaluate(make_context(system, place, platform), {3})[0] for place in places]
    context = make_context(system, positions, platform)
    for k in (0, 1, 2, 1, 0):
        context.setPositions(places[k])
        # On CUDA charges are sorted when energies are asked for, or when many have moved far.
        for _ in range(4):
            forces = context.getState(getForces=True, groups={3}).getForces(asNumpy=True)._value
            np.testing.assert_array_equal(forces, expected[k])
        np.testing.assert_array_equal(evaluate(context, {3})[0], expected[k])


@pytest.mark.parametrize("precision", ["single", "mixed", "double"])
def test_recorded_steps_are_the_same(precision):
    """On CUDA the launches of a step are recorded, if the mesh has its own stream; box and charges may change."""
    box = BOXES["triclinic"]
    positions, charges = make_salt(box)
    force = TunablePMEForce(make_force(charges))
    force.setKSpaceMethod("spme")
    force.setIncludeDirectSpace(False)  # whose sums depend on the order
    system = make_system(box, len(charges), force)
    found = []
    for disable in ("true", "false"):
        make_context(system, positions, f"CUDA {precision}")  # skips where there is no GPU
        platform = openmm.Platform.getPlatform("CUDA")
        properties = {"Precision": precision, "DisablePmeStream": disable}
        context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform, properties)
        context.setPositions(positions)
        for change in ("nothing", "box", "charges"):
            if change == "box":
                context.setPeriodicBoxVectors(*(1.01 * box))
            if change == "charges":
                force.setParticleParameters(0, 0.5, 0.3, 0.2)
                force.updateParametersInContext(context)
            context.getIntegrator().step(7)
        force.setParticleParameters(0, charges[0], 0.3, 0.2)
        state = context.getState(getPositions=True, getVelocities=True)
        found.append((state.getPositions(asNumpy=True)._value, state.getVelocities(asNumpy=True)._value))
    for plain, recorded in zip(*found, strict=True):
        np.testing.assert_array_equal(recorded, plain)
    assert np.abs(found[0][1]).max() > 0


@PLATFORMS
def test_updates_through_the_base_class(platform):
    """System.getForce() gives the base-class proxy, and the changes arrive as with a NonbondedForce."""
    positions, charges = make_salt(BOXES["cubic"])
    force = make_tight(charges)
    force.addException(4, 5, 0.1, 0.2, 0.3)
    system = make_system(BOXES["cubic"], len(charges), *make_pair(force))
    context = make_context(system, positions, platform)
    evaluate(context)
    for charge in (0.5, -0.25):
        for index in (0, 1):
            proxy = system.getForce(index)
            assert type(proxy) is NonbondedForce
            proxy.setParticleParameters(11, charge, 0.25, 0.4)
            proxy.setExceptionParameters(0, 4, 5, charge, 0.25, 0.4)
            proxy.updateParametersInContext(context)
        compare(context, TOLERANCE[platform], ENERGY_TOLERANCE[platform], f"charge {charge}")


@PLATFORMS
def test_creating_a_context_leaves_the_force_as_it_was(platform):
    positions, charges = make_salt(BOXES["cubic"])
    for parameters in ([0.0, 0, 0, 0], [3.1, 20, 21, 22]):
        force = TunablePMEForce(make_force(charges, NonbondedForce.LJPME))
        force.setPMEParameters(*parameters)
        force.setForceErrorTolerance(1.0)
        before = XmlSerializer.serialize(force)
        system = make_system(BOXES["cubic"], len(charges), force)  # which owns the force
        evaluate(make_context(system, positions, platform))
        assert XmlSerializer.serialize(force) == before


@PLATFORMS
def test_two_of_them_in_one_system(platform):
    """Each with parameters of its own."""
    positions, charges = make_salt(BOXES["cubic"])
    forces = [TunablePMEForce(make_tight(charges)), TunablePMEForce(make_tight(-2 * charges))]
    forces[1].setPMEParameters(2.8, 60, 60, 60)
    forces[1].setForceGroup(1)
    context = make_context(make_system(BOXES["cubic"], len(charges), *forces), positions, platform)
    assert [force.getPMEParametersInContext(context)[1] for force in forces] == [56, 60]
    alone = make_context(make_system(BOXES["cubic"], len(charges), make_tight(charges)), positions, platform)
    expected, _ = evaluate(alone)
    np.testing.assert_allclose(evaluate(context, {0})[0], expected, atol=TOLERANCE[platform] * rms(expected))


@PLATFORMS
def test_plain_forces_elsewhere_are_untouched(platform):
    """A plain force computes the same with and without a TunablePMEForce beside it."""
    positions, charges = make_salt(BOXES["cubic"])
    stock, tunable = make_pair(make_force(charges))
    both = make_context(make_system(BOXES["cubic"], len(charges), copy.deepcopy(stock), tunable), positions, platform)
    alone = make_context(make_system(BOXES["cubic"], len(charges), stock), positions, platform)
    expected, expected_energy = evaluate(alone, {0, 1})
    forces, energy = evaluate(both, {0, 1})
    np.testing.assert_allclose(forces, expected, rtol=0, atol=1e-6 * rms(expected))
    assert energy == pytest.approx(expected_energy, rel=1e-9)
    assert stock.getPMEParametersInContext(alone)[0] == pytest.approx(2.628260884878466 / 0.9)


def test_casts_and_copies():
    _, charges = make_salt(BOXES["cubic"])
    force = make_force(charges)
    force.setName("ions")
    tunable = TunablePMEForce(force)
    tunable.setSplineOrder(6)
    tunable.setFFTPrecision("double")
    tunable.setForceErrorTolerance(0.1 * unit.kilocalories_per_mole / unit.angstrom)
    assert isinstance(tunable, NonbondedForce)
    assert not TunablePMEForce.isinstance(force)
    for other in (copy.copy(tunable), copy.deepcopy(tunable), pickle.loads(pickle.dumps(tunable))):
        assert type(other) is TunablePMEForce
        assert XmlSerializer.serialize(other) == XmlSerializer.serialize(tunable)
    assert XmlSerializer.serialize(TunablePMEForce(tunable)) == XmlSerializer.serialize(tunable)
    system = make_system(BOXES["cubic"], len(charges), tunable)
    proxy = system.getForce(0)
    assert TunablePMEForce.isinstance(proxy) and not SurrogateForce.isinstance(proxy)
    cast = TunablePMEForce.cast(proxy)
    assert cast.getSplineOrder() == 6
    assert cast.getName() == "ions"
    assert cast.getFFTPrecision() == TunablePMEForce.Double
    assert cast.getForceErrorTolerance()._value == pytest.approx(4.184)
    with pytest.raises(OpenMMException, match="not a TunablePMEForce"):
        TunablePMEForce.cast(force)


def test_a_tolerance_that_no_grid_meets_is_named():
    positions, charges = make_salt(BOXES["cubic"])
    force = TunablePMEForce(make_force(charges))
    force.setKSpaceMethod("spme")
    force.setForceErrorTolerance(1e-12)
    with pytest.raises(OpenMMException, match=r"no grid meets .*setForceErrorTolerance\(\) asks for, 1e-12 kJ"):
        make_context(make_system(BOXES["cubic"], len(charges), force), positions)


def test_single_precision_is_a_floor_of_the_error():
    """A force error tolerance is for alpha and grid: what CPU rounds, also with a mesh in double, is on top of it."""
    water, positions, _ = make_water()
    tolerance, errors = 5e-4, {}
    for platform, precision in (("CPU", "single"), ("CPU", "double"), ("Reference", "double")):
        system = replaceNonbondedForce(water, kSpaceMethod="spme", forceErrorTolerance=tolerance, precision=precision)
        force = next(TunablePMEForce.cast(f) for f in system.getForces() if TunablePMEForce.isinstance(f))
        context = make_context(system, positions, platform)
        error = force.measureForceErrorInContext(context, 200)
        grid = force.getPMEParametersInContext(context)[1:]
        print(f"{platform}, mesh {precision}, grid {grid}: error {error.absolute}, {error.relative:.1e} of the force")
        errors[platform, precision] = error.absolute._value
    assert errors["Reference", "double"] < tolerance
    assert 2 * tolerance < errors["CPU", "double"] < 10 * tolerance
    assert 2 * tolerance < errors["CPU", "single"] < 10 * tolerance


def test_arguments():
    force = TunablePMEForce()
    for order in (3, 9):
        with pytest.raises(OpenMMException, match=f"4 to 8; got {order}"):
            force.setSplineOrder(order)
    for tolerance in (-1.0, float("nan"), float("inf")):
        with pytest.raises(OpenMMException, match="tolerance must be positive"):
            force.setForceErrorTolerance(tolerance)
    with pytest.raises(OpenMMException, match=r"setFFTPrecision\(\) takes default, double, single"):
        force.setFFTPrecision("int8")
    for wrong in ("int8", "half"):
        with pytest.raises(OpenMMException) as caught:
            force.setPrecision(wrong)
        expected = f"setPrecision() takes default, double, single, bfloat16 or float16; got {wrong}"
        assert str(caught.value) == f"TunablePMEForce: {expected}"
    assert force.getSpreadingPrecision() == TunablePMEForce.Default
    with pytest.raises(TypeError, match="forceErrorTolerance must be a number or a Quantity, but is 'strict'"):
        replaceNonbondedForce(openmm.System(), forceErrorTolerance="strict")
    with pytest.raises(TypeError, match="cannot be converted"):
        force.setForceErrorTolerance(1.0 * unit.nanometer)
    with pytest.raises(TypeError, match="NonbondedForce is needed"):
        TunablePMEForce(openmm.HarmonicBondForce())
    force.setPrecision("single")
    assert force.getSpreadingPrecision() == force.getConvolutionPrecision() == TunablePMEForce.Single
