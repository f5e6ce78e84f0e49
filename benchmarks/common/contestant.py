# SPDX-License-Identifier: MIT
"""What a contestant is: a way to compute the same liquid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from common.argon import Liquid


class Stepper(Protocol):
    """A contestant at work on one liquid."""

    def step(self, steps: int) -> None:
        """Do steps, or whatever the contestant counts; they may still run when this returns."""

    def wait(self) -> None:
        """Wait until all steps so far are done."""

    def temperature(self) -> float | None:
        """Return the instantaneous temperature, K; None if nothing moves."""

    def positions(self) -> np.ndarray:
        """Return the positions now, nm, (atoms, 3)."""


@dataclass(frozen=True)
class Setting:
    """Where contestants run."""

    platform: str  # OpenMM's
    properties: dict[str, str]  # of the platform


class Contestant(Protocol):
    """A way to compute the liquid."""

    name: str  # by which it is chosen
    label: str  # for tables and figures
    wholeSteps: bool  # molecular dynamics with neighbor search; else forces of fixed pairs
    hasPairs: bool  # computes any
    cutoff: float  # of these, nm
    arithmetic: str | None  # whose floor it has: see floors.findFloor(); None without one
    largest: int  # atoms

    def prepare(self, liquid: Liquid) -> Callable[[Setting], Stepper]:
        """Make what the host needs, and return what gets ready to step on a platform; both raise an exception that says
        why not."""
