# SPDX-License-Identifier: MIT
"""How far a platform may be from Reference, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from openmmsurrogate._options import Precision

DOUBLE_ARITHMETIC = 1e-10
"""Relative error of forces and energies in double arithmetic, other orders of summation included."""
SINGLE_FORCES = 1e-5
"""Forces in single arithmetic: r^2 is rounded to 1e-7, by which a pair force changes some ten times as much, and pair
forces are larger than their sum."""
SINGLE_ENERGY = 1e-6
SINGLE_ENERGY_BUFFERS = 1e-5
"""Energies that are also summed in single, as a CUDA Context in ``single`` does."""
MESH_DOUBLE = 1e-6
"""TunablePMEForce in double: OpenMM's kernels of its other parts have approximations of this order."""
MESH_SINGLE_FORCES = 1e-4
"""TunablePMEForce in single, the force on any atom: pairs, exclusions and grid are larger than their sum."""
MESH_SINGLE_ENERGY = 1e-5
FIXED_POINT_STEP = 2.0**-32
"""Forces are summed on GPUs in 64-bit fixed point with this step, kJ/mol/nm."""
FIXED_POINT_TERMS = 256
"""At most so many roundings to a step are expected to add up in the force on an atom."""


@dataclass(frozen=True)
class Bounds:
    """The largest differences from Reference that pass. They have no unit."""

    force: float
    """Of the norm of the error of the force on any atom, over the RMS force."""
    energy: float
    """Of the potential energy, relative."""
    energyNoise: float = 0.0
    """Of energy differences between nearby configurations, relative to the energy: without what these share."""


@dataclass(frozen=True)
class Sensitivity:
    """How much the forces and energy of this System change on platform Reference, as in Bounds."""

    rounding: Bounds
    """From double to the numeric format."""
    positions: Bounds
    """When each coordinate changes by one step of single precision: twice the error of rounding it once, as positions
    are rounded again when they are moved into the box and subtracted."""
    distances: Bounds
    """When each distance changes by about the rounding error of single precision."""
    forceScale: float
    """The RMS force, kJ/mol/nm."""


def is_double_arithmetic(platform: str, contextPrecision: str | None, format: str, method: str) -> bool:
    """Tell whether a platform evaluates a SurrogateForce in double arithmetic (docs/reference/platforms.md)."""
    if platform == "CUDA":
        return contextPrecision == "double" and (method != "network" or format == "double")
    return format == "double" or method == "network"


def find_pair_bounds(
    platform: str, contextPrecision: str | None, format: str, method: str, sensitivity: Sensitivity
) -> Bounds:
    """Find the bounds of one platform for a SurrogateForce.

    They are those of its arithmetic, and of what the configuration makes of positions in single. A network in a reduced
    format comes out of another arithmetic on the other side of a rounding step now and then, and a platform has an
    activation function of its own: there the bound is the change that the format itself makes in this System.
    """
    if is_double_arithmetic(platform, contextPrecision, format, method):
        bounds = Bounds(DOUBLE_ARITHMETIC, DOUBLE_ARITHMETIC, DOUBLE_ARITHMETIC)
    else:
        energy = SINGLE_ENERGY_BUFFERS if contextPrecision == "single" else SINGLE_ENERGY
        # Coarse formats have steps, and cut-off forces one at the cutoff, of which a rounded distance makes more.
        energy += sensitivity.distances.energy
        bounds = Bounds(SINGLE_FORCES + sensitivity.distances.force, energy, energy)
        if method == "network" and format not in ("double", "single"):
            bounds = _add_format_rounding(bounds, sensitivity)
    return _add_gpu_rounding(platform, contextPrecision, bounds, sensitivity)


def find_mesh_bounds(
    platform: str, contextPrecision: str | None, stages: Sequence[Precision], sensitivity: Sensitivity
) -> Bounds:
    """Find the bounds of one platform for a TunablePMEForce, by the formats of its stages.

    Forces and energies are differences of large parts (pairs, exclusions, grid), each with an error of its own.
    """
    doubles = all(stage == Precision.Double for stage in stages)
    if platform == "CUDA" and contextPrecision == "double" and doubles:
        bounds = Bounds(MESH_DOUBLE, MESH_DOUBLE, MESH_DOUBLE)
    else:
        # What approximations and the rounding of a grid add to the energy hardly changes between nearby configurations.
        noise = SINGLE_ENERGY_BUFFERS if contextPrecision == "single" else SINGLE_ENERGY
        bounds = Bounds(MESH_SINGLE_FORCES, MESH_SINGLE_ENERGY, noise)
    if any(stage in (Precision.BFloat16, Precision.Float16) for stage in stages):
        # Sums in another order are rounded another way: as far apart as the format is from double.
        bounds = _add_format_rounding(bounds, sensitivity)
    return _add_gpu_rounding(platform, contextPrecision, bounds, sensitivity)


def _add_format_rounding(bounds: Bounds, sensitivity: Sensitivity) -> Bounds:
    """Add the change that the format itself makes."""
    rounding = sensitivity.rounding
    return Bounds(bounds.force + rounding.force, bounds.energy + rounding.energy, bounds.energyNoise)


def _add_gpu_rounding(platform: str, contextPrecision: str | None, bounds: Bounds, sensitivity: Sensitivity) -> Bounds:
    """Add what fixed-point sums and positions in single make, where a platform has them."""
    if platform != "CUDA":
        return bounds
    force, energy, noise = bounds.force, bounds.energy, bounds.energyNoise
    if sensitivity.forceScale > 0.0:
        force += FIXED_POINT_TERMS * FIXED_POINT_STEP / sensitivity.forceScale
    if contextPrecision != "double":
        force += sensitivity.positions.force
        energy += sensitivity.positions.energy
        noise += sensitivity.positions.energy
    return Bounds(force, energy, noise)
