# SPDX-License-Identifier: MIT
"""What platform Reference says about one force as one function, and the yardsticks that follow from it."""

from __future__ import annotations

from dataclasses import dataclass

from openmmsurrogate._options import Precision
from openmmsurrogate.validation.bounds import Sensitivity
from openmmsurrogate.validation.configurations import Configurations, Evaluation, create_context, evaluate
from openmmsurrogate.validation.measures import compare, find_gradient_error, find_work_scale, ratio, rms_norm
from openmmsurrogate.validation.report import ForceSummary
from openmmsurrogate.validation.subjects import Subject

REST = 0.1
"""A structure is at rest where its RMS force is below this fraction of that of the shaken structure."""


@dataclass(frozen=True)
class Truth:
    """What Reference computes."""

    given: Evaluation
    choices: str
    """What the platform has chosen by itself."""
    sensitivity: Sensitivity
    energyScale: float
    """kJ/mol."""
    workScale: float
    """kJ/mol."""
    gradientError: float
    """How far energies and forces of Reference itself are apart, by the few points of a finite step."""


@dataclass(frozen=True)
class Exact:
    """What Reference computes in format double, and what changes are relative to."""

    given: Evaluation
    forceScale: float
    """The RMS force, kJ/mol/nm, of the shaken structure if the given one is at rest."""


def evaluate_exactly(subject: Subject, c: Configurations) -> Exact:
    """Evaluate a force on Reference in format double."""
    context = create_context(subject.with_format(Precision.Double).system, "Reference", {})
    given, shaken = evaluate(context, c.real, c.given, c.shaken)
    return Exact(given, _find_force_scale(given, shaken)[0])


def _find_force_scale(given: Evaluation, shaken: Evaluation) -> tuple[float, str]:
    """Get the RMS force that errors are relative to, and whether it is that of the "given" or "shaken" structure."""
    scale, shakenScale = rms_norm(given.forces), rms_norm(shaken.forces)
    return (shakenScale, "shaken") if scale < REST * shakenScale else (scale, "given")


def find_truth(subject: Subject, c: Configurations, exact: Exact) -> tuple[Truth, ForceSummary]:
    """Evaluate a force on Reference, and compare it with the same force in format double."""
    context = create_context(subject.system, "Reference", {})
    given, plus, minus = evaluate(context, c.real, c.given, c.plus, c.minus)
    nudged, jittered, shaken = evaluate(context, c.real, c.nudged, c.jittered, c.shaken)
    scale, scaledBy = _find_force_scale(given, shaken)
    energyScale = max(abs(given.energy), abs(shaken.energy))
    workScale = max(find_work_scale(c, given), find_work_scale(c, plus))
    sensitivity = Sensitivity(
        rounding=compare(exact.given, given, scale, energyScale),
        positions=compare(nudged, given, scale, energyScale),
        distances=compare(jittered, given, scale, energyScale),
        forceScale=scale,
    )
    gradientError = find_gradient_error(c, given, plus, minus, workScale)
    summary = ForceSummary(
        force=subject.index,
        name=subject.name,
        format=subject.format,
        method=subject.method,
        energy=given.energy,
        rmsForce=scale,
        scaledBy=scaledBy,
        formatForceError=ratio(rms_norm(given.forces - exact.given.forces), exact.forceScale),
        formatEnergyError=ratio(abs(given.energy - exact.given.energy), abs(exact.given.energy)),
    )
    return Truth(given, subject.describe_choices(context), sensitivity, energyScale, workScale, gradientError), summary
