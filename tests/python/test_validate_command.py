# SPDX-License-Identifier: MIT
"""The command validate: what it prints and writes, the files that it reads, and its exit code."""

import json

import openmm
import pytest
from typer.testing import CliRunner
from validation_systems import make_half_precision_salt, make_system, write_files

from openmmsurrogate import cli
from openmmsurrogate.validation import (
    readStructure,
    readSystem,
    validateSystem,
)


def run(*arguments):
    result = CliRunner().invoke(cli.app, ["validate", *map(str, arguments)])
    print(result.output)
    return result


def test_a_format_that_no_force_has_is_an_error(tmp_path):
    system, positions = make_half_precision_salt()
    paths = write_files(tmp_path, system, positions)
    result = run(paths["system.xml"], paths["state.xml"], "--platforms", "CPU", "--formats", "single,int8")
    assert result.exit_code == 1
    assert "no force of the System can be compared in format int8" in result.output
    assert "the formats that its forces have are double, single, bfloat16, float16" in " ".join(result.output.split())


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
    ("argument", "name", "content", "message"),
    [
        ("system.xml", "missing.xml", None, "there is no file"),
        ("system.xml", "broken.xml", "<System", "is not XML that OpenMM can read"),
        ("system.xml", "state.xml", None, "does not hold a System, but a State"),
        ("positions.pdb", "missing.pdb", None, "there is no file"),
        ("positions.pdb", "broken.pdb", "ATOM      1  Ar   Ar A   1     nonsense\n", "cannot be read"),
        ("positions.pdb", "positions.gro", "", "neither .pdb nor .cif"),
        ("positions.pdb", "system.xml", None, "does not hold a State, but a System"),
    ],
)
def test_bad_files_are_named(tmp_path, argument, name, content, message):
    paths = write_files(tmp_path, *make_system())
    if content is not None:
        (tmp_path / name).write_text(content)
    files = paths | {argument: tmp_path / name}
    result = run(files["system.xml"], files["positions.pdb"])
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
