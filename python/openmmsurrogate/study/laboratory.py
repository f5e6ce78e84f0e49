# SPDX-License-Identifier: MIT
"""What the experiments of one study share: platform, starts, Systems."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import openmm
from numpy.typing import NDArray

from openmmsurrogate.study.contestants import Contestant
from openmmsurrogate.study.materials import Material, Start, State
from openmmsurrogate.study.settings import StudySettings
from openmmsurrogate.study.timed_context import TimedContext, addBarostat

Report = Callable[[str], None]
"""Called with what is being done."""


class Laboratory:
    """Makes Contexts, and keeps what is expensive to make: starts, and the latest System.

    Parameters
    ----------
    settings
        of the study
    material
        what it is about
    melter
        the way by which starts become the states they are to be
    report
        told what is being done
    folder
        where starts are kept, so that a study that was interrupted goes on from the same ones
    """

    def __init__(
        self, settings: StudySettings, material: Material, melter: Contestant, report: Report, folder: Path
    ) -> None:
        self.settings = settings
        self.material = material
        self.report = report
        self._melter = melter
        self._folder = folder
        self._start: tuple[Any, Start] | None = None
        self._system: tuple[Any, openmm.System] | None = None
        self._forces: dict[tuple[str, int], NDArray[np.float64]] = {}

    def makeStart(self, numParticles: int, state: State) -> Start:
        """Return a configuration in a state, with velocities, of the nearest complete crystal's size."""
        key = (self.material.countParticles(numParticles), state.name)
        if self._start is None or self._start[0] != key:
            lattice = self.material.createLattice(numParticles, state)
            file = self._folder / f"{lattice.numParticles} {state.name}.npz"
            if not file.exists():
                _keep(file, self._equilibrate(lattice))
            self._start = (key, _read(file, lattice))
        return self._start[1]

    def _equilibrate(self, lattice: Start) -> Start:
        self.report(f"{lattice.numParticles:,} particles become a {lattice.state.name}")
        with self.open(self._melter, lattice) as context:
            context.use("NVT")
            context.step(lattice.state.steps)
            return context.capture(lattice.kinds, lattice.state)

    def evaluateOnce(self, contestant: Contestant, start: Start) -> NDArray[np.float64]:
        """Return a contestant's forces at a start, kJ/mol/nm, kept for further calls."""
        key = (contestant.name, start.numParticles)
        if key not in self._forces:
            self.report(f"forces of {start.numParticles:,} particles: {contestant.label}")
            with self.open(contestant, start) as context:
                self._forces[key] = context.forces()
        return self._forces[key]

    @contextmanager
    def open(self, contestant: Contestant, start: Start) -> Iterator[TimedContext]:
        """Make a Context for a contestant, and give its memory back at the end."""
        key = (contestant.system or contestant.name, start.numParticles)
        if self._system is None or self._system[0] != key:
            self._system = None  # before the next one is made: large Systems take gigabytes
            forces = contestant.makeForces(self.material, start)
            system = self.material.createSystem(start, forces)
            self._system = (key, addBarostat(system, start.state.temperature))
        platform = contestant.platform or self.settings.platform
        properties = {"Precision": contestant.precision} if platform == "CUDA" else {}
        context = TimedContext(self.material, start, self._system[1], platform, properties)
        try:
            yield context
        finally:
            del context
            gc.collect()


def _keep(file: Path, start: Start) -> None:
    """Write a start."""
    file.parent.mkdir(exist_ok=True)
    temporary = file.with_suffix(f".{os.getpid()}.npz")
    assert start.velocities is not None, "it was captured from a Context"
    np.savez(temporary, positions=start.positions, velocities=start.velocities, edge=start.edge)
    temporary.replace(file)


def _read(file: Path, lattice: Start) -> Start:
    """Read the start that a lattice has become."""
    with np.load(file) as arrays:
        return Start(lattice.kinds, arrays["positions"], arrays["velocities"], float(arrays["edge"]), lattice.state)


def describeError(contestant: Contestant, error: Exception, **more: Any) -> dict[str, Any]:
    """Return a row that says why a contestant has no result."""
    return {**contestant.describe(), **more, "error": " ".join(str(error).split())}
