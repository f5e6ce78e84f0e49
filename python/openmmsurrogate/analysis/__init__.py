# SPDX-License-Identifier: MIT
"""Analysis of simulations: radial distribution functions, spectra, waves of charge, statistical errors, force errors.

Arrays are plain numpy arrays in OpenMM's units: nm, ps, kJ/mol, kJ/mol/nm.
"""

from openmmsurrogate.analysis.charge_waves import (
    ChargeCurrentSpectrum,
    computeChargeCurrentSpectrum,
    computeChargeStructureFactor,
)
from openmmsurrogate.analysis.force_metrics import ForceMetrics, compareForces, formatR2
from openmmsurrogate.analysis.radial_distribution import RadialDistribution, computeRadialDistribution
from openmmsurrogate.analysis.series_average import SeriesAverage, averageSeries
from openmmsurrogate.analysis.units import EV_PER_ANGSTROM, toEVPerAngstrom
from openmmsurrogate.analysis.velocity_spectrum import VelocitySpectrum, computeVelocitySpectrum

__all__ = [
    "EV_PER_ANGSTROM",
    "ChargeCurrentSpectrum",
    "ForceMetrics",
    "RadialDistribution",
    "SeriesAverage",
    "VelocitySpectrum",
    "averageSeries",
    "compareForces",
    "computeChargeCurrentSpectrum",
    "computeChargeStructureFactor",
    "computeRadialDistribution",
    "computeVelocitySpectrum",
    "formatR2",
    "toEVPerAngstrom",
]
