# SPDX-License-Identifier: MIT
"""Calls of benchmarks that are started together, and measure in turn: what they make on the host takes no time of the
GPU then."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from openmmsurrogate.reporters import measureIdlePower


def addTurnsOption(parser: argparse.ArgumentParser) -> None:
    """Add the option that says with whom to take turns."""
    parser.add_argument("--turns", type=Path, help="file by which calls that are given the same one take turns")


@contextlib.contextmanager
def takeTurn(path: Path | None) -> Iterator[None]:
    """Wait until no other call that was given the file measures."""
    if path is None:
        yield
        return
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def findIdlePower(arguments: argparse.Namespace) -> float | None:
    """Return what the GPU draws while nothing runs, W; None without a GPU, and where others may measure."""
    return measureIdlePower() if arguments.platform == "CUDA" and arguments.turns is None else None
