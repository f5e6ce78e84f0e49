# SPDX-License-Identifier: MIT
"""TunablePMEForce."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple

import openmm
from openmm import OpenMMException, XmlSerializer, unit

from openmmsurrogate import _wrapper
from openmmsurrogate._convert import FORCE, cast_force, check_instance, number_in
from openmmsurrogate._options import KSpaceMethod, Precision, as_option

STAGE_FORMATS = (Precision.Default, Precision.Double, Precision.Single, Precision.BFloat16, Precision.Float16)


class ForceError(NamedTuple):
    """The root mean square error of forces."""

    absolute: unit.Quantity
    """kJ/mol/nm"""
    relative: float
    """over the root mean square of the force"""


class TunablePMEForce(_wrapper.TunablePMEForce):
    """A NonbondedForce whose reciprocal space can be tuned: how the potential is split, the spline order, precisions.

    It is an ``openmm.NonbondedForce``, and each setting means what it means there. With the methods NoCutoff,
    CutoffNonPeriodic, CutoffPeriodic and Ewald it computes exactly the same. With PME and LJPME the platform's own
    kernel computes everything but reciprocal space, which has four stages, each with a precision: spreading of charges,
    FFT, convolution, interpolation of forces. A stage's precision is the format of what it stores on the grid;
    arithmetic is double for ``Double`` and single for all others. Precisions: ``Default`` (Double on Reference, and on
    CUDA with its Precision "double"; else Single), ``Double, Single``, and on Reference and CPU ``BFloat16, Float16``.
    They may also be given by name, such as "single".

    ``setKSpaceMethod()`` chooses between OpenMM's Gaussian split, ``SPME``, and a prolate one, ``ESP``, which needs a
    far coarser grid for the same error; ``Automatic`` is ESP where it can be used. With ESP the platform's own kernel
    is not used, and ours compute direct space too.

    Three setters choose alpha and the grid, and the first of these that applies wins: ``setPMEParameters()`` with an
    alpha other than 0 (which means SPME), ``setForceErrorTolerance()``, ``setEwaldErrorTolerance()``. With ESP the
    error is measured at the first evaluation, and the parameters are made stricter if it is too large.
    ``getPMEParametersInContext()`` and ``getKSpaceMethodInContext()`` tell what a Context uses. A Context on a platform
    without kernels for this class raises an OpenMMException.

    Parameters
    ----------
    force : openmm.NonbondedForce, optional
        the force to take all particles, exceptions and settings from; it may be in use

    Examples
    --------
    >>> force = TunablePMEForce(nonbonded)
    >>> force.setForceErrorTolerance(0.5)
    >>> force.setFFTPrecision("double")
    """

    Default = Precision.Default
    Double = Precision.Double
    Single = Precision.Single
    BFloat16 = Precision.BFloat16
    Float16 = Precision.Float16
    Automatic = KSpaceMethod.Automatic
    SPME = KSpaceMethod.SPME
    ESP = KSpaceMethod.ESP

    def __init__(self, force: openmm.NonbondedForce | None = None) -> None:
        if force is None:
            super().__init__()
        else:
            check_instance(force, openmm.NonbondedForce, "")
            super().__init__(force)

    @staticmethod
    def isinstance(force: openmm.Force) -> bool:
        """Tell whether a Force is a TunablePMEForce, also where System.getForce() gives an openmm.NonbondedForce."""
        return _wrapper.TunablePMEForce._isInstance(force)

    @staticmethod
    def cast(force: openmm.Force) -> TunablePMEForce:
        """See a Force that is a TunablePMEForce as one. It is the same object: a force in a System stays there.

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
        return cast_force(TunablePMEForce, force)

    def getKSpaceMethod(self) -> KSpaceMethod:
        """Get how Coulomb's potential is split."""
        return KSpaceMethod(super().getKSpaceMethod())

    def setKSpaceMethod(self, method: int | str) -> None:
        """Set how Coulomb's potential is split: ``Automatic, SPME`` or ``ESP``, or a name such as "esp".

        ``Automatic`` is ESP with the method PME, ``setPMEParameters()`` and ``setSplineOrder()`` at their defaults, a
        tolerance that ESP has parameters for, and a platform on which it is the faster one; else SPME. A Context for
        which ESP is set but cannot be used raises an OpenMMException that says why.
        """
        super().setKSpaceMethod(as_option(KSpaceMethod, method, "kSpaceMethod"))

    def getKSpaceMethodInContext(self, context: openmm.Context) -> KSpaceMethod:
        """Get what Automatic has become in a Context: SPME or ESP.

        With ESP there is no alpha. What ``getPMEParametersInContext()`` returns in its place is that of the Gaussian
        split with the same second moment.

        Raises
        ------
        OpenMMException
            if the Context uses no mesh
        """
        return KSpaceMethod(super().getKSpaceMethodInContext(context))

    def getMeshErrorInContext(self, context: openmm.Context) -> ForceError:
        """Get the error of the mesh that a Context with ESP has measured at its first evaluation.

        Against a mesh with twice as many points along each axis; also measured when the box has grown, or when charges
        have changed by more than a tenth.

        Returns
        -------
        ForceError
            root mean square over particles: absolute, and over the root mean square of the electrostatic force, or over
            a typical force where that is smaller, as in a perfect crystal

        Raises
        ------
        OpenMMException
            if the Context does not use ESP, has not been evaluated, or its platform does not measure the error
        """
        absolute, relative = super().getMeshErrorInContext(context)
        return ForceError(unit.Quantity(absolute, FORCE), relative)

    def getSplineOrder(self) -> int:
        """Get the order of the B-spline. Default 5, which is OpenMM's."""
        return super().getSplineOrder()

    def setSplineOrder(self, order: int) -> None:
        """Set the order of the B-spline, 4 to 8: each charge is spread over order**3 points.

        With ESP the tolerance chooses the order of the window, and this one must be left at its default.

        Raises
        ------
        OpenMMException
            if it is another number
        """
        super().setSplineOrder(order)

    def getSpreadingPrecision(self) -> Precision:
        """Get the format of the charge grid."""
        return Precision(super().getSpreadingPrecision())

    def setSpreadingPrecision(self, precision: int | str) -> None:
        """Set the format of the charge grid: ``Default, Double, Single, BFloat16`` or ``Float16``."""
        super().setSpreadingPrecision(_as_stage_format(precision, "setSpreadingPrecision"))

    def getFFTPrecision(self) -> Precision:
        """Get the format of what both transforms store."""
        return Precision(super().getFFTPrecision())

    def setFFTPrecision(self, precision: int | str) -> None:
        """Set the format of what both transforms store: ``Default, Double, Single, BFloat16`` or ``Float16``."""
        super().setFFTPrecision(_as_stage_format(precision, "setFFTPrecision"))

    def getConvolutionPrecision(self) -> Precision:
        """Get the format of the influence function and of the products with it."""
        return Precision(super().getConvolutionPrecision())

    def setConvolutionPrecision(self, precision: int | str) -> None:
        """Set the format of the influence function and of the products with it, one of the same formats."""
        super().setConvolutionPrecision(_as_stage_format(precision, "setConvolutionPrecision"))

    def getInterpolationPrecision(self) -> Precision:
        """Get the format of the potential that is interpolated."""
        return Precision(super().getInterpolationPrecision())

    def setInterpolationPrecision(self, precision: int | str) -> None:
        """Set the format of the potential that is interpolated, one of the same formats."""
        super().setInterpolationPrecision(_as_stage_format(precision, "setInterpolationPrecision"))

    def setPrecision(self, precision: int | str) -> None:
        """Set the precision of all four stages: ``Default, Double, Single, BFloat16`` or ``Float16``."""
        precision = _as_stage_format(precision, "setPrecision")
        self.setSpreadingPrecision(precision)
        self.setFFTPrecision(precision)
        self.setConvolutionPrecision(precision)
        self.setInterpolationPrecision(precision)

    def getForceErrorTolerance(self) -> unit.Quantity:
        """Get the error that alpha and grid are chosen for, kJ/mol/nm; 0 if the Ewald error tolerance chooses them."""
        return unit.Quantity(super().getForceErrorTolerance(), FORCE)

    def setForceErrorTolerance(self, tolerance: float | unit.Quantity) -> None:
        """Choose alpha and grid, when a Context is created, for a root mean square error of the electrostatic force.

        It is an absolute error. The estimate takes charges to be uncorrelated, and uses the box, the charges and the
        default values of global parameters as they are when the Context is created; ``measureForceErrorInContext()``
        tells what came of it: the rounding of what is computed in single precision, as pairs are on platform CPU, comes
        on top, and with SPME a tolerance below it is missed without an error. With ESP the error is also measured at
        the first evaluation, and the parameters are made stricter until it is below the tolerance; if it cannot be, the
        evaluation raises an OpenMMException.

        Parameters
        ----------
        tolerance : float or Quantity
            kJ/mol/nm; 0 for none

        Raises
        ------
        OpenMMException
            if it is negative or not finite
        """
        super().setForceErrorTolerance(number_in(tolerance, FORCE, "forceErrorTolerance"))

    def measureForceErrorInContext(self, context: openmm.Context, maxParticles: int = 1000) -> ForceError:
        """Measure the error of the electrostatic forces that a Context computes, at its current positions.

        They are computed in a Context like it, with the electrostatic part of this force alone, and compared with a
        plain Ewald sum in double, without a mesh, that is converged to about 1e-10. If you have changed charges, call
        ``updateParametersInContext()`` first.

        Parameters
        ----------
        context : openmm.Context
            its System holds this force, with method PME or LJPME
        maxParticles : int
            the forces on this many particles, evenly chosen, are compared: the cost of the Ewald sum grows with it

        Returns
        -------
        ForceError
            root mean square over particles: absolute, and over the root mean square of the force

        Raises
        ------
        OpenMMException
            if the Context does not use PME, or maxParticles is not positive
        """
        absolute, relative = super().measureForceErrorInContext(context, maxParticles)
        return ForceError(unit.Quantity(absolute, FORCE), relative)

    def __copy__(self) -> TunablePMEForce:
        return TunablePMEForce.cast(XmlSerializer.clone(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> TunablePMEForce:
        return self.__copy__()

    def __reduce__(self) -> tuple[Any, ...]:
        return force_from_xml, (XmlSerializer.serialize(self),)


def _as_stage_format(precision: int | str, setter: str) -> Precision:
    """Convert what a setter was given; its error names that setter, and only the formats that a stage can have."""
    format = None
    with suppress(OpenMMException):  # an unknown name
        format = Precision(as_option(Precision, precision, "precision"))
    if format is None or format not in STAGE_FORMATS:
        raise OpenMMException(
            f"TunablePMEForce: {setter}() takes default, double, single, bfloat16 or float16; got {precision}"
        )
    return format


def force_from_xml(xml: str) -> TunablePMEForce:
    """Read a TunablePMEForce from XML."""
    return TunablePMEForce.cast(XmlSerializer.deserialize(xml))
