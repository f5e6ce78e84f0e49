# SPDX-License-Identifier: MIT
"""What platform Reference says about one force as one function, and the yardsticks that follow from it."""

from __future__ import annotations

from dataclasses import dataclass

import openmm
from numpy.typing import ArrayLike
from openmm import XmlSerializer

from openmmsurrogate._options import EvaluationMethod, Precision
from openmmsurrogate.force import SurrogateForce
from openmmsurrogate.network import NumericFormat
from openmmsurrogate.validation.bounds import Sensitivity
from openmmsurrogate.validation.configurations import Configurations, Evaluation, create_context, evaluate
from openmmsurrogate.validation.measures import compare, find_gradient_error, find_work_scale, ratio, rms_norm
from openmmsurrogate.validation.report import ForceSummary

REST = 0.1
"""A structure is at rest where its RMS force is below this fraction of that of the shaken structure."""


@dataclass(frozen=True)
class Subject:
    """A System that holds one force, as one function."""

    system: openmm.System
    index: int
    """Index of the force in the user's System."""
    format: Precision
    own: bool
    """Whether that is the format of the force in the user's System."""

    @property
    def force(self) -> SurrogateForce:
        """The force."""
        return SurrogateForce.cast(self.system.getForce(0))

    @property
    def method(self) -> EvaluationMethod:
        """How the function is evaluated."""
        method = self.force.getEvaluationMethod()
        return EvaluationMethod.Table if method == EvaluationMethod.Automatic else method

    def withFormat(self, format: Precision) -> Subject:
        """Get a copy whose function is that of another format."""
        system = XmlSerializer.clone(self.system)
        SurrogateForce.cast(system.getForce(0)).setPrecision(format)
        return Subject(system, self.index, format, format == self.format)


@dataclass(frozen=True)
class Truth:
    """What Reference computes."""

    given: Evaluation
    sensitivity: Sensitivity
    energyScale: float
    """kJ/mol."""
    workScale: float
    """kJ/mol."""
    gradientError: float
    """How far energies and forces of Reference itself are apart, by the few points of a finite step."""


def isolate(system: openmm.System, index: int, box: ArrayLike | None) -> Subject:
    """Copy a System with one of its forces and no other, in its own format; with a box, if one is given."""
    alone = XmlSerializer.clone(system)
    for i in reversed(range(alone.getNumForces())):
        if i != index:
            alone.removeForce(i)
    if box is not None:
        alone.setDefaultPeriodicBoxVectors(*box)  # type: ignore[misc]  # rows
    force = SurrogateForce.cast(alone.getForce(0))
    own = force.getPrecision()
    if own == Precision.Default:
        own = force.getModel().getFormat()
    if own == Precision.Default:
        own = Precision.Single  # what platforms other than Reference take
    force.setPrecision(own)
    return Subject(alone, index, own, True)


def evaluate_exactly(subject: Subject, c: Configurations) -> Evaluation:
    """Evaluate a force on Reference in format double."""
    context = create_context(subject.withFormat(Precision.Double).system, "Reference", {})
    (exact,) = evaluate(context, c.real, c.given)
    return exact


def find_truth(subject: Subject, c: Configurations, exact: Evaluation) -> tuple[Truth, ForceSummary]:
    """Evaluate a force on Reference, and compare it with the same force in format double."""
    context = create_context(subject.system, "Reference", {})
    given, plus, minus = evaluate(context, c.real, c.given, c.plus, c.minus)
    nudged, jittered, shaken = evaluate(context, c.real, c.nudged, c.jittered, c.shaken)
    scale, scaledBy = rms_norm(given.forces), "given"
    if scale < REST * rms_norm(shaken.forces):
        scale, scaledBy = rms_norm(shaken.forces), "shaken"
    energyScale = max(abs(given.energy), abs(shaken.energy))
    workScale = max(find_work_scale(c, given), find_work_scale(c, plus))
    sensitivity = Sensitivity(
        rounding=compare(exact, given, scale, energyScale),
        positions=compare(nudged, given, scale, energyScale),
        distances=compare(jittered, given, scale, energyScale),
        forceScale=scale,
    )
    gradientError = find_gradient_error(c, given, plus, minus, workScale)
    summary = ForceSummary(
        force=subject.index,
        name=subject.force.getName(),
        format=NumericFormat.getName(subject.format),
        method=subject.method.name.lower(),
        energy=given.energy,
        rmsForce=scale,
        scaledBy=scaledBy,
        formatForceError=ratio(rms_norm(given.forces - exact.forces), scale),
        formatEnergyError=sensitivity.rounding.energy,
    )
    return Truth(given, sensitivity, energyScale, workScale, gradientError), summary
