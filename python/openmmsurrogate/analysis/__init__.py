# SPDX-License-Identifier: MIT
"""Analysis of simulations: radial distribution functions, statistical errors, and force errors.

Arrays are plain numpy arrays in OpenMM's units: nm, ps, kJ/mol, kJ/mol/nm.
"""

from openmmsurrogate.analysis.force_metrics import ForceMetrics, compareForces, formatR2
from openmmsurrogate.analysis.radial_distribution import RadialDistribution, computeRadialDistribution
from openmmsurrogate.analysis.series_average import SeriesAverage, averageSeries
from openmmsurrogate.analysis.units import EV_PER_ANGSTROM, toEVPerAngstrom

__all__ = [
    "EV_PER_ANGSTROM",
    "ForceMetrics",
    "RadialDistribution",
    "SeriesAverage",
    "averageSeries",
    "compareForces",
    "computeRadialDistribution",
    "formatR2",
    "toEVPerAngstrom",
]
