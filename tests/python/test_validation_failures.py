# SPDX-License-Identifier: MIT
"""Validation of platforms that are wrong, absent or without what is asked for."""

import re

import ionic_systems
import openmm
import pytest
from validation_systems import make_half_precision_salt, make_system

from openmmsurrogate import SurrogateModel, TunablePMEForce
from openmmsurrogate.validation import (
    configurations,
    subjects,
    targets,
    validate,
    validateSystem,
)
from openmmsurrogate.validation.report import FAILED, PASSED, SKIPPED


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
    """Those of OpenMM 8.6.1 in triclinic boxes; ESP has pairs of its own. If this fails with a newer OpenMM that
    loses none, MeshSubject.doubt has no reason to be there any more."""
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


@pytest.mark.parametrize(
    ("message", "int8"),
    [
        ("this chip has no Int8, and no single", SKIPPED),
        ("No compatible CUDA device is available", FAILED),  # such as of a GPU that is not there any more
    ],
    ids=["refused", "other"],
)
def test_only_what_refuses_a_format_is_no_failure_and_not_in_that_of_the_force(monkeypatch, message, int8):
    def fail(*arguments):
        raise openmm.OpenMMException(message)

    system, positions = make_system()
    monkeypatch.setattr(targets, "evaluate", fail)
    report = validateSystem(system, positions, platforms=["CPU"], formats=["int8"])
    assert [row.verdict for row in report.rows] == [FAILED, int8]
    assert {row.reason for row in report.rows} == {message}
