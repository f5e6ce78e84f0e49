# SPDX-License-Identifier: MIT
"""What is validated: a System that holds one force of this package, in one numeric format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import XmlSerializer, unit

from openmmsurrogate._options import EvaluationMethod, KSpaceMethod, Precision
from openmmsurrogate.force import SurrogateForce
from openmmsurrogate.network import NumericFormat
from openmmsurrogate.pme import TunablePMEForce
from openmmsurrogate.validation.bounds import Bounds, Sensitivity, find_mesh_bounds, find_pair_bounds
from openmmsurrogate.validation.configurations import create_context

ALL_FORMATS = tuple(format for format in Precision if format != Precision.Default)


@dataclass(frozen=True)
class Subject(ABC):
    """A System that holds one force."""

    system: openmm.System
    index: int
    """Index of the force in the user's System."""
    own: bool
    """Whether the format is that of the force in the user's System."""

    @property
    def name(self) -> str:
        """Name of the force."""
        result: str = self.system.getForce(0).getName()
        return result

    @property
    @abstractmethod
    def format(self) -> str:
        """Name of the format, for the tables."""

    @property
    @abstractmethod
    def method(self) -> str:
        """How the force is computed, for the tables."""

    @property
    @abstractmethod
    def formats(self) -> Sequence[Precision]:
        """The formats that this kind of force has."""

    @property
    def usual_formats(self) -> Sequence[Precision]:
        """The formats that are compared where none is asked for."""
        return self.formats

    @abstractmethod
    def set_format(self, format: Precision) -> None:
        """Change the format."""

    @abstractmethod
    def find_bounds(self, platform: str, contextPrecision: str | None, sensitivity: Sensitivity) -> Bounds:
        """Find how far a platform may be from Reference."""

    @abstractmethod
    def check_applicability(self, positions: NDArray[np.float64]) -> tuple[str, ...]:
        """Warn if positions, nm, are unlike what the force was made for, and return what could not be compared."""

    @property
    def doubt(self) -> str:
        """Why a difference may be Reference's fault; empty if there is no such reason."""
        return ""

    @abstractmethod
    def describe_choices(self, context: openmm.Context) -> str:
        """Say what a Context that has computed forces has chosen by itself; empty if nothing."""

    @abstractmethod
    def settle(self, contexts: Sequence[tuple[str, dict[str, str]]]) -> None:
        """Replace settings that platforms choose for themselves, given the platforms with their properties."""

    def with_format(self, format: Precision) -> Subject:
        """Get a copy in another format."""
        copy = type(self)(XmlSerializer.clone(self.system), self.index, NumericFormat.getName(format) == self.format)
        copy.set_format(format)
        return copy


class PairSubject(Subject):
    """A System with a SurrogateForce."""

    @property
    def _force(self) -> SurrogateForce:
        return SurrogateForce.cast(self.system.getForce(0))

    def set_own_format(self) -> None:
        """Give the force explicitly the format that it has on platforms other than Reference."""
        own = self._force.getPrecision()
        if own == Precision.Default:
            own = self._force.getModel().getFormat()
        self.set_format(Precision.Single if own == Precision.Default else own)

    def check_applicability(self, positions: NDArray[np.float64]) -> tuple[str, ...]:
        """Give an ApplicabilityWarning if positions, nm, are unlike the training data of the model."""
        from openmmsurrogate.evaluation import checkApplicability  # which reads data, whose readers are of this package

        box = self.system.getDefaultPeriodicBoxVectors()
        result = checkApplicability(self._force, positions, [vector.value_in_unit(unit.nanometer) for vector in box])
        result.warn(model=f"the model of force {self.index}")
        return result.notCompared

    def describe_choices(self, context: openmm.Context) -> str:
        """Nothing is chosen."""
        return ""

    def settle(self, contexts: Sequence[tuple[str, dict[str, str]]]) -> None:
        """Do nothing: a platform chooses nothing but the format."""

    @property
    def format(self) -> str:
        """Name of the format."""
        return NumericFormat.getName(self._force.getPrecision())

    @property
    def method(self) -> str:
        """Table or network."""
        method = self._force.getEvaluationMethod()
        return "network" if method == EvaluationMethod.Network else "table"

    @property
    def formats(self) -> Sequence[Precision]:
        """All of them."""
        return ALL_FORMATS

    def set_format(self, format: Precision) -> None:
        """Set the precision of the force."""
        self._force.setPrecision(format)

    def find_bounds(self, platform: str, contextPrecision: str | None, sensitivity: Sensitivity) -> Bounds:
        """Find the bounds of a pair force."""
        return find_pair_bounds(platform, contextPrecision, self.format, self.method, sensitivity)


class MeshSubject(Subject):
    """A System with a TunablePMEForce; the format is that of all four stages."""

    @property
    def _force(self) -> TunablePMEForce:
        return TunablePMEForce.cast(self.system.getForce(0))

    def _stages(self) -> list[Precision]:
        force = self._force
        return [
            force.getSpreadingPrecision(),
            force.getFFTPrecision(),
            force.getConvolutionPrecision(),
            force.getInterpolationPrecision(),
        ]

    def set_own_format(self) -> None:
        """Give each stage explicitly the format that it has on platforms other than Reference."""
        force = self._force
        spreading, fft, convolution, interpolation = (
            Precision.Single if stage == Precision.Default else stage for stage in self._stages()
        )
        force.setSpreadingPrecision(spreading)
        force.setFFTPrecision(fft)
        force.setConvolutionPrecision(convolution)
        force.setInterpolationPrecision(interpolation)

    def settle(self, contexts: Sequence[tuple[str, dict[str, str]]]) -> None:
        """Give the force the split that the platforms choose, that Reference has it too; SPME where they differ."""
        force = self._force
        if force.getKSpaceMethod() == KSpaceMethod.Automatic and self.method == "PME":
            found = set()
            for platform, properties in contexts:
                # What a platform refuses, such as 16 bits on CUDA, is told where it is compared.
                with suppress(openmm.OpenMMException):
                    context = create_context(self.system, platform, properties)
                    found.add(force.getKSpaceMethodInContext(context))
            force.setKSpaceMethod(found.pop() if len(found) == 1 else KSpaceMethod.SPME)

    @property
    def doubt(self) -> str:
        """OpenMM's list of pairs, which all but ESP have on Reference."""
        vectors = [v.value_in_unit(unit.nanometer) for v in self.system.getDefaultPeriodicBoxVectors()]
        rectangular = np.array_equal(vectors, np.diag(np.diag(vectors)))
        methods = (TunablePMEForce.NoCutoff, TunablePMEForce.CutoffNonPeriodic)
        if (
            rectangular
            or self._force.getNonbondedMethod() in methods
            or self._force.getKSpaceMethod() == KSpaceMethod.ESP
        ):
            return ""
        return (
            "this may be the fault of OpenMM's Reference platform, which loses pairs in triclinic boxes, but not of ESP"
        )

    def describe_choices(self, context: openmm.Context) -> str:
        """Name the mesh of ESP, which depends on the error that each platform measures."""
        if self._force.getKSpaceMethod() != KSpaceMethod.ESP:
            return ""
        _, *grid = self._force.getPMEParametersInContext(context)
        return f"a mesh of {'x'.join(map(str, grid))} points"

    @property
    def format(self) -> str:
        """Name of the format, or those of the four stages."""
        names = [NumericFormat.getName(stage) for stage in self._stages()]
        return names[0] if len(set(names)) == 1 else "/".join(names)

    @property
    def method(self) -> str:
        """The nonbonded method, with a note if its split is ESP."""
        names = ("NoCutoff", "CutoffNonPeriodic", "CutoffPeriodic", "Ewald", "PME", "LJPME")
        name = next(name for name in names if getattr(TunablePMEForce, name) == self._force.getNonbondedMethod())
        return f"{name} (ESP)" if self._force.getKSpaceMethod() == KSpaceMethod.ESP else name

    @property
    def formats(self) -> Sequence[Precision]:
        """Those that a grid can be stored in."""
        return (Precision.Double, Precision.Single, Precision.BFloat16, Precision.Float16)

    @property
    def usual_formats(self) -> Sequence[Precision]:
        """All of them with SPME; ESP refuses 16 bits."""
        return self.formats[:2] if self._force.getKSpaceMethod() == KSpaceMethod.ESP else self.formats

    def set_format(self, format: Precision) -> None:
        """Set the precision of all stages."""
        self._force.setPrecision(format)

    def check_applicability(self, positions: NDArray[np.float64]) -> tuple[str, ...]:
        """Nothing to warn of: this force is made for any positions."""
        return ()

    def find_bounds(self, platform: str, contextPrecision: str | None, sensitivity: Sensitivity) -> Bounds:
        """Find the bounds of a force with a mesh."""
        return find_mesh_bounds(platform, contextPrecision, self._stages(), sensitivity)


KINDS: dict[type, type[PairSubject] | type[MeshSubject]] = {SurrogateForce: PairSubject, TunablePMEForce: MeshSubject}


def find_kind(force: openmm.Force) -> type[PairSubject] | type[MeshSubject] | None:
    """Get what a force becomes when it is validated; None for forces of others."""
    for kind, subject in KINDS.items():
        if kind.isinstance(force):  # type: ignore[attr-defined]
            return subject
    return None


def isolate(system: openmm.System, index: int, box: NDArray[np.float64] | None) -> Subject:
    """Copy a System with one of its forces and no other, in its own format; with a box, if one is given."""
    kind = find_kind(system.getForce(index))
    assert kind is not None, "the caller chose a force of ours"
    alone = XmlSerializer.clone(system)
    for i in reversed(range(alone.getNumForces())):
        if i != index:
            alone.removeForce(i)
    if box is not None:
        alone.setDefaultPeriodicBoxVectors(*box)
    subject = kind(alone, index, True)
    subject.set_own_format()
    return subject
