# SPDX-License-Identifier: MIT
"""Sodium chloride in two phases, and the ways to compute its forces: PME, the surrogate, and classical truncations."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openmm
from openmm import unit

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
import nacl_system

from openmmsurrogate import SurrogateForce, SurrogateModel

COULOMB = 138.935456  # kJ/mol nm/e^2, OpenMM's ONE_4PI_EPS0
CUTOFFS = (0.85, 1.0, 1.2)  # nm, of the surrogates and the truncations
# Damping, 1/nm, by cutoff: the one of those in steps of 0.25 whose forces agree best with PME's, mean of both phases.
WOLF_DAMPING = {0.85: 2.25, 1.0: 1.75, 1.2: 1.75}
SHIFTED_FORCE_DAMPING = {0.85: 1.75, 1.0: 1.5, 1.2: 1.0}


@dataclass(frozen=True)
class Phase:
    """A phase of the salt, and the models that were trained on it."""

    name: str
    temperature: float  # K
    latticeConstant: float  # nm; of the crystal, or of a crystal with the melt's density
    meltingTemperature: float | None  # K, at the start
    modelPrefix: str

    def modelName(self, cutoff: float) -> str:
        """Return the name of the shipped model with a cutoff, nm."""
        return f"{self.modelPrefix}-{cutoff}nm"


PHASES = {
    "crystal": Phase("crystal", nacl_system.CRYSTAL_TEMPERATURE, nacl_system.LATTICE_CONSTANT, None, "nacl"),
    "melt": Phase(
        "melt",
        nacl_system.MELT_TEMPERATURE,
        (8.0 / nacl_system.MELT_DENSITY) ** (1.0 / 3.0),
        3000.0,
        "nacl-melt",
    ),
}


@dataclass(frozen=True)
class Way:
    """A way to compute the forces."""

    name: str
    label: str
    createForces: Callable[[np.ndarray, Phase], list[openmm.Force]]  # of the names of the ions
    selfEnergy: float = 0.0  # kJ/mol per ion, which the forces leave out


def charges(names: np.ndarray) -> np.ndarray:
    """Return the charges of ions, e."""
    return np.array([nacl_system.IONS[name][0] for name in names])


def createSurrogate(
    names: np.ndarray, model: SurrogateModel, method: int = SurrogateForce.Table, precision: str = "single"
) -> SurrogateForce:
    """Return a surrogate of the ions."""
    force = SurrogateForce(model)
    force.setEvaluationMethod(method)
    force.setPrecision(precision)
    indices = {name: model.getTypeIndex(name) for name in nacl_system.IONS}
    for name in names.tolist():
        force.addParticle(indices[name])
    return force


def createReactionField(names: np.ndarray, cutoff: float) -> openmm.NonbondedForce:
    """Return OpenMM's reaction field, with its default dielectric constant of 78.3 (Tironi et al., J. Chem. Phys. 102,
    5451, 1995)."""
    force = nacl_system.createPME(names, cutoff)
    force.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    return force


def createTruncation(names: np.ndarray, cutoff: float, alpha: float, shiftsForce: bool) -> list[openmm.Force]:
    """Return Wolf's sum, or the damped shifted force, beside Lennard-Jones.

    Wolf, Keblinski, Phillpot and Eggebrecht, J. Chem. Phys. 110, 8254 (1999), equation 5.13: the damped charge of the
    cutoff sphere is neutralized by shifting the energy. Its force jumps at the cutoff. Fennell and Gezelter, J. Chem.
    Phys. 124, 234104 (2006), equation 18: the force is shifted, too.
    """
    slope = "+slope*(r-rc)" if shiftsForce else ""
    coulomb = openmm.CustomNonbondedForce(f"{COULOMB}*q1*q2*(erfc(alpha*r)/r-shift{slope})")
    values = {"alpha": alpha, "shift": _damped(alpha, cutoff)}
    values |= {"rc": cutoff, "slope": -_dampedSlope(alpha, cutoff)} if shiftsForce else {}
    for name, value in values.items():
        coulomb.addGlobalParameter(name, value)
    coulomb.addPerParticleParameter("q")
    coulomb.setNonbondedMethod(openmm.CustomNonbondedForce.CutoffPeriodic)
    coulomb.setCutoffDistance(cutoff)
    lennardJones = createReactionField(names, cutoff)
    for i, name in enumerate(names):
        charge, sigma, epsilon, _ = nacl_system.IONS[name]
        coulomb.addParticle([charge])
        lennardJones.setParticleParameters(i, 0.0, sigma, epsilon)
    return [coulomb, lennardJones]


def _damped(alpha: float, r: float) -> float:
    """Return erfc(alpha r)/r."""
    from scipy.special import erfc

    return float(erfc(alpha * r) / r)


def _dampedSlope(alpha: float, r: float) -> float:
    """Return its derivative."""
    return -_damped(alpha, r) / r - 2.0 * alpha / np.sqrt(np.pi) * float(np.exp(-((alpha * r) ** 2))) / r


def _selfEnergy(alpha: float, cutoff: float, shiftsForce: bool) -> float:
    """Return the energy of an ion with what neutralizes it at the cutoff, kJ/mol.

    Half of the shift at r = 0, and the self energy of the damping: Wolf et al., equation 5.13, and the same reasoning
    with the linear shift.
    """
    shift = _damped(alpha, cutoff) - (cutoff * _dampedSlope(alpha, cutoff) if shiftsForce else 0.0)
    return -COULOMB * (0.5 * shift + alpha / np.sqrt(np.pi))


def _reactionFieldSelfEnergy(cutoff: float, dielectric: float = 78.3) -> float:
    """Return the energy of an ion with the reaction field of its own, which OpenMM leaves out, kJ/mol."""
    return -0.5 * COULOMB * 3.0 * dielectric / ((2.0 * dielectric + 1.0) * cutoff)


def _createPME(names: np.ndarray, phase: Phase) -> list[openmm.Force]:
    return [nacl_system.createPME(names)]


PME = Way("pme", "PME", _createPME)
# Converged to a few millionths of the RMS force; the rest of the physics is that of PME.
EXACT = Way("exact", "PME, converged", lambda names, _: [nacl_system.createPME(names, 1.2, 1e-6)])


def makeSurrogate(
    cutoff: float, phase: str | None = None, folder: Path | None = None, tolerance: float | None = None
) -> Way:
    """Return the surrogate with a cutoff, nm, of the phase or always of the one with a name; models from a folder.

    The table has a tolerance, or SurrogateForce's default.
    """

    def create(names: np.ndarray, present: Phase) -> list[openmm.Force]:
        name = PHASES[phase or present.name].modelName(cutoff)
        model = SurrogateModel.load(name if folder is None else folder / f"{name}.safetensors")
        force = createSurrogate(names, model)
        if tolerance is not None:
            force.setTableTolerance(tolerance)
        return [force]

    name, label = f"surrogate-{cutoff}", f"surrogate, {cutoff} nm"
    if phase is not None:
        name, label = f"{name}-{phase}", f"{label}, trained on the {phase}"
    if tolerance is not None:
        name, label = f"{name}-{tolerance:g}", f"{label}, table tolerance {tolerance:g}"
    return Way(name, label, create)


def makeClassicalWays(cutoff: float) -> list[Way]:
    """Return the truncations with a cutoff, nm."""
    wolf, shifted = WOLF_DAMPING[cutoff], SHIFTED_FORCE_DAMPING[cutoff]
    return [
        Way(
            f"rf-{cutoff}",
            f"reaction field, {cutoff} nm",
            lambda names, _: [createReactionField(names, cutoff)],
            _reactionFieldSelfEnergy(cutoff),
        ),
        Way(
            f"wolf-{cutoff}",
            f"Wolf, {cutoff} nm",
            lambda names, _: createTruncation(names, cutoff, wolf, False),
            _selfEnergy(wolf, cutoff, False),
        ),
        Way(
            f"dsf-{cutoff}",
            f"damped shifted force, {cutoff} nm",
            lambda names, _: createTruncation(names, cutoff, shifted, True),
            _selfEnergy(shifted, cutoff, True),
        ),
    ]


@dataclass(frozen=True)
class Salt:
    """A configuration of the salt in a rectangular periodic box."""

    phase: Phase
    names: np.ndarray  # (ions,)
    positions: np.ndarray  # nm, (ions, 3)
    velocities: np.ndarray | None  # nm/ps, (ions, 3)
    edges: np.ndarray  # nm, (3,)

    @property
    def numAtoms(self) -> int:
        """Number of ions."""
        return len(self.names)

    @property
    def edge(self) -> float:
        """The edge of the box, which must be a cube, nm."""
        if np.ptp(self.edges) > 0.0:
            raise ValueError(f"the box is no cube: its edges are {self.edges} nm")
        return float(self.edges[0])

    def createSystem(self, forces: list[openmm.Force]) -> openmm.System:
        """Return a System with forces."""
        system = nacl_system.createSystem(self.names, 1.0, forces)
        system.setDefaultPeriodicBoxVectors(*np.diag(self.edges))
        return system


def createLattice(phase: Phase, cells: tuple[int, int, int], vacuum: float = 0.0) -> Salt:
    """Return a block of rock salt of so many unit cells along each edge, with a vacuum along z, nm."""
    sites = np.stack(np.meshgrid(*(np.arange(2 * n) for n in cells), indexing="ij"), axis=-1).reshape(-1, 3)
    names = np.array(list(nacl_system.IONS))[sites.sum(axis=1) % 2]
    edges = np.array(cells) * phase.latticeConstant + np.array([0.0, 0.0, vacuum])
    return Salt(phase, names, sites * (0.5 * phase.latticeConstant), None, edges)


@dataclass(frozen=True)
class Machine:
    """Where Contexts run."""

    platform: str
    properties: dict[str, str]

    def createContext(self, salt: Salt, forces: list[openmm.Force], integrator: openmm.Integrator) -> openmm.Context:
        """Return a Context with the salt's positions and velocities; without these with those of its temperature."""
        platform = openmm.Platform.getPlatformByName(self.platform)
        context = openmm.Context(salt.createSystem(forces), integrator, platform, self.properties)
        context.setPositions(salt.positions)
        if salt.velocities is None:
            context.setVelocitiesToTemperature(salt.phase.temperature, 1)
        else:
            context.setVelocities(salt.velocities)
        return context


def takeSalt(context: openmm.Context, salt: Salt) -> Salt:
    """Return the salt as it now is in a Context."""
    state = context.getState(positions=True, velocities=True)
    edges = np.diag(state.getPeriodicBoxVectors(asNumpy=True).value_in_unit(unit.nanometer))
    return Salt(
        salt.phase,
        salt.names,
        state.getPositions(asNumpy=True).value_in_unit(unit.nanometer),
        state.getVelocities(asNumpy=True).value_in_unit(unit.nanometer / unit.picosecond),
        edges,
    )


def equilibrate(salt: Salt, way: Way, machine: Machine, time: float, timeStep: float = 0.002) -> Salt:
    """Return the salt after a time, ps, with a thermostat; a melt is melted in the first third."""
    integrator = openmm.LangevinMiddleIntegrator(salt.phase.temperature, 2.0, timeStep)
    integrator.setRandomNumberSeed(1)
    context = machine.createContext(salt, way.createForces(salt.names, salt.phase), integrator)
    steps = max(1, round(time / timeStep))
    if salt.phase.meltingTemperature is not None and salt.velocities is None:
        context.setVelocitiesToTemperature(salt.phase.meltingTemperature, 1)
        integrator.setTemperature(salt.phase.meltingTemperature)
        integrator.step(steps // 3)
        integrator.setTemperature(salt.phase.temperature)
        steps -= steps // 3
    integrator.step(steps)
    return takeSalt(context, salt)
