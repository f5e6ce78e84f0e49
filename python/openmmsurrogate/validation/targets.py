# SPDX-License-Identifier: MIT
"""The platforms that are compared with Reference, in each setting of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import openmm

from openmmsurrogate._loading import get_platform_names
from openmmsurrogate.validation.configurations import Configurations, create_context, evaluate
from openmmsurrogate.validation.measures import compare, find_gradient_error, ratio, rms_norm
from openmmsurrogate.validation.report import FAILED, PASSED, SKIPPED, ValidationRow
from openmmsurrogate.validation.subjects import Subject
from openmmsurrogate.validation.truth import Truth

PLATFORMS = ("CPU", "CUDA")
CUDA_PRECISIONS = ("single", "mixed", "double")


@dataclass(frozen=True)
class Target:
    """A platform with one setting of it."""

    platform: str
    contextPrecision: str | None

    @property
    def properties(self) -> dict[str, str]:
        """The platform's properties."""
        return {} if self.contextPrecision is None else {"Precision": self.contextPrecision}


def list_targets(platform: str) -> Sequence[Target]:
    """List the settings of a platform."""
    precisions = CUDA_PRECISIONS if platform == "CUDA" else (None,)
    return [Target(platform, precision) for precision in precisions]


def find_obstacle(platform: str) -> str:
    """Say why nothing can run on a platform here; empty if something can."""
    names = get_platform_names()
    if platform not in names:
        alike = [name for name in names if name.lower() == platform.lower()]
        return f"OpenMM has no platform {platform} here{f', but {alike[0]}' if alike else ''}"
    system = openmm.System()
    system.addParticle(1.0)
    try:
        create_context(system, platform, {})
    except Exception as error:  # what OpenMM or a driver raises is the answer; some of it is plain Exception
        return str(error)
    return ""


def validate_target(
    subject: Subject, truth: Truth, c: Configurations, target: Target, row: ValidationRow
) -> ValidationRow:
    """Compare one target with Reference."""
    row = replace(row, platform=target.platform, contextPrecision=target.contextPrecision)
    try:
        context = create_context(subject.system, target.platform, target.properties)
        given, plus, minus = evaluate(context, c.real, c.given, c.plus, c.minus)
        choices = subject.describe_choices(context)
    except Exception as error:  # as above
        # A format that a platform or chip does not have, which is named then, is no failure unless the force has it.
        refused = not row.own and row.format in str(error).lower()
        return replace(row, verdict=SKIPPED if refused else FAILED, reason=str(error))
    bounds = subject.find_bounds(target.platform, target.contextPrecision, truth.sensitivity)
    scale = truth.sensitivity.forceScale
    errors = compare(given, truth.given, scale, truth.energyScale)
    energyNoise = ratio(bounds.energyNoise * truth.energyScale, truth.workScale)
    measured = replace(
        row,
        forceError=ratio(rms_norm(given.forces - truth.given.forces), scale),
        forceMaximum=errors.force,
        forceBound=bounds.force,
        energyError=errors.energy,
        energyBound=bounds.energy,
        gradientError=find_gradient_error(c, given, plus, minus, truth.workScale),
        gradientBound=2.0 * truth.gradientError + bounds.force + 2.0 * energyNoise,
    )
    judged = judge(measured)
    notes = [subject.doubt] if subject.doubt else []
    if choices != truth.choices:
        notes.append(f"it has measured its error, and chosen {choices} where Reference has chosen {truth.choices}")
    return replace(judged, reason="; ".join([judged.reason, *notes])) if judged.verdict == FAILED else judged


def judge(row: ValidationRow) -> ValidationRow:
    """Add the verdict to a row of numbers."""
    checks = (
        ("force error", row.forceMaximum, row.forceBound),
        ("energy error", row.energyError, row.energyBound),
        ("difference of dU and work", row.gradientError, row.gradientBound),
    )
    reasons = [
        f"{what} {value:.1e} exceeds {bound:.1e}"
        for what, value, bound in checks
        if value is not None and bound is not None and not value <= bound  # also when it is NaN
    ]
    return replace(row, verdict=FAILED if reasons else PASSED, reason="; ".join(reasons))
