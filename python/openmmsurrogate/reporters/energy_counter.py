# SPDX-License-Identifier: MIT
"""The energy counters of NVIDIA GPUs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import openmm

from openmmsurrogate.reporters.cuda_devices import DeviceLookupError, get_context_devices

UPDATE_INTERVAL = 0.1
"""Time between two updates of the counter, s: measured on an NVIDIA H200. Z. Yang, K. Adamek and W. Armour,
arXiv:2312.02741, found no longer intervals on GPUs from Volta to Hopper, for the power readings that it sums up."""


class EnergyCounterError(RuntimeError):
    """There is no energy counter to read; the message says why, and what to do."""


class EnergyCounter:
    """The sum of the energy counters of some GPUs (NVML's total energy consumption, millijoules inside).

    A counter belongs to a whole GPU: to all that runs on it, of all processes, and to what it draws when idle. It is
    updated in intervals of up to ``UPDATE_INTERVAL``, so that differences over a second or less say little.

    Parameters
    ----------
    devices : sequence of str
        UUIDs of the GPUs, such as ``GPU-8c5e...``

    Raises
    ------
    EnergyCounterError
        if pynvml is not installed, finds no driver, does not know a GPU, or a GPU has no counter
    """

    def __init__(self, devices: Sequence[str]) -> None:
        try:
            import pynvml
        except ImportError:
            raise EnergyCounterError(
                "pynvml is not installed, through which the energy counter of the GPU is read: pip install nvidia-ml-py"
            ) from None
        self._nvml: Any = pynvml
        self._devices = tuple(devices)
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            raise EnergyCounterError(f"NVML, which manages NVIDIA's GPUs, does not start: {error}") from None
        self._handles = [self._find(device) for device in self._devices]
        self.read()

    @staticmethod
    def forContext(context: openmm.Context) -> EnergyCounter:
        """Get the counter of the GPUs that a Context of platform CUDA runs on."""
        try:
            return EnergyCounter(get_context_devices(context))
        except DeviceLookupError as error:
            raise EnergyCounterError(str(error)) from None

    def _find(self, device: str) -> Any:
        try:
            return self._nvml.nvmlDeviceGetHandleByUUID(device)
        except self._nvml.NVMLError as error:
            raise EnergyCounterError(
                f"NVML does not know the GPU {device} ({error}). A part of one (MIG) has no energy counter."
            ) from None

    def getDevices(self) -> tuple[str, ...]:
        """Get the UUIDs of the GPUs."""
        return self._devices

    def read(self) -> float:
        """Get the energy used since the driver was loaded, J, summed over the GPUs.

        Raises
        ------
        EnergyCounterError
            if a GPU has no counter, as those older than Volta, or has been lost
        """
        total = 0
        for device, handle in zip(self._devices, self._handles, strict=True):
            try:
                total += self._nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
            except self._nvml.NVMLError as error:
                raise EnergyCounterError(
                    f"the energy counter of GPU {device} cannot be read: {error}. GPUs older than Volta have none."
                ) from None
        return total / 1000.0
