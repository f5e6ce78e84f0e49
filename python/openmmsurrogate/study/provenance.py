# SPDX-License-Identifier: MIT
"""What measured figures depend on besides their settings."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import openmm


def describeDevice(source: str | os.PathLike[str] = ".") -> dict[str, Any]:
    """Return processors, GPU, driver, versions, commit and date.

    Parameters
    ----------
    source
        a folder in the repository of the source, for its commit; the environment variable COMMIT, for copies without
        a repository, wins
    """
    device: dict[str, Any] = {
        "date": datetime.date.today().isoformat(),
        "commit": os.environ.get("COMMIT") or _read_commit(source),
        "processor": _read_processor_name(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "openmm": openmm.version.version,
    }
    for package in ("openmm-surrogate", "torch", "jax"):
        try:
            device[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            device[package] = None
    try:
        import pynvml

        pynvml.nvmlInit()
        device["gpu"] = _as_text(pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(0)))
        device["driver"] = _as_text(pynvml.nvmlSystemGetDriverVersion())
    except Exception:  # no pynvml, or no driver: a machine without an NVIDIA GPU
        device["gpu"] = None
    return device


def _read_commit(source: str | os.PathLike[str]) -> str | None:
    command = ["git", "-C", os.fspath(source), "rev-parse", "--short", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _read_processor_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _as_text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
