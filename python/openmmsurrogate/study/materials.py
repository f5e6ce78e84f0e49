# SPDX-License-Identifier: MIT
"""The two materials of the report: argon, and sodium chloride, as crystals from which all runs start.

Parameters are those of examples/liquid_argon.py and examples/nacl_system.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import openmm
from numpy.typing import NDArray
from openmm import unit

Array = NDArray[np.float64]

_KELVIN = unit.MOLAR_GAS_CONSTANT_R.value_in_unit(unit.kilojoule_per_mole / unit.kelvin)  # kJ/mol


@dataclass(frozen=True)
class Species:
    """A kind of particle."""

    mass: float
    """dalton"""
    charge: float
    """e"""
    sigma: float
    """nm"""
    epsilon: float
    """kJ/mol"""


@dataclass(frozen=True)
class State:
    """A state of matter, and how it comes from a crystal."""

    name: str
    temperature: float
    """K"""
    latticeConstant: float
    """nm"""
    startTemperature: float
    """Of the velocities given to the perfect crystal, K; half of it goes into the positions."""
    steps: int
    """With a thermostat, until it is that state."""


@dataclass(frozen=True)
class Material:
    """What a study is about."""

    name: str
    species: dict[str, Species]
    cell: tuple[tuple[str, tuple[float, float, float]], ...]
    """Kind and place, in lattice constants, of each particle of the unit cell."""
    cutoff: float
    """nm"""
    timeStep: float
    """ps"""
    friction: float
    """1/ps"""
    state: State
    """Of all experiments but the comparison of ensembles."""
    ensembleState: State

    @property
    def isCharged(self) -> bool:
        """Whether there are charges, and so reciprocal space."""
        return any(species.charge != 0.0 for species in self.species.values())

    @property
    def particles(self) -> str:
        """What its particles are called."""
        return "ions" if self.isCharged else "atoms"

    def countCells(self, numParticles: int) -> int:
        """Return the number of cells along the edge of the cubic crystal whose size is nearest.

        Raises ValueError if its box would be narrower than twice the cutoff.
        """
        numCells = max(1, round((numParticles / len(self.cell)) ** (1.0 / 3.0)))
        narrowest = min(state.latticeConstant for state in (self.state, self.ensembleState))
        if numCells * narrowest < 2.0 * self.cutoff:
            fewest = len(self.cell) * int(np.ceil(2.0 * self.cutoff / narrowest)) ** 3
            raise ValueError(
                f"{numParticles} particles of {self.name} make a box narrower than twice the cutoff; take {fewest} "
                "or more"
            )
        return numCells

    def countParticles(self, numParticles: int) -> int:
        """Return the size of the complete crystal that is nearest."""
        return len(self.cell) * self.countCells(numParticles) ** 3

    def createLattice(self, numParticles: int, state: State) -> Start:
        """Return the nearest complete crystal, at rest."""
        numCells = self.countCells(numParticles)
        cells = np.stack(np.meshgrid(*3 * [np.arange(numCells)], indexing="ij"), axis=-1).reshape(-1, 1, 3)
        sites = np.array([site for _, site in self.cell])
        positions = (cells + sites).reshape(-1, 3) * state.latticeConstant
        kinds = np.tile(np.array([kind for kind, _ in self.cell]), numCells**3)
        return Start(kinds, positions, None, numCells * state.latticeConstant, state)

    def createSystem(self, start: Start, forces: Sequence[openmm.Force]) -> openmm.System:
        """Return a System in the box of a start."""
        system = openmm.System()
        system.setDefaultPeriodicBoxVectors(*(start.edge * np.eye(3)))
        masses = {kind: species.mass for kind, species in self.species.items()}
        for kind in start.kinds.tolist():
            system.addParticle(masses[kind])
        for force in forces:
            system.addForce(force)
        return system


@dataclass(frozen=True)
class Start:
    """Where runs start."""

    kinds: NDArray[np.str_]
    """Of each particle."""
    positions: Array
    """nm, shape (particles, 3)"""
    velocities: Array | None
    """nm/ps, shape (particles, 3); None for those of the state's start temperature."""
    edge: float
    """Of the cubic box, nm."""
    state: State

    @property
    def numParticles(self) -> int:
        """Number of particles."""
        return len(self.positions)


ARGON = Material(
    name="argon",
    # Rahman, Phys. Rev. 136, A405 (1964), as in the report.
    species={"Ar": Species(39.948, 0.0, 0.3405, 119.8 * _KELVIN)},
    cell=(("Ar", (0, 0, 0)), ("Ar", (0.5, 0.5, 0)), ("Ar", (0.5, 0, 0.5)), ("Ar", (0, 0.5, 0.5))),
    cutoff=0.85,
    timeStep=0.002,
    friction=1.0,
    # 19.8 atoms per nm^3; the crystal melts at once.
    state=State("liquid at 100 K", 100.0, (4.0 / 19.8) ** (1.0 / 3.0), 300.0, 3000),
    # About the lattice constant of this potential, cut at 0.85 nm, without pressure.
    ensembleState=State("solid at 60 K", 60.0, 0.546, 120.0, 0),
)

_CRYSTAL = State("crystal at 298 K", 298.0, 0.578, 596.0, 500)
NACL = Material(
    name="sodium chloride",
    # Joung and Cheatham, J. Phys. Chem. B 112, 9020 (2008), ions for SPC/E water; its crystal at 298 K and 1 bar has
    # the lattice constant above, 2.5 % more than real rock salt.
    species={
        "Na": Species(22.98977, 1.0, 0.2159538, 1.475465),
        "Cl": Species(35.453, -1.0, 0.4830453, 0.0534924),
    },
    cell=tuple(
        (("Na", "Cl")[(i + j + k) % 2], (0.5 * i, 0.5 * j, 0.5 * k)) for i in (0, 1) for j in (0, 1) for k in (0, 1)
    ),
    cutoff=1.0,
    timeStep=0.001,
    friction=1.0,
    state=_CRYSTAL,
    ensembleState=_CRYSTAL,
)

MATERIALS = {"argon": ARGON, "nacl": NACL}
