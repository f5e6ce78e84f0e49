# SPDX-License-Identifier: MIT
"""Small models and systems that the Python tests share."""

import numpy as np
import openmm

from openmmsurrogate import PairNetwork, SurrogateForce, SurrogateModel


def make_network(seed: int = 1, widths: tuple[int, ...] = (1, 8, 8, 1)) -> PairNetwork:
    """Make a network with random weights, outputs of the order of 100 kJ/mol/nm, and a core below 0.2 nm."""
    rng = np.random.default_rng(seed)
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    weights = [rng.normal(size=shape) for shape in shapes]
    weights[-1] *= 100
    network = PairNetwork(widths, weights, [rng.normal(size=outputs) for outputs, _ in shapes])
    network.setCore(0.2)
    return network


def make_model() -> SurrogateModel:
    """Make a model of types A and B with a cutoff of 0.9 nm, where B does not interact with itself."""
    model = SurrogateModel(["A", "B"], 0.9)
    network = model.addNetwork(make_network())
    model.setPairNetwork("A", "A", network)
    model.setPairNetwork("A", "B", model.addNetwork(make_network(2)))
    model.setPairNetwork("B", "B", SurrogateModel.NonInteracting)
    return model


def make_force(types: list[int | str]) -> SurrogateForce:
    """Make a force of make_model() that is not periodic."""
    force = SurrogateForce(make_model())
    force.setUsesPeriodicBoundaryConditions(False)
    for particle_type in types:
        force.addParticle(particle_type)
    return force


def make_context(force: openmm.Force, positions: np.ndarray, platform: str = "Reference") -> openmm.Context:
    """Make a Context of particles of mass 40, shape of positions (particles, 3) in nm. The force goes to the System."""
    system = openmm.System()
    for _ in positions:
        system.addParticle(40.0)
    system.addForce(force)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform(platform))
    context.setPositions(positions)
    return context
