# SPDX-License-Identifier: MIT
"""SurrogateForce."""

from __future__ import annotations

from collections.abc import Iterable
from operator import index
from typing import TYPE_CHECKING, Any

import openmm
from openmm import XmlSerializer, unit

from openmmsurrogate import _wrapper
from openmmsurrogate._convert import NANOMETER, adopt, as_type, cast_force, check_instance
from openmmsurrogate._options import EvaluationMethod, Precision, as_option
from openmmsurrogate.model import SurrogateModel

if TYPE_CHECKING:
    from openmmsurrogate.evaluation import Applicability


class SurrogateForce(_wrapper.SurrogateForce):
    """A pair force given by the networks of a SurrogateModel.

    The energy is the sum of U(r) over pairs of particles closer than the model's cutoff, where it is zero, plus the
    model's energy offset of each particle. Particles have a type of the model, or none (-1), and then take no part.
    Excluded pairs do not interact.

    Two settings say what is evaluated. The precision chooses the function: each numeric format defines one w(r), and
    the energy is its integral. The evaluation method chooses how: ``Network`` evaluates that function pair by pair,
    ``Table`` (what ``Automatic`` means) replaces it by a table whose error is bounded by the table tolerance. They mean
    the same on every platform; platform CUDA supports ``Table`` only.

    Precisions: ``Default, Double, Single, TF32, BFloat16, Float16, Float8, Int8, Int4``.
    Methods: ``Automatic, Network, Table``. Both may also be given by name, such as "int8" or "table".

    Parameters
    ----------
    model : SurrogateModel
        it is copied

    Examples
    --------
    >>> force = SurrogateForce(SurrogateModel.load("argon"))
    >>> for atom in topology.atoms():
    ...     force.addParticle("Ar")
    >>> system.addForce(force)
    """

    Default = Precision.Default
    Double = Precision.Double
    Single = Precision.Single
    TF32 = Precision.TF32
    BFloat16 = Precision.BFloat16
    Float16 = Precision.Float16
    Float8 = Precision.Float8
    Int8 = Precision.Int8
    Int4 = Precision.Int4
    Automatic = EvaluationMethod.Automatic
    Network = EvaluationMethod.Network
    Table = EvaluationMethod.Table

    def __init__(self, model: SurrogateModel) -> None:
        check_instance(model, _wrapper.SurrogateModel, ", such as SurrogateModel.load('argon')")
        super().__init__(model)

    @staticmethod
    def isinstance(force: openmm.Force) -> bool:
        """Tell whether a Force is a SurrogateForce, also where System.getForce() gives an openmm.Force."""
        return _wrapper.SurrogateForce._isInstance(force)

    @staticmethod
    def cast(force: openmm.Force) -> SurrogateForce:
        """See a Force that is a SurrogateForce as one. It is the same object: a force in a System stays there.

        Parameters
        ----------
        force : openmm.Force
            as from System.getForce() or XmlSerializer.deserialize(). If Python owns the object, the result owns it from
            then on.

        Raises
        ------
        OpenMMException
            if it is another kind of force
        """
        return cast_force(SurrogateForce, force)

    def getModel(self) -> SurrogateModel:
        """Get a copy of the model. To change the force, change the copy and give it to setModel()."""
        return adopt(SurrogateModel, super().getModel())

    def setModel(self, model: SurrogateModel) -> None:
        """Replace the model. Particle types keep their indices.

        Raises
        ------
        OpenMMException
            if a particle has a type that the new model lacks
        """
        check_instance(model, _wrapper.SurrogateModel, ", such as SurrogateModel.load('argon')")
        super().setModel(model)

    def getCutoffDistance(self) -> unit.Quantity:
        """Get the cutoff distance, which is the model's, nm."""
        return unit.Quantity(super().getCutoffDistance(), NANOMETER)

    def getNumParticles(self) -> int:
        """Get the number of particles."""
        return super().getNumParticles()

    def addParticle(self, type: int | str) -> int:  # type: ignore[override]  # overloaded there
        """Add a particle. Call this once for each particle of the System; particle i here is particle i there.

        Parameters
        ----------
        type : int or str
            name or index of a type of the model, or -1 for a particle that takes no part

        Returns
        -------
        int
            the index of the particle
        """
        return super().addParticle(as_type(type))

    def getParticleType(self, index: int) -> int:
        """Get the type index of a particle, -1 if it takes no part."""
        return super().getParticleType(index)

    def setParticleType(self, index: int, type: int | str) -> None:  # type: ignore[override]
        """Set the type of a particle: name or index of a type of the model, or -1 for none."""
        super().setParticleType(index, as_type(type))

    def getNumExclusions(self) -> int:
        """Get the number of exclusions."""
        return super().getNumExclusions()

    def addExclusion(self, particle1: int, particle2: int) -> int:
        """Exclude the interaction of two particles, and get the index of the exclusion."""
        return super().addExclusion(particle1, particle2)

    def setExclusionParticles(self, index: int, particle1: int, particle2: int) -> None:
        """Set the two particles of an exclusion."""
        super().setExclusionParticles(index, particle1, particle2)

    def getExclusionParticles(self, index: int) -> list[int]:
        """Get the indices of the two particles of an exclusion."""
        return super().getExclusionParticles(index)

    def createExclusionsFromBonds(self, bonds: Iterable[tuple[int, int]], bondCutoff: int) -> None:
        """Exclude all pairs of particles that are linked by few bonds. Existing exclusions are kept and not repeated.

        Parameters
        ----------
        bonds : iterable of pairs of int
            indices of bonded particles
        bondCutoff : int
            pairs linked by this many bonds or fewer are excluded
        """
        try:
            pairs = [(index(first), index(second)) for first, second in bonds]
        except ValueError as error:
            raise TypeError(f"bonds must be pairs of particle indices: {error}") from None
        super().createExclusionsFromBonds(pairs, bondCutoff)

    def usesPeriodicBoundaryConditions(self) -> bool:
        """Get whether distances are those of the nearest periodic image. Default True."""
        return super().usesPeriodicBoundaryConditions()

    def setUsesPeriodicBoundaryConditions(self, periodic: bool) -> None:
        """Set whether distances are those of the nearest periodic image."""
        super().setUsesPeriodicBoundaryConditions(periodic)

    def getPrecision(self) -> Precision:
        """Get the numeric format that defines the function evaluated: a constant that prints as its name."""
        return Precision(super().getPrecision())

    def setPrecision(self, precision: int | str) -> None:
        """Set the numeric format that defines the function evaluated.

        Parameters
        ----------
        precision : constant or str
            such as ``SurrogateForce.BFloat16``, "bfloat16" or "bf16", not a plain number. ``Default`` means the model's
            own format; where it has none, Double on platform Reference and Single elsewhere.
        """
        super().setPrecision(as_option(Precision, precision, "precision"))

    def getEvaluationMethod(self) -> EvaluationMethod:
        """Get how that function is evaluated: ``Automatic``, ``Network`` or ``Table``."""
        return EvaluationMethod(super().getEvaluationMethod())

    def setEvaluationMethod(self, method: int | str) -> None:
        """Set how that function is evaluated: ``Automatic`` (which means Table), ``Network`` or ``Table``."""
        super().setEvaluationMethod(as_option(EvaluationMethod, method, "method"))

    def getTableTolerance(self) -> float:
        """Get the largest error of the table, relative to max(abs(w(r)), force scale)."""
        return super().getTableTolerance()

    def setTableTolerance(self, tolerance: float) -> None:
        """Set the largest error of the table, relative to max(abs(w(r)), force scale): between 1e-9 and 0.1.

        It holds in double; precisions single and mixed add their rounding: some 1e-6, and in places up to 1e-5 on
        platform CUDA.
        """
        super().setTableTolerance(tolerance)

    def getTableErrorInContext(self, context: openmm.Context) -> float:
        """Get the bound on the error of the table that a Context uses, relative to max(abs(w(r)), force scale).

        Returns
        -------
        float
            at most the table tolerance; 0 when the Context evaluates networks. The error is that against the function
            of the precision that is set, not against the unrounded model. With a reduced precision the steps of its
            rounding, which no table can follow, come on top.
        """
        return super().getTableErrorInContext(context)

    def checkInContext(self, context: openmm.Context) -> Applicability:
        """Compare the present configuration of a Context with the training data of the model.

        A model goes on computing where it was never trained: in another phase, at another density, at a surface. This
        tells, by an ``ApplicabilityWarning`` that names what is off. Call it after setting positions, and now and then
        in a simulation. What the model's file does not tell of its training cannot be compared, and gives no warning:
        ``notCompared`` of the result names it and says why.

        Parameters
        ----------
        context : openmm.Context
            one whose System this force is in

        Returns
        -------
        Applicability
            the findings as numbers and in words (see ``openmmsurrogate.evaluation.checkApplicability``)

        Raises
        ------
        ValueError
            if this force is not in the System of the Context, or the Context has no positions yet
        """
        from openmmsurrogate.evaluation import checkApplicability

        self._require_positions(context)
        state = context.getState(positions=True)
        positions = state.getPositions(asNumpy=True).value_in_unit(NANOMETER)
        periodic = self.usesPeriodicBoundaryConditions()
        box = state.getPeriodicBoxVectors(asNumpy=True).value_in_unit(NANOMETER) if periodic else None
        result = checkApplicability(self, positions, box)
        result.warn()
        return result

    def _require_positions(self, context: openmm.Context) -> None:
        """Raise ValueError if this force is not in a Context, or that has no positions, which are then told as 0."""
        try:
            self.getTableErrorInContext(context)
        except openmm.OpenMMException as error:
            raise ValueError(
                "this force is not in the System of the Context: take that which was added to it, or "
                f"SurrogateForce.cast(context.getSystem().getForce(index)) ({error})"
            ) from None
        try:
            context.getState(energy=True, groups=0)  # no group is computed
        except openmm.OpenMMException as error:
            raise ValueError(f"call context.setPositions() before checkInContext() ({error})") from None

    def updateParametersInContext(self, context: openmm.Context) -> None:
        """Copy particle types and the model from this object to a Context.

        Raises
        ------
        OpenMMException
            if something differs that a Context cannot change: the cutoff, the number of particles, the exclusions, the
            periodicity, the precision, the method or the table tolerance. Reinitialize the Context then.
        """
        super().updateParametersInContext(context)

    def __copy__(self) -> SurrogateForce:
        return SurrogateForce.cast(XmlSerializer.clone(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> SurrogateForce:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        return force_from_xml, (XmlSerializer.serialize(self),)


def force_from_xml(xml: str) -> SurrogateForce:
    """Read a SurrogateForce from XML."""
    return SurrogateForce.cast(XmlSerializer.deserialize(xml))
