# SPDX-License-Identifier: MIT
"""validateSystem."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import openmm
from numpy.typing import ArrayLike

from openmmsurrogate._convert import as_floats
from openmmsurrogate._options import Precision, as_option
from openmmsurrogate.validation.configurations import Configurations, make_configurations
from openmmsurrogate.validation.inputs import check_positions
from openmmsurrogate.validation.report import FAILED, SKIPPED, ForceSummary, ValidationReport, ValidationRow
from openmmsurrogate.validation.subjects import Subject, find_kind, isolate
from openmmsurrogate.validation.targets import PLATFORMS, Target, find_obstacle, list_targets, validate_target
from openmmsurrogate.validation.truth import Exact, evaluate_exactly, find_truth

ALL = "all"


def validateSystem(
    system: openmm.System,
    positions: ArrayLike,
    box: ArrayLike | None = None,
    platforms: Sequence[str] = PLATFORMS,
    formats: Sequence[int | str] | None = None,
    progress: Callable[[str], None] = lambda text: None,
) -> ValidationReport:
    """Compare every force of this package in a System, each alone, on the platforms with platform Reference.

    An ApplicabilityWarning says if the positions are unlike the training data of a model: platforms may agree on forces
    that are of no use.

    Parameters
    ----------
    system : System
        it is not changed
    positions : array_like
        nm, shape (particles, 3)
    box : array_like
        periodic box vectors as rows, nm, shape (3, 3); the System's own if None
    platforms : sequence of str
        of "CPU" and "CUDA"; CUDA is tried in each precision of a Context. A platform that OpenMM does not have here
        is listed as skipped.
    formats : sequence of constants or str
        numeric formats, such as "bfloat16"; all that a force has if None. That of the force itself is always among
        them. A force that does not have one is not compared in it, but one of them must have it.
    progress : callable
        is given a text before each comparison

    Returns
    -------
    ValidationReport
        a row per force, format and platform; ``report.passed`` is the verdict

    Raises
    ------
    ValueError
        if the System has no force of this package or none that has one of the formats, or the positions are not finite
        or not as many as its particles
    """
    indices = [i for i in range(system.getNumForces()) if find_kind(system.getForce(i)) is not None]
    _check(system, indices, platforms)
    coordinates = check_positions(system, positions)
    wanted = None if formats is None else [Precision(as_option(Precision, f, "formats")) for f in formats]
    obstacles = {name: find_obstacle(name) for name in platforms}
    targets = [target for name in platforms if not obstacles[name] for target in list_targets(name)]
    rows: list[ValidationRow] = []
    summaries: list[ForceSummary] = []
    notes: list[str] = []
    subjects = [isolate(system, index, None if box is None else as_floats(box, "box")) for index in indices]
    _check_formats(subjects, wanted or ())
    for subject in subjects:
        subject.settle([(target.platform, target.properties) for target in targets])
        configurations = make_configurations(subject.system, coordinates)
        notCompared = subject.check_applicability(configurations.given)
        notes += [f"force {subject.index}: positions and training data of its model: {text}" for text in notCompared]
        exact = evaluate_exactly(subject, configurations)
        for variant in _list_variants(subject, wanted):
            newRows, newSummaries = _validate_variant(variant, configurations, exact, targets, progress)
            rows += newRows
            summaries += newSummaries
        for name, obstacle in obstacles.items():
            if obstacle:
                rows.append(replace(_make_row(subject, name), format=ALL, own=False, reason=obstacle))
    return ValidationReport(tuple(rows), tuple(summaries), tuple(notes))


def _check(system: openmm.System, indices: Sequence[int], platforms: Sequence[str]) -> None:
    if not indices:
        found = ", ".join(force.getName() for force in system.getForces()) or "none at all"
        raise ValueError(f"the System has no SurrogateForce or TunablePMEForce; its forces are: {found}")
    if not platforms:
        raise ValueError(f"no platform is given; those that can be validated are {', '.join(PLATFORMS)}")
    for name in platforms:
        if name not in PLATFORMS:
            raise ValueError(f"platform {name!r} cannot be validated; those that can are {', '.join(PLATFORMS)}")


def _check_formats(subjects: Sequence[Subject], wanted: Sequence[Precision]) -> None:
    """Refuse formats that would be left out without a word, as no force has them."""
    known = [format for format in Precision if any(format in subject.formats for subject in subjects)]
    for format in wanted:
        if format not in known:
            raise ValueError(
                f"no force of the System can be compared in format {str(format).lower()}; the formats that its forces "
                f"have are {', '.join(str(other).lower() for other in known)}"
            )


def _list_variants(subject: Subject, wanted: Sequence[Precision] | None) -> list[Subject]:
    """List the force in its own format, and then in the others that are wanted."""
    tried = subject.usual_formats if wanted is None else [format for format in wanted if format in subject.formats]
    others = [subject.with_format(format) for format in tried]
    return [subject, *(variant for variant in others if variant.format != subject.format)]


def _make_row(subject: Subject, platform: str) -> ValidationRow:
    return ValidationRow(
        force=subject.index,
        name=subject.name,
        format=subject.format,
        own=subject.own,
        method=subject.method,
        platform=platform,
        contextPrecision=None,
        verdict=SKIPPED,
    )


def _validate_variant(
    subject: Subject,
    configurations: Configurations,
    exact: Exact,
    targets: Sequence[Target],
    progress: Callable[[str], None],
) -> tuple[list[ValidationRow], list[ForceSummary]]:
    """Compare all targets for one force as one function."""
    row = _make_row(subject, "Reference")
    progress(f"force {subject.index}, {row.format}: Reference")
    try:
        truth, summary = find_truth(subject, configurations, exact)
    except openmm.OpenMMException as error:
        # Not every network is defined in every format; that of the user's own force must be.
        return [replace(row, verdict=FAILED if row.own else SKIPPED, reason=str(error))], []
    rows = []
    for target in targets:
        progress(f"force {subject.index}, {row.format}: {target.platform} {target.contextPrecision or ''}".rstrip())
        rows.append(validate_target(subject, truth, configurations, target, row))
    return rows, [summary]
