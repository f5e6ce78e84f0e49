# SPDX-License-Identifier: MIT
"""Which GPUs a Context runs on, by their UUIDs.

An OpenMM DeviceIndex counts the devices that CUDA shows to this process, in CUDA's order: CUDA_VISIBLE_DEVICES hides
and reorders them, and CUDA_DEVICE_ORDER sorts them. NVML counts all of the machine in the order of the bus. Only the
UUID means the same to both.
"""

from __future__ import annotations

import ctypes
import uuid

import openmm

DRIVER_LIBRARY = "libcuda.so.1"


class DeviceLookupError(RuntimeError):
    """The devices of a Context cannot be told."""


def get_context_devices(context: openmm.Context) -> list[str]:
    """Get the UUIDs of the GPUs of a Context, such as ``GPU-8c5e...``, in the order of its DeviceIndex.

    Raises
    ------
    DeviceLookupError
        if the Context is not on platform CUDA, or CUDA's driver cannot be asked
    """
    platform = context.getPlatform()
    if platform.getName() != "CUDA":
        raise DeviceLookupError(
            f"the Context is on platform {platform.getName()}; only for platform CUDA can a device and its energy "
            "counter be told"
        )
    indices = platform.getPropertyValue(context, "DeviceIndex")
    return [get_device_uuid(int(text)) for text in indices.split(",")]


def get_device_uuid(ordinal: int) -> str:
    """Get the UUID of a device by the number that CUDA gives it in this process."""
    try:
        driver = ctypes.CDLL(DRIVER_LIBRARY)
    except OSError as error:
        raise DeviceLookupError(f"NVIDIA's driver cannot be loaded: {error}") from None
    device = ctypes.c_int()
    raw = (ctypes.c_ubyte * 16)()
    _check(driver, driver.cuInit(0), "cuInit")
    _check(driver, driver.cuDeviceGet(ctypes.byref(device), ordinal), f"cuDeviceGet({ordinal})")
    # The second version gives the UUID of a MIG instance where the first gives that of the whole GPU.
    _check(driver, driver.cuDeviceGetUuid_v2(ctypes.byref(raw), device), f"cuDeviceGetUuid_v2({ordinal})")
    return f"GPU-{uuid.UUID(bytes=bytes(raw))}"


def _check(driver: ctypes.CDLL, result: int, call: str) -> None:
    if result == 0:
        return
    name = ctypes.c_char_p()
    driver.cuGetErrorName(result, ctypes.byref(name))
    text = name.value.decode() if name.value else f"error {result}"
    raise DeviceLookupError(f"CUDA's {call} failed with {text}")
