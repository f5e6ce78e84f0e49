# SPDX-License-Identifier: MIT
"""TunablePMEForce: a NonbondedForce whose reciprocal space can be tuned."""

from openmmsurrogate.pme.force import ForceError, TunablePMEForce
from openmmsurrogate.pme.forcefield import TunablePMEGenerator
from openmmsurrogate.pme.replace import replaceNonbondedForce

__all__ = ["ForceError", "TunablePMEForce", "TunablePMEGenerator", "replaceNonbondedForce"]
