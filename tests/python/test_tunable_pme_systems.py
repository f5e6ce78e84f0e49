# SPDX-License-Identifier: MIT
"""TunablePMEForce inside other forces, with barostats and force fields; error targets, stage precisions, bad input."""

import copy
import io

import numpy as np
import openmm
import pytest
from ionic_systems import (
    BOXES,
    KSPACE,
    PLATFORMS,
    evaluate,
    make_context,
    make_converged,
    make_force,
    make_salt,
    make_system,
    make_tunable,
    rms,
)
from openmm import NonbondedForce, OpenMMException, XmlSerializer, app, unit

from openmmsurrogate import TunablePMEForce, replaceNonbondedForce

BOX = BOXES["cubic"]
# Of the largest error of a force; the strictest ESP on CUDA has a root mean square error of 1e-5.
TOLERANCE = {"SPME": 2e-5, "ESP": 6e-5}


def make_tight(charges):
    """A plain force whose mesh is converged to about 1e-7 of the RMS force."""
    force = make_force(charges)
    force.setPMEParameters(2.6, 56, 56, 56)
    return force


def make_expected(force, kspace):
    """What a force is compared with: itself where both have the same error of the cutoff, else one that has none."""
    return force if kspace == "SPME" else make_converged(force)


def expect_same(found, expected, tolerance):
    """Compare forces and energies; tolerance relative to the RMS force, and a hundredth of it to the energy."""
    error = np.linalg.norm(found[0] - expected[0], axis=1).max() / rms(expected[0])
    print(f"error norm over RMS force {error:.1e}, energies {found[1]} {expected[1]}")
    assert error < tolerance
    scale = max(abs(expected[1]), 50.0 * len(expected[0]))  # where large terms cancel, 50 kJ/mol for each particle
    assert found[1] == pytest.approx(expected[1], abs=0.01 * tolerance * scale)


@KSPACE
@PLATFORMS
def test_inside_custom_cv_force(platform, kspace):
    positions, charges = make_salt(BOX)
    results = []
    for force in (make_expected(make_tight(charges), kspace), make_tunable(make_tight(charges), kspace, platform)):
        outer = openmm.CustomCVForce("0.5*inner + 1e-6*inner^2")
        outer.addCollectiveVariable("inner", force)
        results.append(evaluate(make_context(make_system(BOX, len(charges), outer), positions, platform)))
    expect_same(results[1], results[0], TOLERANCE[kspace])


@KSPACE
@PLATFORMS
def test_inside_atm_force(platform, kspace):
    positions, charges = make_salt(BOX)
    results = []
    for force in (make_expected(make_tight(charges), kspace), make_tunable(make_tight(charges), kspace, platform)):
        outer = openmm.ATMForce(0.3, 0.7, 0.01, 50.0, 0.0, 1e5, 5e4, 0.1, 1)
        for i in range(len(charges)):
            outer.addParticle(openmm.Vec3(0.02, 0.01, 0.0) if i == 5 else openmm.Vec3(0.0, 0.0, 0.0))
        outer.addForce(force)
        results.append(evaluate(make_context(make_system(BOX, len(charges), outer), positions, platform)))
    expect_same(results[1], results[0], TOLERANCE[kspace])


@KSPACE
@pytest.mark.parametrize("barostat", ["isotropic", "anisotropic", "flexible", "membrane"])
def test_barostats(barostat, kspace):
    """The same random numbers and converged forces of both classes give the same trajectory."""
    pressure, temperature = 1.0 * unit.bar, 300 * unit.kelvin
    barostats = {
        "isotropic": lambda: openmm.MonteCarloBarostat(pressure, temperature, 1),
        "anisotropic": lambda: openmm.MonteCarloAnisotropicBarostat(
            openmm.Vec3(1, 1, 1), temperature, True, True, True, 1
        ),
        "flexible": lambda: openmm.MonteCarloFlexibleBarostat(pressure, temperature, 1),
        "membrane": lambda: openmm.MonteCarloMembraneBarostat(
            pressure,
            0.0,
            temperature,
            openmm.MonteCarloMembraneBarostat.XYIsotropic,
            openmm.MonteCarloMembraneBarostat.ZFree,
            1,
        ),
    }
    positions, charges = make_salt(BOXES["rectangular"])
    boxes = []
    for force in (make_expected(make_tight(charges), kspace), make_tunable(make_tight(charges), kspace)):
        coupling = barostats[barostat]()
        coupling.setRandomNumberSeed(7)
        system = make_system(BOXES["rectangular"], len(charges), force, coupling)
        context = make_context(system, positions)
        context.getIntegrator().step(12)
        boxes.append(np.array(context.getState().getPeriodicBoxVectors(asNumpy=True)._value))
    assert not np.allclose(boxes[0], BOXES["rectangular"], atol=1e-6)
    np.testing.assert_allclose(boxes[1], boxes[0], atol=1e-6 if kspace == "SPME" else 1e-5)


@KSPACE
@PLATFORMS
def test_energy_is_conserved(platform, kspace):
    positions, charges = make_salt(BOX)
    force = TunablePMEForce(make_force(charges))
    force.setKSpaceMethod(kspace)
    context = make_context(make_system(BOX, len(charges), force), positions, platform)
    openmm.LocalEnergyMinimizer.minimize(context, 10.0, 30)
    context.setVelocitiesToTemperature(300, 1)
    energies = []
    for _ in range(5):
        context.getIntegrator().step(20)
        state = context.getState(getEnergy=True)
        energies.append((state.getPotentialEnergy() + state.getKineticEnergy())._value)
    kinetic = context.getState(getEnergy=True).getKineticEnergy()._value
    print(f"energies {energies}, kinetic {kinetic}")
    assert np.ptp(energies) < 0.02 * kinetic


@KSPACE
@PLATFORMS
def test_drude_particles(platform, kspace):
    """Particles in the same place, excluded from each other, with screened pairs: the correction at distance 0."""
    positions, charges = make_salt(BOX)
    count = len(charges)
    results = []
    for tunable in (False, True):
        force = make_tight(charges)
        drude = openmm.DrudeForce()
        for i in range(0, count, 40):
            force.setParticleParameters(i, charges[i] + 1.2, 0.25, 0.3)
            index = force.addParticle(-1.2, 1.0, 0.0)
            force.addException(i, index, 0.0, 1.0, 0.0)
            drude.addParticle(index, i, -1, -1, -1, -1.2, 1e-3, 1.0, 1.0)
        drude.addScreenedPair(0, 1, 2.6)
        force = make_tunable(force, kspace, platform) if tunable else make_expected(force, kspace)
        system = make_system(BOX, force.getNumParticles(), force, drude)
        places = np.concatenate([positions, positions[::40]])
        places[-1] += 0.003  # one of them is displaced
        results.append(evaluate(make_context(system, places, platform)))
    expect_same(results[1], results[0], TOLERANCE[kspace])


def make_water_box():
    """A box of TIP3P water and a few ions by OpenMM's own force field."""
    forcefield = app.ForceField("amber14/tip3p.xml")
    modeller = app.Modeller(app.Topology(), [] * unit.nanometer)
    modeller.addSolvent(forcefield, boxSize=openmm.Vec3(2, 2, 2) * unit.nanometer, ionicStrength=1 * unit.molar)
    return forcefield, modeller


def test_force_field_systems():
    """replaceNonbondedForce() and the <TunablePMEForce> tag, on water with exceptions, constraints and ions."""
    forcefield, modeller = make_water_box()
    options = {"nonbondedMethod": app.PME, "nonbondedCutoff": 0.9 * unit.nanometer, "ewaldErrorTolerance": 1e-6}
    system = forcefield.createSystem(modeller.topology, **options)
    before = XmlSerializer.serialize(system)
    replaced = replaceNonbondedForce(system, splineOrder=6, precision="double", forceErrorTolerance=0.001)
    assert XmlSerializer.serialize(system) == before
    assert [f.getName() for f in replaced.getForces()] == [f.getName() for f in system.getForces()]
    indices = [i for i, force in enumerate(system.getForces()) if isinstance(force, NonbondedForce)]
    assert [i for i, force in enumerate(replaced.getForces()) if TunablePMEForce.isinstance(force)] == indices
    forcefield.loadFile(io.StringIO('<ForceField><TunablePMEForce splineOrder="6" precision="double"/></ForceField>'))
    tagged = forcefield.createSystem(modeller.topology, **options)
    assert TunablePMEForce.cast(tagged.getForce(indices[0])).getSplineOrder() == 6
    positions = np.array(modeller.positions._value)
    expected = evaluate(make_context(system, positions, "CPU"))
    for other in (replaced, tagged, XmlSerializer.clone(tagged)):
        expect_same(evaluate(make_context(other, positions, "CPU")), expected, 1e-4)


def test_replacing_says_what_is_wrong():
    with pytest.raises(ValueError, match="no NonbondedForce"):
        replaceNonbondedForce(openmm.System())
    with pytest.raises(TypeError, match="a System is needed to replace the NonbondedForce of, but this is None"):
        replaceNonbondedForce(None)
    with pytest.raises(OpenMMException, match="kSpaceMethod: 'pppm' is not one of Automatic, SPME, ESP"):
        replaceNonbondedForce(openmm.System(), kSpaceMethod="pppm")
    with pytest.raises(TypeError, match="no setting 'order'; the settings are kSpaceMethod"):
        replaceNonbondedForce(openmm.System(), order=5)
    for tag, message in (('order="5"', "unknown attribute 'order'"), ('splineOrder="x"', "not a number")):
        with pytest.raises(ValueError, match=message):
            app.ForceField(io.StringIO(f"<ForceField><TunablePMEForce {tag}/></ForceField>"))


@PLATFORMS
def test_error_is_measured(platform):
    """What is measured is the error against a converged calculation, also with offsets and Lennard-Jones beside it."""
    positions, charges = make_salt(BOX)
    force = make_force(charges)
    force.addGlobalParameter("lambda", 0.0)
    force.addParticleParameterOffset("lambda", 3, -2.0, 0.0, 0.0)
    force.addException(2, 3, 0.3, 0.2, 0.1)
    force.setPMEParameters(3.2, 20, 20, 20)
    rough, fine = TunablePMEForce(force), TunablePMEForce(force)
    fine.setPMEParameters(5.6, 128, 128, 128)
    for one in (rough, fine):
        one.setSplineOrder(8 if one is fine else 4)
        one.setPrecision("double")
    contexts = [make_context(make_system(BOX, len(charges), one), positions, platform) for one in (rough, fine)]
    for context in contexts:
        context.setParameter("lambda", 0.7)
    error = rough.measureForceErrorInContext(contexts[0], 10**6)
    difference = rms(evaluate(contexts[0])[0] - evaluate(contexts[1])[0])
    print(f"measured {error}, difference from the fine mesh {difference}")
    assert error.absolute._value == pytest.approx(difference, rel=1e-2)
    assert error.relative == pytest.approx(error.absolute._value / rms(evaluate(contexts[1])[0]), rel=0.5)
    assert rough.measureForceErrorInContext(contexts[0], 50).absolute._value == pytest.approx(difference, rel=0.3)
    with pytest.raises(OpenMMException, match="maxParticles must be positive"):
        rough.measureForceErrorInContext(contexts[0], 0)
    other = make_context(make_system(BOX, len(charges), make_force(charges)), positions, platform)
    with pytest.raises(OpenMMException):
        rough.measureForceErrorInContext(other)


def measure_with(settings):
    """Get the relative force error on a finely meshed salt with some stage precisions."""
    positions, charges = make_salt(BOX)
    force = TunablePMEForce(make_force(charges))
    force.setPMEParameters(5.0, 80, 80, 80)
    force.setSplineOrder(8)
    force.setPrecision("double")
    for setter, precision in settings.items():
        getattr(force, setter)(precision)
    context = make_context(make_system(BOX, len(charges), force), positions)
    return force.measureForceErrorInContext(context, 200).relative


STAGES = ["setSpreadingPrecision", "setFFTPrecision", "setConvolutionPrecision", "setInterpolationPrecision"]


@pytest.mark.parametrize("stage", STAGES)
def test_stage_precisions(stage):
    """Each stage rounds in its own format: errors grow with its coarseness, and double has none to speak of."""
    errors = {precision: measure_with({stage: precision}) for precision in ("double", "single", "float16", "bfloat16")}
    print(stage, errors)
    assert errors["double"] < 3e-8
    assert 3e-8 < errors["single"] < 3e-6
    assert 10 * errors["single"] < errors["float16"] < 2e-2
    assert 4 * errors["float16"] < errors["bfloat16"] < 2e-1


@PLATFORMS
def test_tolerance_and_explicit_parameters(platform):
    positions, charges = make_salt(BOX)
    force = TunablePMEForce(make_force(charges))
    force.setKSpaceMethod("SPME")
    force.setForceErrorTolerance(0.5)
    force.setEwaldErrorTolerance(1e-2)
    context = make_context(make_system(BOX, len(charges), force), positions, platform)
    error = force.measureForceErrorInContext(context).absolute._value
    assert 0.5 / 4 < error < 0.5 * 4
    force = copy.deepcopy(force)
    force.setPMEParameters(3.0, 23, 24, 25)
    context = make_context(make_system(BOX, len(charges), force), positions, platform)
    assert force.getPMEParametersInContext(context) == [3.0, 23, 24, 25]


@KSPACE
@PLATFORMS
@pytest.mark.parametrize("charge", [0.0, 1.5])
def test_one_atom(charge, platform, kspace):
    """A lone charge feels no force, and has the energy of the Wigner lattice."""
    plain = make_force(np.array([charge]))
    plain.setUseDispersionCorrection(False)
    plain.setPMEParameters(3.5, 64, 64, 64)
    force = make_tunable(plain, kspace, platform)
    if kspace == "SPME":
        force.setSplineOrder(7)
    context = make_context(make_system(np.diag([2.0, 2.0, 2.0]), 1, force), np.array([[0.3, -7.0, 0.2]]), platform)
    forces, energy = evaluate(context)
    # The mesh lets a charge feel its own place on the grid; the strictest row of ESP on CUDA is that for 1e-5.
    assert np.abs(forces).max() < (1e-2 if kspace == "ESP" and platform.startswith("CUDA") else 1e-3)
    # A difference of energies that are three times as large; those of the mesh are rounded to single precision.
    tolerance = 1e-6 if platform in ("Reference", "CUDA double") else 3e-6
    assert energy == pytest.approx(-0.5 * 2.837297479 * 138.93545764 * charge**2 / 2.0, rel=tolerance, abs=1e-12)


@KSPACE
@PLATFORMS
def test_nan_positions(platform, kspace):
    positions, charges = make_salt(BOX)
    force = TunablePMEForce(make_force(charges))
    force.setKSpaceMethod(kspace)
    context = make_context(make_system(BOX, len(charges), force), positions, platform)
    positions[17, 1] = np.nan
    context.setPositions(positions)
    with pytest.raises(OpenMMException, match=r"particle 17 is|Particle coordinate is NaN"):
        evaluate(context)


def test_several_gpus_are_refused():
    names = [openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())]
    if "CUDA" not in names:
        pytest.skip("OpenMM has no platform CUDA here")
    positions, charges = make_salt(BOX)
    make_context(make_system(BOX, len(charges)), positions, "CUDA single")  # skips where there is no GPU
    system = make_system(BOX, len(charges), TunablePMEForce(make_force(charges)))
    platform = openmm.Platform.getPlatform("CUDA")
    with pytest.raises(OpenMMException, match="one GPU at a time; give one DeviceIndex instead of 2"):
        openmm.Context(system, openmm.VerletIntegrator(0.001), platform, {"DeviceIndex": "0,0"})


@KSPACE
@PLATFORMS
def test_nan_positions_are_told_when_forces_are_asked(platform, kspace):
    """Also without energies, and good positions set afterwards are not blamed."""
    positions, charges = make_salt(BOX)
    force = TunablePMEForce(make_force(charges))
    force.setKSpaceMethod(kspace)
    context = make_context(make_system(BOX, len(charges), force), positions, platform)
    expected = context.getState(getForces=True).getForces(asNumpy=True)._value
    bad = positions.copy()
    bad[17, 1] = np.nan
    context.setPositions(bad)
    with pytest.raises(OpenMMException, match=r"particle 17 is|Particle coordinate is NaN"):
        context.getState(getForces=True)
    context.setPositions(positions)
    found = context.getState(getForces=True).getForces(asNumpy=True)._value
    np.testing.assert_allclose(found, expected, atol=1e-3 * rms(expected))


def test_impossible_meshes():
    _, charges = make_salt(BOX)
    for parameters, message in (
        ((3.0, 4, 20, 20), "at least as many grid points as the spline order"),
        ((-3.0, 20, 20, 20), "alpha must be positive"),
        ((3.0, 2000, 2000, 2000), "at most 2147483647 points"),
    ):
        force = TunablePMEForce(make_force(charges))
        force.setPMEParameters(*parameters)
        with pytest.raises(OpenMMException, match=message):
            make_context(make_system(BOX, len(charges), force), np.zeros((len(charges), 3)))


def test_platform_without_kernels():
    """Whatever platform lacks our kernels must refuse, and never compute a plain NonbondedForce."""
    names = [openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())]
    _, charges = make_salt(BOX)
    for name in set(names) - {"Reference", "CPU", "CUDA"}:
        force = TunablePMEForce(make_force(charges))
        with pytest.raises(OpenMMException, match=f"no kernels for OpenMM's platform {name}"):
            make_context(make_system(BOX, len(charges), force), np.zeros((len(charges), 3)), name)
