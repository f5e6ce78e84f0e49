# SPDX-License-Identifier: MIT
"""Sampling of force data: forces, types, exact continuation, volumes and virials, and the command sample."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import openmm
import pytest
import small_liquid
from openmm import app, unit
from typer.testing import CliRunner

from openmmsurrogate import cli
from openmmsurrogate.data import (
    ForceDataset,
    RecordingSettings,
    SamplingSettings,
    assignTypes,
    findExclusions,
    findPairs,
    loadSystem,
    parseOptions,
    parseTypeMap,
    sampleForces,
)

FACTORY = str(Path(small_liquid.__file__)) + ":create_system"
SOURCE = loadSystem(FACTORY)
TYPES = assignTypes(SOURCE)
REFERENCE = RecordingSettings(platform="Reference")
SHORT = {"interval": 0.02, "equilibration": 0.02, "seed": 5, "recording": REFERENCE}


def read_all(path):
    with ForceDataset(path) as dataset:
        return list(dataset)


def assert_equal_frames(path, other):
    first, second = read_all(path), read_all(other)
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.positions, b.positions)
        np.testing.assert_array_equal(a.forces, b.forces)
        np.testing.assert_array_equal(a.box, b.box)


def pair_forces(frame):
    """Return Lennard-Jones forces, kJ/mol/nm, virials along each axis, kJ/mol, and the sums of their magnitudes."""
    i, j, displacement = findPairs(frame.positions, frame.box, small_liquid.CUTOFF)
    keep = (i != 2) | (j != 3)
    i, j, displacement = i[keep], j[keep], displacement[keep]
    r = np.linalg.norm(displacement, axis=1)
    x = (small_liquid.SIGMA / r) ** 6
    pairs = (24.0 * small_liquid.EPSILON * (2.0 * x * x - x) / r**2)[:, None] * displacement
    forces = np.zeros_like(frame.forces)
    np.add.at(forces, i, pairs)
    np.add.at(forces, j, -pairs)
    return forces, (pairs * displacement).sum(axis=0), np.abs(pairs * displacement).sum(axis=0)


@pytest.mark.parametrize("skew", [0.0, 0.3])
def test_frames_have_the_forces_and_virials_of_the_system(tmp_path, skew):
    path = tmp_path / "data.h5"
    source = loadSystem(FACTORY, options={"skew": skew})
    recording = RecordingSettings(recordsVirial=True, platform="Reference")
    settings = SamplingSettings(120.0, 3, **(SHORT | {"recording": recording}))
    sampleForces(source, TYPES, settings, path)
    with ForceDataset(path) as dataset:
        assert dataset.temperature == 120.0
        assert dataset.typeNames == ("Ar", "Kr")
        assert dataset.typeIndices.tolist() == [0, 1] * 32
        assert dataset.exclusions.tolist() == [[2, 3]]
        assert isinstance(openmm.XmlSerializer.deserialize(dataset.systemXML), openmm.System)
        assert len(dataset) == 3
        for frame in dataset:
            forces, virial, magnitude = pair_forces(frame)
            scale = np.sqrt(np.mean(forces**2))
            np.testing.assert_allclose(frame.forces, forces, atol=1e-9 * scale)
            # The force jumps at the cutoff; a few pairs of so small a System cross it when the box is stretched.
            np.testing.assert_allclose(frame.virial, virial, atol=5e-4 * magnitude.max())
    assert np.abs(read_all(path)[0].positions - read_all(path)[1].positions).max() > 1e-4


def test_a_precision_that_the_platform_does_not_have_is_an_error(tmp_path):
    recording = RecordingSettings(platform="Reference", precision="double")
    settings = SamplingSettings(120.0, 1, **(SHORT | {"recording": recording}))
    with pytest.raises(ValueError, match="platform Reference has no choice of precision"):
        sampleForces(SOURCE, TYPES, settings, tmp_path / "data.h5")
    assert settings.asMetadata()["precision"] == "double"
    assert "precision" not in SamplingSettings(120.0, 1, **SHORT).asMetadata()


def test_a_run_that_was_interrupted_continues_exactly(tmp_path):
    whole, parts = tmp_path / "whole.h5", tmp_path / "parts.h5"
    settings = SamplingSettings(120.0, 4, startTemperature=200.0, **SHORT)
    sampleForces(SOURCE, TYPES, settings, whole)

    def interrupt_at(place):
        def report(stage, numFrames, fraction):
            if (stage, numFrames) == place and fraction > 0.5:
                raise KeyboardInterrupt

        return report

    for place in (("equilibration", 0), ("sampling", 0), ("sampling", 2)):
        with pytest.raises(KeyboardInterrupt):
            sampleForces(SOURCE, TYPES, settings, parts, interrupt_at(place))
    assert len(read_all(parts)) == 2
    sampleForces(SOURCE, TYPES, settings, parts)
    assert_equal_frames(whole, parts)


def test_more_frames_can_be_asked_for(tmp_path):
    whole, parts = tmp_path / "whole.h5", tmp_path / "parts.h5"
    sampleForces(SOURCE, TYPES, SamplingSettings(120.0, 3, **SHORT), whole)
    for numFrames in (1, 3, 3):
        sampleForces(SOURCE, TYPES, SamplingSettings(120.0, numFrames, **SHORT), parts)
    assert_equal_frames(whole, parts)


def test_a_killed_run_continues_exactly(tmp_path):
    whole, parts = tmp_path / "whole.h5", tmp_path / "parts.h5"
    settings = {"temperature": 120, "frames": 12, "interval": 0.4, "equilibration": 0.1, "platform": "Reference"}
    arguments = [f"--{name}={value}" for name, value in settings.items()]
    command = [sys.executable, "-m", "openmmsurrogate.cli", "sample", FACTORY, *arguments, "-o"]
    process = subprocess.Popen([*command, parts], stdout=subprocess.DEVNULL)
    resume = Path(f"{parts}.resume")
    deadline = time.monotonic() + 60
    while not (resume.exists() and json.loads(resume.read_text())["numFrames"] >= 2) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 2 <= len(read_all(parts)) < 12
    subprocess.run([*command, parts], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*command, whole], check=True, stdout=subprocess.DEVNULL)
    assert_equal_frames(whole, parts)


def test_continuing_with_something_else_is_refused(tmp_path):
    path = tmp_path / "data.h5"
    sampleForces(SOURCE, TYPES, SamplingSettings(120.0, 1, **SHORT), path)
    with pytest.raises(ValueError, match=r"begun with temperature = 120.0, not 130.0"):
        sampleForces(SOURCE, TYPES, SamplingSettings(130.0, 2, **SHORT), path)
    other = loadSystem(FACTORY, options={"skew": 0.1})
    with pytest.raises(ValueError, match="another System"):
        sampleForces(other, TYPES, SamplingSettings(120.0, 2, **SHORT), path)
    with pytest.raises(ValueError, match="other particle types"):
        sampleForces(SOURCE, assignTypes(SOURCE, typeMap={"Kr": "X"}), SamplingSettings(120.0, 2, **SHORT), path)
    os.truncate(f"{path}.resume", 100)
    with pytest.raises(ValueError, match=r"data.h5.resume is damaged"):
        sampleForces(SOURCE, TYPES, SamplingSettings(120.0, 2, **SHORT), path)
    os.remove(f"{path}.resume")
    with pytest.raises(ValueError, match=r"no .*data.h5.resume from which to continue"):
        sampleForces(SOURCE, TYPES, SamplingSettings(120.0, 2, **SHORT), path)


def test_volumes_share_the_frames(tmp_path):
    settings = SamplingSettings(120.0, 5, volumes=(1.0, 1.2), **SHORT)
    sampleForces(SOURCE, TYPES, settings, tmp_path / "data.h5")
    volumes = [np.linalg.det(frame.box) / small_liquid.EDGE**3 for frame in read_all(tmp_path / "data.h5")]
    np.testing.assert_allclose(volumes, [1.0, 1.0, 1.0, 1.2, 1.2])


def test_a_barostat_changes_the_volume(tmp_path):
    settings = SamplingSettings(120.0, 2, pressure=1.0, **(SHORT | {"interval": 0.2}))
    sampleForces(SOURCE, TYPES, settings, tmp_path / "data.h5")
    first, second = (np.linalg.det(frame.box) for frame in read_all(tmp_path / "data.h5"))
    assert first != second


def test_an_unstable_simulation_is_told_and_its_frames_are_kept(tmp_path):
    settings = SamplingSettings(120.0, 50, timeStep=0.2, startTemperature=1e5, **(SHORT | {"interval": 10.0}))
    with pytest.raises(ValueError, match=r"unstable.*smaller time step"):
        sampleForces(SOURCE, TYPES, settings, tmp_path / "data.h5")
    assert len(read_all(tmp_path / "data.h5")) < 50


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperature": 0.0}, "temperature must be positive, not 0.0"),
        ({"numFrames": 0}, "numFrames must be positive"),
        ({"interval": float("nan")}, "interval must be positive, not nan"),
        ({"interval": 0.001}, "shorter than the time step"),
        ({"equilibration": -1.0}, "equilibration must not be negative"),
        ({"volumes": (1.0,) * 9}, "9 volumes cannot share 4 frames"),
        ({"volumes": (1.0, 1.1), "pressure": 1.0}, "exclude each other"),
    ],
)
def test_settings_without_sense_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        SamplingSettings(**({"temperature": 100.0, "numFrames": 4} | change))


def make_water():
    topology = app.Topology()
    residue = topology.addResidue("HOH", topology.addChain())
    atoms = [
        topology.addAtom(n, app.Element.getBySymbol(s), residue) for n, s in (("O", "O"), ("H1", "H"), ("H2", "H"))
    ]
    del atoms
    system = openmm.System()
    for mass in (15.999, 1.008, 1.008):
        system.addParticle(mass)
    force = openmm.NonbondedForce()
    for _ in range(3):
        force.addParticle(0, 0.3, 0.5)
    force.addException(2, 0, 0, 0.3, 0)
    system.addForce(force)
    return system, topology, np.array([[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0]])


def test_types_come_from_elements_names_and_maps(tmp_path):
    source = loadSystem(f"{__file__}:make_water")
    assert assignTypes(source).names == ("H", "O")
    assert assignTypes(source, "name").names == ("H1", "H2", "O")
    (tmp_path / "types.json").write_text('{"H": "HW", "HOH:O": "OW"}')
    types = assignTypes(source, typeMap=parseTypeMap(["H="], tmp_path / "types.json"))
    assert (types.names, types.indices.tolist()) == (("OW",), [0, -1, -1])
    assert findExclusions(source.system).tolist() == [[0, 2]]
    with pytest.raises(ValueError, match="no particle is called N; there are H, O"):
        assignTypes(source, typeMap={"N": "X"})
    with pytest.raises(ValueError, match="'H' is not of the form NAME=TYPE"):
        parseTypeMap(["H"])
    with pytest.raises(ValueError, match="no particle has a type"):
        assignTypes(source, typeMap={"H": None, "O": None})
    with pytest.raises(ValueError, match="atom names need a topology"):
        assignTypes(SOURCE, "name")
    heavy = openmm.System()
    heavy.addParticle(72.0)
    with pytest.raises(ValueError, match="particle 0 has mass 72 Da, which is no element's"):
        assignTypes(type(SOURCE)(heavy, None, None, "heavy"))


def test_systems_are_read_from_xml_with_positions_of_a_pdb_or_a_state(tmp_path):
    system, topology, positions = make_water()
    (tmp_path / "system.xml").write_text(openmm.XmlSerializer.serialize(system))
    app.PDBFile.writeFile(topology, positions * unit.nanometer, str(tmp_path / "water.pdb"))
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    context.setPositions(positions)
    state = context.getState(positions=True, velocities=True)
    (tmp_path / "state.xml").write_text(openmm.XmlSerializer.serialize(state))
    for file, hasTopology in (("water.pdb", True), ("state.xml", False)):
        source = loadSystem(str(tmp_path / "system.xml"), tmp_path / file)
        np.testing.assert_allclose(source.positions, positions, atol=1e-6)
        assert (source.topology is not None) == hasTopology
    with pytest.raises(ValueError, match="has 64 particles, but the topology 3"):
        loadSystem(FACTORY, tmp_path / "water.pdb")
    with pytest.raises(ValueError, match="does not hold a System, but a State"):
        loadSystem(str(tmp_path / "state.xml"))


def test_options_that_a_function_cannot_use_are_told(tmp_path):
    file = tmp_path / "maker.py"
    file.write_text("def make(number=1):\n    return number ** 3 if number else undefined\n")
    with pytest.raises(ValueError, match=r"maker.py:make failed with number = 'four': TypeError: unsupported operand"):
        loadSystem(f"{file}:make", options=parseOptions(["number=four"]))
    file.write_text("def make(number=1):\n    return 'four' ** number\n")
    with pytest.raises(TypeError, match="unsupported operand"):  # a mistake of the function's own
        loadSystem(f"{file}:make")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("argon", "neither a System"),
        ("no_such_module:make", "no module 'no_such_module'"),
        ("small_liquid:missing", "has no function 'missing'"),
        ("small_liquid:not_a_system", r"must return \(system, topology or None, positions\)"),
        ("missing.py:make", r"no file missing.py"),
    ],
)
def test_sources_that_are_none_are_refused(source, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        loadSystem(source)
    with pytest.raises(ValueError, match="cannot be called with"):
        loadSystem(FACTORY, options={"wrong": 1})


def test_the_command_samples_and_summarizes(tmp_path):
    path = tmp_path / "data.h5"
    arguments = ["sample", FACTORY, "-o", str(path), "--interval", "0.01", "--equilibration", "0.01"]
    result = CliRunner().invoke(
        cli.app, [*arguments, "--frames", "2", "--temperature", "90", "--option", "skew=0.2", "--type", "Kr="]
    )
    assert result.exit_code == 0, result.output
    for text in ("64: 32 Ar, 32 none", "90 K", "nm⁻³", "kJ/mol/nm"):
        assert text in result.stdout
    assert read_all(path)[0].box[1, 0] == pytest.approx(0.2 * small_liquid.EDGE)
    result = CliRunner().invoke(cli.app, arguments)
    assert result.exit_code == 1
    assert result.stderr == "openmm-surrogate: a simulation needs --temperature\n"


def test_an_error_inside_a_function_is_its_own(tmp_path):
    (tmp_path / "broken.py").write_text("def make(size=1):\n    return len(size)\n")
    with pytest.raises(TypeError, match=r"object of type 'int' has no len\(\)"):
        loadSystem(f"{tmp_path}/broken.py:make")
    with pytest.raises(ValueError, match=r"cannot be called with \{'width': 2\}"):
        loadSystem(f"{tmp_path}/broken.py:make", options={"width": 2})
