# SPDX-License-Identifier: MIT
"""Validation of the platforms in a System of the user's own: right ones pass, and numbers are those of the forces."""

import copy

import ionic_systems
import liquid_samples
import numpy as np
import openmm
import prolate_systems
import pytest
from helpers import make_model
from openmm import unit
from validation_systems import NUM_CELLS, make_half_precision_salt, make_system

from openmmsurrogate import SurrogateForce, SurrogateModel, TunablePMEForce, replaceNonbondedForce
from openmmsurrogate.validation import (
    targets,
    validateSystem,
)
from openmmsurrogate.validation.bounds import Bounds, Sensitivity, find_pair_bounds
from openmmsurrogate.validation.report import FAILED, PASSED, SKIPPED


@pytest.mark.parametrize(
    ("model", "method", "wanted", "expected"),
    [
        (SurrogateModel.load("argon"), "table", ["int8"], ["single", "int8"]),
        (SurrogateModel.load("argon"), "network", ["bfloat16"], ["single", "bfloat16"]),
        (make_model(), "table", None, ["single", "double", "tf32", "bfloat16", "float16", "float8", "int8", "int4"]),
    ],
    ids=["argon-table", "argon-network", "mixture-all"],
)
def test_the_cpu_platform_passes(model, method, wanted, expected):
    system, positions = make_system(method, model=model)
    report = validateSystem(system, positions, platforms=["CPU"], formats=wanted)
    assert [row.format for row in report.rows] == expected
    assert [row.own for row in report.rows] == [True] + (len(expected) - 1) * [False]
    for row in report.rows:
        print(row)
        assert row.verdict == PASSED, row.reason
        assert row.method == method
        assert 0.0 <= row.forceError <= row.forceMaximum <= row.forceBound < 1e-3
    assert report.passed


def skip_without_cuda():
    obstacle = targets.find_obstacle("CUDA")
    if obstacle:
        pytest.skip(obstacle)


def make_argon(method):
    """Make argon of the shipped model."""
    return make_system(method, model=SurrogateModel.load("argon"))


def make_melt():
    """Make a box of ions with the shipped surrogate of rock salt."""
    positions, charges = ionic_systems.make_salt(np.diag([2.4, 2.4, 2.4]))
    force = SurrogateForce(SurrogateModel.load("nacl-1.0nm"))
    for charge in charges:
        force.addParticle("Na" if charge > 0 else "Cl")
    return ionic_systems.make_system(np.diag([2.4, 2.4, 2.4]), len(charges), force), positions


def make_water(kspace):
    """Make water with a TunablePMEForce. A few pairs that are too close at first would make up the RMS force."""
    system, positions, _ = prolate_systems.make_water()
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("CPU"))
    context.setPositions(positions)
    openmm.LocalEnergyMinimizer.minimize(context, maxIterations=50)
    relaxed = context.getState(positions=True).getPositions(asNumpy=True).value_in_unit(unit.nanometer)
    return replaceNonbondedForce(system, kSpaceMethod=kspace), relaxed


@pytest.mark.parametrize(
    ("make", "formats", "refused"),
    [
        (lambda: make_argon("table"), ["int8"], ()),
        (lambda: make_argon("network"), ["int8"], ()),
        (make_melt, [], ()),
        (lambda: make_water("SPME"), None, ("bfloat16", "float16")),
        (lambda: make_water("ESP"), [], ()),
    ],
    ids=["argon-table", "argon-network", "nacl", "water-SPME", "water-ESP"],
)
def test_cuda_passes(make, formats, refused):
    """In all precisions of a Context; 16 bits of k-space are only emulated elsewhere."""
    skip_without_cuda()
    system, positions = make()
    report = validateSystem(system, positions, platforms=["CUDA"], formats=formats)
    assert len(report.rows) >= 3
    for row in report.rows:
        print(row)
        assert row.verdict == (SKIPPED if row.format in refused else PASSED), row.reason
        assert (f"Precision({row.format})" in row.reason) == (row.format in refused)
    assert {row.contextPrecision for row in report.rows} == {"single", "mixed", "double"}


def test_16_bits_fail_on_cuda_alone():
    """What CUDA refuses is told beside what other platforms compute."""
    skip_without_cuda()
    report = validateSystem(*make_half_precision_salt(), platforms=["CPU", "CUDA"], formats=[])
    assert [row.verdict for row in report.rows] == [PASSED] + 3 * [FAILED]
    assert all("setSpreadingPrecision(float16) is not available on platform CUDA" in r.reason for r in report.rows[1:])


def test_numbers_are_those_of_the_forces():
    system, positions = make_system(precision="double")
    report = validateSystem(system, positions, platforms=["CPU"], formats=["bfloat16"])
    box = [v.value_in_unit(unit.nanometer) for v in system.getDefaultPeriodicBoxVectors()]
    given = np.float32(positions).astype(float)
    results = {}
    for precision in ("double", "bfloat16"):
        force = copy.copy(SurrogateForce.cast(system.getForce(1)))
        force.setPrecision(precision)
        results[precision] = liquid_samples.compute(force, given, box)
    (exact, _), (rounded, energy) = results["double"], results["bfloat16"]
    summary = report.summaries[1]
    rms = np.sqrt(np.mean(np.sum(rounded**2, axis=1)))
    assert summary.format == "bfloat16"
    # Particles are moved into the box before positions are rounded, so that these differ in the last bits.
    assert summary.energy == pytest.approx(energy, rel=1e-5)
    assert summary.rmsForce == pytest.approx(rms, rel=1e-4)
    error = np.sqrt(np.mean(np.sum((rounded - exact) ** 2, axis=1))) / np.sqrt(np.mean(np.sum(exact**2, axis=1)))
    assert summary.formatForceError == pytest.approx(error, rel=1e-2)
    assert report.summaries[0].formatForceError == 0.0


def test_large_changes_are_relative_to_double():
    """Here int4 changes energies and forces by so much that it matters what they are divided by."""
    system, positions = make_system(model=SurrogateModel.load("argon"))
    report = validateSystem(system, positions, platforms=["CPU"], formats=["double", "int4"])
    double, int4 = report.summaries[1:]
    assert abs(int4.energy - double.energy) > 0.3 * abs(double.energy)
    assert int4.formatEnergyError == pytest.approx(abs(int4.energy - double.energy) / abs(double.energy), rel=1e-12)
    box = [v.value_in_unit(unit.nanometer) for v in system.getDefaultPeriodicBoxVectors()]
    forces = {}
    for precision in ("double", "int4"):
        force = copy.copy(SurrogateForce.cast(system.getForce(1)))
        force.setPrecision(precision)
        forces[precision], _ = liquid_samples.compute(force, np.float32(positions).astype(float), box)
    exact, rounded = forces["double"], forces["int4"]
    assert not 0.97 < np.linalg.norm(rounded) / np.linalg.norm(exact) < 1.03
    expected = np.linalg.norm(rounded - exact) / np.linalg.norm(exact)
    assert int4.formatForceError == pytest.approx(expected, rel=1e-2)


def test_every_force_is_validated_alone():
    system, positions = make_system(numForces=2)
    SurrogateForce.cast(system.getForce(2)).setPrecision("float16")
    report = validateSystem(system, positions, platforms=["CPU"], formats=[])
    assert [(row.force, row.format) for row in report.rows] == [(1, "single"), (2, "float16")]
    assert report.passed
    assert system.getNumForces() == 3


@pytest.mark.parametrize(("kspace", "method"), [("automatic", "PME (ESP)"), ("SPME", "PME"), ("ESP", "PME (ESP)")])
def test_a_mesh_force_beside_a_pair_force(kspace, method):
    """Automatic is what the platform compared chooses; ESP has no formats below single, which is told."""
    box = ionic_systems.BOXES["rectangular"]
    positions, charges = ionic_systems.make_salt(box)
    pair = SurrogateForce(make_model())
    for i in range(len(charges)):
        pair.addParticle(i % 2)
    mesh = TunablePMEForce(ionic_systems.make_force(charges))
    mesh.setFFTPrecision("double")
    mesh.setKSpaceMethod(kspace)
    system = ionic_systems.make_system(box, len(charges), pair, mesh)
    report = validateSystem(system, positions, platforms=["CPU"], formats=["single", "double", "float16", "int8"])
    found = [(row.force, row.format, row.own) for row in report.rows]
    assert found[:4] == [(0, name, name == "single") for name in ("single", "double", "float16", "int8")]
    mixed = "single/double/single/single"
    assert found[4:] == [(1, mixed, True), (1, "single", False), (1, "double", False), (1, "float16", False)]
    refused = [report.rows[-1]] if method == "PME (ESP)" else []
    for row in report.rows:
        print(row)
        assert row.verdict == (SKIPPED if row in refused else PASSED), row.reason
    assert all("the precision of a stage is float16" in row.reason for row in refused)
    assert {row.method for row in report.rows[4:]} == {method}


@pytest.mark.parametrize(("kspace", "formats"), [("SPME", 4), ("ESP", 2)])
def test_formats_that_nobody_asked_for_are_those_there_are(kspace, formats):
    """ESP has no format below single, and is not reported for that unless one is named."""
    box = ionic_systems.BOXES["rectangular"]
    positions, charges = ionic_systems.make_salt(box)
    mesh = TunablePMEForce(ionic_systems.make_force(charges))
    mesh.setKSpaceMethod(kspace)
    report = validateSystem(ionic_systems.make_system(box, len(charges), mesh), positions, platforms=["CPU"])
    assert [row.format for row in report.rows] == ["single", "double", "bfloat16", "float16"][:formats]
    assert {row.verdict for row in report.rows} == {PASSED}


def test_a_crystal_at_rest_is_measured_by_the_forces_of_a_shaken_one():
    system, _ = make_system()
    positions, _ = liquid_samples.liquid_argon.createLattice(NUM_CELLS)
    report = validateSystem(system, positions, platforms=["CPU"], formats=[])
    assert report.summaries[0].scaledBy == "shaken"
    assert report.passed


def test_virtual_sites_and_skewed_boxes():
    system, positions = make_system()
    box = np.array([[2.4, 0, 0], [0.6, 2.4, 0], [-0.6, 0.6, 2.4]])
    system.setVirtualSite(1, openmm.TwoParticleAverageSite(0, 2, 0.5, 0.5))
    system.setParticleMass(1, 0.0)
    report = validateSystem(system, positions, box=box, platforms=["CPU"], formats=["double"])
    for row in report.rows:
        assert row.verdict == PASSED, row.reason


def test_bounds_follow_the_arithmetic():
    sensitivity = Sensitivity(Bounds(1e-2, 1e-1), Bounds(2e-5, 1e-8), Bounds(1e-6, 1e-8), 100.0)

    def bound(platform, contextPrecision, format, method):
        return find_pair_bounds(platform, contextPrecision, format, method, sensitivity).force

    assert bound("CPU", None, "double", "table") == 1e-10
    assert bound("CPU", None, "single", "table") == pytest.approx(1.1e-5)
    assert bound("CPU", None, "int8", "network") == 1e-10
    assert bound("CUDA", "double", "double", "network") < 1e-9
    assert bound("CUDA", "mixed", "double", "table") == pytest.approx(3.1e-5, rel=1e-3)
    assert bound("CUDA", "single", "int8", "network") > 1e-2


def test_arguments_are_checked():
    system, positions = make_system()
    with pytest.raises(ValueError, match=r"256 particles.*\(256, 3\).*\(255, 3\)"):
        validateSystem(system, positions[1:])
    positions[7] = np.nan
    with pytest.raises(ValueError, match="particle 7 is not finite"):
        validateSystem(system, positions)
    with pytest.raises(ValueError, match="no platform is given"):
        validateSystem(system, positions, platforms=[])
    with pytest.raises(ValueError, match="'OpenCL' cannot be validated"):
        validateSystem(system, positions, platforms=["OpenCL"])
    system.removeForce(1)
    with pytest.raises(ValueError, match="no SurrogateForce or TunablePMEForce; its forces are: NonbondedForce"):
        validateSystem(system, positions)
