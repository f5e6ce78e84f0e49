# SPDX-License-Identifier: MIT
"""Export of pair networks to LAMMPS."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
from openmm import unit

from openmmsurrogate._convert import NANOMETER, number_in

if TYPE_CHECKING:
    from openmmsurrogate import SurrogateModel

# LAMMPS unit style "real": kcal/mol and angstrom. The thermochemical calorie is 4.184 J by definition, so that nothing
# but rounding is lost. (Style "metal" would bring in the rounded constants with which LAMMPS relates eV to kcal/mol.)
_KCAL = 4.184  # kJ
_ANGSTROM = 0.1  # nm


def exportLAMMPSTable(
    model: SurrogateModel,
    type1: int | str,
    type2: int | str,
    filename: str | os.PathLike[str],
    keyword: str = "SURROGATE",
    numPoints: int = 20000,
    minimumDistance: float | unit.Quantity = 0.1,
) -> None:
    """Write the interaction of two types as a table for LAMMPS's ``pair_style table``, in units ``real``.

    The points are equidistant in r^2, as LAMMPS keeps them, so that with the same number of points it takes them
    unchanged::

        units       real
        pair_style  table spline 20000
        pair_coeff  1 1 argon.table SURROGATE

    The cutoff is the last point of the table. Forces come from computeForce() and energies from computeEnergy(), in
    double precision.

    Parameters
    ----------
    model
        The model.
    type1, type2
        Names or indices of the types.
    filename
        The file to write.
    keyword
        Name of the table's section.
    numPoints
        Number of points; the same number belongs into ``pair_style table``.
    minimumDistance
        Smallest distance of the table, a Quantity or a number of nm; LAMMPS stops with an error when particles come
        closer. Unlike the model, a table in r^2 cannot begin at 0.

    Raises
    ------
    ValueError
        If there are fewer than two points, or minimumDistance is not between 0 and the cutoff.
    """
    cutoff = model.getCutoff().value_in_unit(NANOMETER)
    minimumDistance = number_in(minimumDistance, NANOMETER, "minimumDistance")
    if numPoints < 2:
        raise ValueError(f"a table needs at least 2 points, not {numPoints}")
    if not 0.0 < minimumDistance < cutoff:
        raise ValueError(
            f"minimumDistance must lie between 0 and the cutoff {cutoff:g} nm, not be {minimumDistance:g} nm"
        )
    r = np.sqrt(np.linspace(minimumDistance**2, cutoff**2, numPoints))
    # At the cutoff itself the model is 0; the table ends with the limit from inside.
    inside = np.minimum(r, np.nextafter(cutoff, 0.0))
    force = model.computeForce(type1, type2, inside).value_in_unit(unit.kilojoule_per_mole / unit.nanometer)
    energy = model.computeEnergy(type1, type2, inside).value_in_unit(unit.kilojoule_per_mole)
    columns = np.column_stack([r / _ANGSTROM, energy / _KCAL, force * _ANGSTROM / _KCAL])
    with open(filename, "w", encoding="ascii") as file:
        # LAMMPS reads the units from the first line and refuses a table in others.
        file.write(f"# UNITS: real\n# pair {type1} - {type2} of an openmm-surrogate model\n\n{keyword}\n")
        file.write(f"N {numPoints} RSQ {r[0] / _ANGSTROM:.15g} {r[-1] / _ANGSTROM:.15g}\n\n")
        file.writelines(f"{i} {x:.15g} {u:.15g} {w:.15g}\n" for i, (x, u, w) in enumerate(columns, start=1))
