# SPDX-License-Identifier: MIT
"""Where results come from and where they go."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
from pathlib import Path

import openmm

FOLDER = Path(__file__).parent.parent / "results"


def describeDevice() -> dict:
    """Return what the figures depend on besides the code: processors, GPU, driver, versions, date."""
    device = {
        "date": datetime.date.today().isoformat(),
        "processor": _processorName(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "openmm": openmm.version.version,
        "openmm-surrogate": importlib.metadata.version("openmm-surrogate"),
    }
    try:
        import pynvml

        pynvml.nvmlInit()
        device["gpu"] = _text(pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(0)))
        device["driver"] = _text(pynvml.nvmlSystemGetDriverVersion())
    except Exception:  # no pynvml, or no driver: a machine without an NVIDIA GPU
        device["gpu"] = None
    return device


def _processorName() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def writeResults(name: str, rows: list[dict], settings: dict, folder: Path = FOLDER) -> Path:
    """Write results/<name>-<date>.json and return its path."""
    device = describeDevice()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{device['date']}.json"
    path.write_text(json.dumps({"device": device, "settings": settings, "rows": rows}, indent=1) + "\n")
    return path
