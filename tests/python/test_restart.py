# SPDX-License-Identifier: MIT
"""Simulations with a SurrogateForce that go on from a checkpoint: to the bit, or to rounding."""

import liquid_samples
import numpy as np
import openmm
import pytest

from openmmsurrogate import SurrogateForce, SurrogateModel

POSITIONS, BOX = liquid_samples.shaken_lattice(4)
# Largest difference of positions after 100 steps, nm, relative to the precision of the sums. Measured: 1e-9 and 3e-16.
ROUNDING = {"single": 1e-7, "double": 1e-13}


def make_context(platform, precision):
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*BOX)
    force = SurrogateForce(SurrogateModel.load("argon"))
    force.setPrecision(precision)
    for _ in POSITIONS:
        system.addParticle(39.948)
        force.addParticle("Ar")
    system.addForce(force)
    integrator = openmm.LangevinMiddleIntegrator(100, 1, 0.002)
    integrator.setRandomNumberSeed(3)
    context = openmm.Context(system, integrator, openmm.Platform.getPlatform(platform))
    context.setPositions(POSITIONS)
    context.setVelocitiesToTemperature(100, 1)
    return context


def get_energy(context):
    return context.getState(energy=True).getPotentialEnergy()._value


def run(context, steps=100):
    context.getIntegrator().step(steps)
    return context.getState(positions=True).getPositions(asNumpy=True)._value


@pytest.mark.parametrize(
    ("platform", "precision"), [("Reference", "single"), ("CPU", "single"), ("CPU", "double")], ids=str
)
def test_restarts(platform, precision):
    """New Contexts build the list anew, and so does reinitialize(); one that goes on has a list from before."""
    context = make_context(platform, precision)
    run(context, 50)
    checkpoint, energy = context.createCheckpoint(), get_energy(context)
    wentOn = run(context)
    results = []
    for _ in range(2):
        restarted = make_context(platform, precision)
        restarted.loadCheckpoint(checkpoint)
        results.append(run(restarted))
    assert np.array_equal(*results)
    context.loadCheckpoint(checkpoint)
    jump = abs(get_energy(context) - energy)
    context.reinitialize(preserveState=True)
    assert np.array_equal(run(context), results[0])
    difference = np.abs(wentOn - results[0]).max()
    print(f"{platform}, {precision}: {jump:.1e} kJ/mol at once, {difference:.1e} nm from the run that went on")
    assert difference <= (0 if platform == "Reference" else ROUNDING[precision])
    assert jump <= (0 if platform == "Reference" else ROUNDING[precision] * abs(energy))
