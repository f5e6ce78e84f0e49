# SPDX-License-Identifier: MIT
"""The shipped models of sodium chloride against PME, in configurations that their training never saw."""

import sys
from pathlib import Path

import numpy as np
import openmm
import pytest

from openmmsurrogate import SurrogateForce, SurrogateModel
from openmmsurrogate.analysis import compareForces
from openmmsurrogate.evaluation import checkApplicability

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
import nacl_system

CELLS = 5  # 1,000 ions; the smallest box for a cutoff of 1.2 nm
CUTOFFS = (0.85, 1.0, 1.2)
# Of forces in 1,000 ions; a few frames scatter by 0.0005.
R2 = {"nacl": {0.85: 0.994, 1.0: 0.9965, 1.2: 0.9975}, "nacl-melt": {0.85: 0.990, 1.0: 0.994, 1.2: 0.996}}


def sample(function, temperature, start):
    """Return names, the edge of the box, nm, and two configurations, nm, with forces and energies of PME."""
    system, _, positions = function(CELLS, 1.2, 1e-5)
    edge = system.getDefaultPeriodicBoxVectors()[0][0]._value
    integrator = openmm.LangevinMiddleIntegrator(temperature, 5.0, 0.002)
    integrator.setRandomNumberSeed(31)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatform("CPU"))
    context.setPositions(positions)
    context.setVelocitiesToTemperature(start, 31)
    frames = []
    for _ in range(2):
        integrator.step(300)
        state = context.getState(positions=True, forces=True, energy=True)
        frames.append(
            (
                state.getPositions(asNumpy=True)._value,
                state.getForces(asNumpy=True)._value,
                state.getPotentialEnergy()._value,
            )
        )
    return nacl_system.createLattice(CELLS)[1], edge, frames


@pytest.fixture(scope="module")
def phases():
    return {
        "nacl": sample(nacl_system.createCrystal, 298.0, 2 * 298.0),
        "nacl-melt": sample(nacl_system.createMelt, 1500.0, 4000.0),
    }


def make_context(model, names, edge):
    force = SurrogateForce(model)
    for name in names:
        force.addParticle(name)
    system = nacl_system.createSystem(names, edge, [force])
    return force, openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("CPU"))


@pytest.mark.parametrize("cutoff", CUTOFFS)
@pytest.mark.parametrize("kind", ["nacl", "nacl-melt"])
def test_forces_and_energies_of_the_phase_it_was_trained_on(phases, kind, cutoff):
    names, edge, frames = phases[kind]
    _, context = make_context(SurrogateModel.load(f"{kind}-{cutoff}nm"), names, edge)
    true, found, differences = [], [], []
    for positions, forces, energy in frames:
        context.setPositions(positions)
        state = context.getState(forces=True, energy=True)
        true.append(forces)
        found.append(state.getForces(asNumpy=True)._value)
        differences.append((state.getPotentialEnergy()._value - energy) / energy)
    metrics = compareForces(true, found)
    print(f"{kind}, {cutoff} nm: R2 {metrics.componentR2:.5f}, energies {np.mean(differences):+.1e}")
    assert metrics.componentR2 > R2[kind][cutoff]
    assert abs(np.mean(differences)) < 1e-3  # the offsets are the training's: nothing is fitted here


def test_offsets_and_types():
    for kind in ("nacl", "nacl-melt"):
        for cutoff in CUTOFFS:
            model = SurrogateModel.load(f"{kind}-{cutoff}nm")
            assert set(model.getTypeNames()) == {"Na", "Cl"}
            assert model.getCutoff()._value == cutoff
            assert model.getNumNetworks() == 3
            # Ions of both kinds are as many: only the sum is determined, and shared evenly.
            assert model.getEnergyOffset("Na")._value == pytest.approx(model.getEnergyOffset("Cl")._value)


def test_the_other_phase_is_noticed(phases):
    crystal = SurrogateModel.load("nacl-1.0nm")
    for kind, passes in (("nacl", True), ("nacl-melt", False)):
        names, edge, frames = phases[kind]
        force, _ = make_context(crystal, names, edge)
        result = checkApplicability(force, frames[-1][0], edge * np.eye(3))
        assert result.passed == passes, result.findings
    assert any("Cl-Na are at distances that the training hardly had" in text for text in result.findings)
