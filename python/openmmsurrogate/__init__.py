# SPDX-License-Identifier: MIT
"""Neural-network pair forces for OpenMM at a chosen numeric precision.

Importing the package loads its plugin libraries into OpenMM, one for each platform that OpenMM has and they serve. What
could not be loaded is said in ``pluginLoadFailures``, and ``openmm-surrogate doctor`` explains it.
"""

from importlib.metadata import version as _version

from openmmsurrogate import _loading  # before the others: it checks OpenMM and our extension
from openmmsurrogate._warnings import ApplicabilityWarning
from openmmsurrogate.force import SurrogateForce
from openmmsurrogate.forcefield import SurrogateGenerator
from openmmsurrogate.model import SurrogateModel, listModels
from openmmsurrogate.network import NumericFormat, PairNetwork
from openmmsurrogate.pme import ForceError, TunablePMEForce, replaceNonbondedForce, tunePME
from openmmsurrogate.reporters import EnergyUseReporter

__version__ = _version("openmm-surrogate")
pluginLoadFailures: list[str] = _loading.load_plugins()
"""What kept a plugin library from being loaded, one readable text each; empty if nothing is wrong. That OpenMM has no
platform CUDA here is not: a machine without a GPU lacks it."""

__all__ = [
    "ApplicabilityWarning",
    "EnergyUseReporter",
    "ForceError",
    "NumericFormat",
    "PairNetwork",
    "SurrogateForce",
    "SurrogateGenerator",
    "SurrogateModel",
    "TunablePMEForce",
    "listModels",
    "pluginLoadFailures",
    "replaceNonbondedForce",
    "tunePME",
]
