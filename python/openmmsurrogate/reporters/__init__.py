# SPDX-License-Identifier: MIT
"""Reporters for openmm.app.Simulation, and the energy counter of NVIDIA GPUs behind one of them."""

from openmmsurrogate.reporters.energy_counter import EnergyCounter, EnergyCounterError
from openmmsurrogate.reporters.energy_use import EnergyUseReporter

__all__ = ["EnergyCounter", "EnergyCounterError", "EnergyUseReporter"]
