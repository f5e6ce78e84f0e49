# SPDX-License-Identifier: MIT
"""TunablePMEForce: a NonbondedForce whose reciprocal space can be tuned."""

from openmmsurrogate.pme.bench import TunedSettings
from openmmsurrogate.pme.force import ForceError, TunablePMEForce
from openmmsurrogate.pme.forcefield import TunablePMEGenerator
from openmmsurrogate.pme.replace import replaceNonbondedForce
from openmmsurrogate.pme.tune import TuneResult, tunePME

__all__ = [
    "ForceError",
    "TunablePMEForce",
    "TunablePMEGenerator",
    "TuneResult",
    "TunedSettings",
    "replaceNonbondedForce",
    "tunePME",
]
