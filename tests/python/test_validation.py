# SPDX-License-Identifier: MIT
"""Validation of the platforms in a System of the user's own, by call and by command."""

import copy
import json
import re

import ionic_systems
import liquid_samples
import numpy as np
import openmm
import prolate_systems
import pytest
from helpers import make_model
from openmm import app, unit
from typer.testing import CliRunner

from openmmsurrogate import SurrogateForce, SurrogateModel, TunablePMEForce, cli, replaceNonbondedForce
from openmmsurrogate.validation import (
    configurations,
    readStructure,
    readSystem,
    subjects,
    targets,
    validate,
    validateSystem,
)
from openmmsurrogate.validation.bounds import Bounds, Sensitivity, find_pair_bounds
from openmmsurrogate.validation.report import FAILED, PASSED, SKIPPED

NUM_CELLS = 4


def make_system(method="table", precision="default", numForces=1, model=None):
    """Make a System with Lennard-Jones and our forces, of two types of particles. Get it and positions, nm."""
    positions, box = liquid_samples.shaken_lattice(NUM_CELLS)
    model = make_model() if model is None else model
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*box)
    for _ in positions:
        system.addParticle(39.948)
    system.addForce(liquid_samples.liquid_argon.createLennardJones(len(positions)))
    for _ in range(numForces):
        force = SurrogateForce(model)
        force.setEvaluationMethod(method)
        force.setPrecision(precision)
        for i in range(len(positions)):
            force.addParticle(i % model.getNumTypes())
        system.addForce(force)
    return system, positions


def write_files(folder, system, positions):
    """Write the System, and its positions in each kind of file. Get the paths."""
    paths = {name: folder / f"{name}" for name in ("system.xml", "positions.pdb", "positions.cif", "state.xml")}
    paths["system.xml"].write_text(openmm.XmlSerializer.serialize(system))
    topology = app.Topology()
    chain = topology.addChain()
    for _ in positions:
        topology.addAtom("Ar", app.element.argon, topology.addResidue("Ar", chain))
    box = system.getDefaultPeriodicBoxVectors()
    topology.setPeriodicBoxVectors([v.value_in_unit(unit.nanometer) for v in box] * unit.nanometer)
    with paths["positions.pdb"].open("w") as file:
        app.PDBFile.writeFile(topology, positions * unit.nanometer, file)
    with paths["positions.cif"].open("w") as file:
        app.PDBxFile.writeFile(topology, positions * unit.nanometer, file)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    context.setPositions(positions)
    paths["state.xml"].write_text(openmm.XmlSerializer.serialize(context.getState(positions=True)))
    return paths


def run(*arguments):
    result = CliRunner().invoke(cli.app, ["validate", *map(str, arguments)])
    print(result.output)
    return result


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
        (lambda: make_argon("network"), ["bfloat16", "int8"], ()),
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


def make_half_precision_salt():
    """Make salt whose k-space is set to 16 bits."""
    box = ionic_systems.BOXES["rectangular"]
    positions, charges = ionic_systems.make_salt(box)
    mesh = TunablePMEForce(ionic_systems.make_force(charges))
    mesh.setPrecision("float16")
    return ionic_systems.make_system(box, len(charges), mesh), positions


def test_16_bits_fail_on_cuda_alone():
    """What CUDA refuses is told beside what other platforms compute."""
    skip_without_cuda()
    report = validateSystem(*make_half_precision_salt(), platforms=["CPU", "CUDA"], formats=[])
    assert [row.verdict for row in report.rows] == [PASSED] + 3 * [FAILED]
    assert all("setSpreadingPrecision(float16) is not available on platform CUDA" in r.reason for r in report.rows[1:])


def test_a_platform_that_refuses_a_force_does_not_end_it_all(monkeypatch):
    """As CUDA refuses 16 bits, already where platforms are asked for the split they choose."""
    original = configurations.create_context

    def create_context(system, platform, properties):
        if platform == "CPU":
            raise openmm.OpenMMException("16 bits are not available")
        return original(system, platform, properties)

    monkeypatch.setattr(subjects, "create_context", create_context)
    monkeypatch.setattr(targets, "create_context", create_context)
    monkeypatch.setattr(validate, "find_obstacle", lambda platform: "")
    report = validateSystem(*make_half_precision_salt(), platforms=["CPU"], formats=[])
    assert [(row.verdict, row.method, row.reason) for row in report.rows] == [
        (FAILED, "PME", "16 bits are not available")
    ]


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


def test_wrong_forces_fail(monkeypatch):
    system, positions = make_system()
    right = targets.evaluate

    def evaluate(context, real, *configurations):
        results = right(context, real, *configurations)
        results[0].forces[5, 0] *= 1.01
        return results

    monkeypatch.setattr(targets, "evaluate", evaluate)
    report = validateSystem(system, positions, platforms=["CPU"], formats=[])
    assert report.rows[0].verdict == FAILED
    assert "force error" in report.rows[0].reason
    assert not report.passed


def test_another_mesh_than_that_of_reference_is_told(monkeypatch):
    """Each platform measures the error of ESP, and takes stricter parameters where it is more than the tolerance."""
    box = ionic_systems.BOXES["rectangular"]
    positions, charges = ionic_systems.make_salt(box)
    system = ionic_systems.make_system(box, len(charges), ionic_systems.make_esp(ionic_systems.make_force(charges)))
    right = targets.create_context

    def create_context(system, platform, properties):
        system.getForce(0).setEwaldErrorTolerance(5e-5)
        return right(system, platform, properties)

    monkeypatch.setattr(validate, "find_obstacle", lambda platform: "")
    monkeypatch.setattr(targets, "create_context", create_context)
    report = validateSystem(system, positions, platforms=["CPU"], formats=[])
    assert report.rows[0].verdict == FAILED
    points = r"a mesh of \d+x\d+x\d+ points"
    assert re.search(f"measured its error, and chosen {points} where Reference has .* {points}", report.rows[0].reason)


def test_pairs_that_reference_loses_are_told():
    """Those of OpenMM 8.6.1 in triclinic boxes; ESP has pairs of its own."""
    box = ionic_systems.BOXES["triclinic"]
    positions, charges = ionic_systems.make_salt(box)
    rows = []
    for kspace in ("SPME", "ESP"):
        mesh = TunablePMEForce(ionic_systems.make_force(charges))
        mesh.setKSpaceMethod(kspace)
        system = ionic_systems.make_system(box, len(charges), mesh)
        rows += validateSystem(system, positions, platforms=["CPU"], formats=[]).rows
    assert [row.verdict for row in rows] == [FAILED, PASSED]
    assert rows[0].reason.startswith("force error") and "loses pairs in triclinic boxes" in rows[0].reason


def test_energies_that_are_not_those_of_the_forces_fail(monkeypatch):
    system, positions = make_system(precision="double", model=SurrogateModel.load("argon"))
    right = targets.evaluate

    def evaluate(context, real, *configurations):
        given, plus, minus = right(context, real, *configurations)
        return given, type(plus)(plus.forces, plus.energy + 0.1), minus

    monkeypatch.setattr(targets, "evaluate", evaluate)
    report = validateSystem(system, positions, platforms=["CPU"], formats=[])
    assert report.rows[0].reason.startswith("difference of dU and work")


def test_a_missing_platform_is_listed_as_skipped(monkeypatch):
    monkeypatch.setattr(targets, "get_platform_names", lambda: ["Reference", "CPU"])
    system, positions = make_system()
    report = validateSystem(system, positions, formats=[])
    assert [(row.platform, row.verdict, row.own) for row in report.rows] == [
        ("CPU", PASSED, True),
        ("CUDA", SKIPPED, False),
    ]
    assert report.rows[1].reason == "OpenMM has no platform CUDA here"
    assert report.passed
    assert not validateSystem(system, positions, platforms=["CUDA"], formats=[]).passed  # nothing was compared


def test_what_a_platform_refuses_fails_only_in_the_format_of_the_force(monkeypatch):
    def refuse(*arguments):
        raise openmm.OpenMMException("this chip has no such format")

    system, positions = make_system()
    monkeypatch.setattr(targets, "evaluate", refuse)
    report = validateSystem(system, positions, platforms=["CPU"], formats=["int8"])
    assert [row.verdict for row in report.rows] == [FAILED, SKIPPED]
    assert {row.reason for row in report.rows} == {"this chip has no such format"}


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


@pytest.mark.parametrize("structure", ["positions.pdb", "positions.cif", "state.xml"])
def test_command(tmp_path, structure):
    paths = write_files(tmp_path, *make_system())
    result = run(paths["system.xml"], paths[structure], "--platforms", "CPU", "--formats", "int8")
    assert result.exit_code == 0
    assert "single*" in result.output
    assert "dU and work (bound)" in result.output  # in whole, however narrow the window
    assert "2 passed" in result.output


def test_command_writes_json(tmp_path):
    paths = write_files(tmp_path, *make_system())
    arguments = (paths["system.xml"], paths["state.xml"], "--platforms", "CPU", "--formats", "own", "--json")
    assert run(*arguments, tmp_path / "result.json").exit_code == 0
    written = json.loads((tmp_path / "result.json").read_text())
    printed = json.loads(run(*arguments, "-").stdout)
    assert written == printed
    assert written["passed"] is True
    assert written["rows"][0]["platform"] == "CPU"
    absent = run(*arguments, tmp_path / "absent" / "result.json")  # which is told at once
    assert absent.exit_code == 1 and absent.output.startswith("openmm-surrogate: there is no folder")


def test_command_fails_where_a_bound_is_exceeded(tmp_path, monkeypatch):
    monkeypatch.setattr("openmmsurrogate.validation.bounds.SINGLE_FORCES", 0.0)
    monkeypatch.setattr("openmmsurrogate.validation.configurations.JITTER", 0.0)
    paths = write_files(tmp_path, *make_system())
    result = run(paths["system.xml"], paths["positions.pdb"], "--platforms", "CPU", "--formats", "own")
    assert result.exit_code == 1
    assert "failed: force 1, single, CPU" in result.output


def test_the_box_of_the_structure_counts(tmp_path):
    system, positions = make_system()
    paths = write_files(tmp_path, system, positions)
    system.setDefaultPeriodicBoxVectors([9, 0, 0], [0, 9, 0], [0, 0, 9])
    report = validateSystem(system, positions, readStructure(paths["positions.pdb"]).box, ["CPU"], [])
    smaller = validateSystem(readSystem(paths["system.xml"]), positions, None, ["CPU"], [])
    assert report.summaries[0].energy == pytest.approx(smaller.summaries[0].energy, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.xml", None, "there is no file"),
        ("broken.xml", "<System", "is not XML that OpenMM can read"),
        ("state.xml", None, "does not hold a System, but a State"),
    ],
)
def test_bad_system_files_are_named(tmp_path, name, content, message):
    paths = write_files(tmp_path, *make_system())
    if content is not None:
        (tmp_path / name).write_text(content)
    result = run(tmp_path / name, paths["positions.pdb"])
    assert result.exit_code == 1
    assert name in result.output
    assert message in result.output


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.pdb", None, "there is no file"),
        ("broken.pdb", "ATOM      1  Ar   Ar A   1     nonsense\n", "cannot be read"),
        ("positions.gro", "", "neither .pdb nor .cif"),
        ("system.xml", None, "does not hold a State, but a System"),
    ],
)
def test_bad_structure_files_are_named(tmp_path, name, content, message):
    paths = write_files(tmp_path, *make_system())
    if content is not None:
        (tmp_path / name).write_text(content)
    result = run(paths["system.xml"], tmp_path / name)
    assert result.exit_code == 1
    assert name in result.output
    assert message in result.output


def test_a_state_without_positions_is_refused(tmp_path):
    system, positions = make_system()
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    context.setPositions(positions)
    path = tmp_path / "state.xml"
    path.write_text(openmm.XmlSerializer.serialize(context.getState(energy=True)))
    with pytest.raises(ValueError, match="State without positions"):
        readStructure(path)
