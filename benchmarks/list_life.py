# SPDX-License-Identifier: MIT
"""How many steps a pair list of rigid water lasts, by the rules of docs/theory/pair-list.md; no GPU is needed.

Water moves on platform CPU. A list is good until an atom is further from its reference position than its allowance:
half the skin for all, or by the inverse root of its mass; from where it was, or from where it would be halfway through
the life of the list. Of all runs together the first atom counts, as if they were one large system.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import openmm
from common.electrolytes import WATER_CUTOFF, WATER_STEP, createContext, createWater
from common.runner import console
from openmm import unit

PREDICTED_PART = 0.9  # of its allowance that a reference may be from the position, as in motion.cu
LONGEST = 30  # steps


def parseArguments() -> argparse.Namespace:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--skins", type=float, nargs="+", default=[0.08, 0.1, 0.12, 0.14, 0.17], help="over the cutoff")
    parser.add_argument("--runs", type=int, default=80, help="lists, one after another (default: %(default)s)")
    parser.add_argument("--starts", type=Path, help="folder that keeps water in equilibrium")
    return parser.parse_args()


def follow(context: openmm.Context, runs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return displacements from the start of each run, nm, (runs, LONGEST+1, atoms, 3), and velocities there, nm/ps."""
    integrator = context.getIntegrator()
    displacements, velocities = [], []
    for _ in range(runs):
        state = context.getState(positions=True, velocities=True)
        start = state.getPositions(asNumpy=True)._value
        velocities.append(state.getVelocities(asNumpy=True)._value)
        path = [np.zeros_like(start)]
        for _ in range(LONGEST):
            integrator.step(1)
            path.append(context.getState(positions=True).getPositions(asNumpy=True)._value - start)
        displacements.append(path)
    return np.array(displacements, dtype=np.float32), np.array(velocities)


def findLife(displacements: np.ndarray, offsets: np.ndarray, allowances: np.ndarray) -> int:
    """Return the number of steps until an atom is further from its reference than its allowance."""
    for step in range(1, LONGEST + 1):
        if (np.linalg.norm(displacements[:, step] - offsets, axis=-1) > allowances).any():
            return step
    return LONGEST


def predict(displacements: np.ndarray, velocities: np.ndarray, allowances: np.ndarray) -> int:
    """Return the life of lists around predicted positions, once the horizon has settled."""
    life = findLife(displacements, np.zeros_like(velocities), allowances)
    for _ in range(10):
        horizon = np.sum(velocities * displacements[:, life]) / (2 * np.sum(velocities**2))
        offsets = velocities * horizon
        lengths = np.linalg.norm(offsets, axis=-1)
        offsets *= np.minimum(1, PREDICTED_PART * allowances / np.maximum(lengths, 1e-12))[..., None]
        life = findLife(displacements, offsets, allowances)
    return life


def main() -> None:
    """Run water, and print the lives of its lists."""
    arguments = parseArguments()
    water = createWater((1, 1, 1), "CPU", {}, arguments.starts)
    context = createContext(water, water.system, "CPU", {})
    context.getIntegrator().step(50)
    displacements, velocities = follow(context, arguments.runs)
    masses = [water.system.getParticleMass(i).value_in_unit(unit.dalton) for i in range(water.numAtoms)]
    byMass = 1 / np.sqrt(masses)
    still = np.zeros_like(velocities)
    console.print(f"{arguments.runs} runs of {water.numAtoms} atoms of water, steps of {1000 * WATER_STEP:g} fs")
    for skin in arguments.skins:
        lives = []
        for weights in (np.ones_like(byMass), byMass / byMass.mean()):
            allowances = 0.5 * skin * WATER_CUTOFF * weights
            lives += [findLife(displacements, still, allowances), predict(displacements, velocities, allowances)]
        plain, predicted, massPlain, massPredicted = lives
        console.print(
            f"skin {skin:g} of the cutoff: {plain} steps; predicted {predicted}; "
            f"allowances by mass {massPlain}; both {massPredicted}",
            highlight=False,
        )


if __name__ == "__main__":
    main()
