# SPDX-License-Identifier: MIT
"""Reporters for openmm.app.Simulation, and the energy counter of NVIDIA GPUs, also for windows of time."""

from openmmsurrogate.reporters.energy_counter import EnergyCounter, EnergyCounterError
from openmmsurrogate.reporters.energy_use import EnergyUseReporter
from openmmsurrogate.reporters.power_meter import PowerMeter, measureIdlePower, openCounter

__all__ = ["EnergyCounter", "EnergyCounterError", "EnergyUseReporter", "PowerMeter", "measureIdlePower", "openCounter"]
