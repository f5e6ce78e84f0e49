# SPDX-License-Identifier: MIT
"""Pair networks as PyTorch modules, both ways. Importing this package imports PyTorch."""

from openmmsurrogate.pytorch.import_model import importNetwork
from openmmsurrogate.pytorch.modules import ClampedPolynomial, SurrogateModule

__all__ = ["ClampedPolynomial", "SurrogateModule", "importNetwork"]
