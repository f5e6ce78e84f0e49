# SPDX-License-Identifier: MIT
"""Where the surrogate of sodium chloride breaks: waves of charge longer than the cutoff, a surface, the other phase.

- Charge structure factor of the melt at small k: PME screens charges, and S(k) vanishes as k^2.
- Frequency of the longest longitudinal and transverse waves of charge of the crystal: PME lifts the former.
- A slab with two (001) surfaces: force errors by layer, and the energy of the surface.
- A model of one phase in the other.

With each stand the findings of checkApplicability(): what the warning says.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openmm
from common import salt_runs
from common.results import ResultFile
from common.runner import console
from common.salt import (
    CUTOFFS,
    EXACT,
    PHASES,
    PME,
    Machine,
    Phase,
    Salt,
    Way,
    charges,
    createLattice,
    equilibrate,
    makeSurrogate,
)
from common.salt_runs import Times
from openmm import unit

from openmmsurrogate import SurrogateForce
from openmmsurrogate.analysis import compareForces, computeChargeStructureFactor
from openmmsurrogate.evaluation import checkApplicability

JOULE_PER_SQUARE_METER = 1.0 / 602.214076  # of one kJ/mol/nm^2
SPECTRUM = 8.0  # ps
FRAMES = 120  # of the structure factor


def findUnlike(salt: Salt, way: Way) -> list[str]:
    """Return what checkApplicability() finds of a configuration; nothing for PME."""
    forces = way.createForces(salt.names, salt.phase)
    if not SurrogateForce.isinstance(forces[0]):
        return []
    return list(checkApplicability(forces[0], salt.positions, np.diag(salt.edges)).findings)


def measureStructureFactor(
    ways: list[Way], machine: Machine, exact: Machine, arguments: argparse.Namespace
) -> Iterator[dict]:
    """Yield S(k) of the melt for waves along a long box."""
    cells = arguments.cells
    lattice = createLattice(PHASES["melt"], (arguments.length, cells, cells))
    start = equilibrate(lattice, PME, machine, arguments.equilibration)
    waves = [[n, 0, 0] for n in range(1, arguments.waves + 1)]
    for way in ways:
        interval = arguments.time / FRAMES
        times = Times(arguments.equilibration / 2, arguments.time, 0.0, 0.0, 0.002, interval, interval)
        _, _, frames = salt_runs.runConstantVolume(start, way, machine, times)
        k, average = computeChargeStructureFactor(frames, charges(start.names), start.edges, waves)
        console.print(f"{way.label}: S({k[0]:.2f}/nm) = {average.mean[0]:.2e} +- {average.standardError[0]:.0e}")
        yield {
            "limit": "structure factor",
            "name": way.name,
            "label": way.label,
            "ions": len(start.names),
            "k_per_nm": k.tolist(),
            "S": average.mean.tolist(),
            "standard_error": average.standardError.tolist(),
            "unlike_training": findUnlike(start, way),
        }


def measureWaves(ways: list[Way], machine: Machine, exact: Machine, arguments: argparse.Namespace) -> Iterator[dict]:
    """Yield spectra of the longest waves of charge of crystals of several lengths."""
    for length in arguments.lengths:
        lattice = createLattice(PHASES["crystal"], (length, arguments.cells, arguments.cells))
        for way in ways:
            start = equilibrate(lattice, way, machine, arguments.equilibration / 4)
            times = Times(0.0, 0.0, 0.0, 0.0, spectrum=arguments.spectrum)
            current = salt_runs.runConstantEnergy(start, way, machine, times)["charge_current"]
            console.print(
                f"{way.label}, k = {current['k_per_nm']:.2f}/nm: longitudinal {current['longitudinal_mean_THz']:.2f}, "
                f"transverse {current['transverse_mean_THz']:.2f} THz"
            )
            yield {"limit": "waves", "name": way.name, "label": way.label, "ions": len(start.names), **current}


def measureSlab(ways: list[Way], machine: Machine, exact: Machine, arguments: argparse.Namespace) -> Iterator[dict]:
    """Yield force errors by layer, and surface energies of the unrelaxed lattice."""
    phase, cells = PHASES["crystal"], (arguments.cells, arguments.cells, 2 * arguments.cells)
    lattice = createLattice(phase, cells, arguments.vacuum)
    layer = np.rint(lattice.positions[:, 2] / (0.5 * phase.latticeConstant)).astype(int)
    depth = np.minimum(layer, layer.max() - layer)
    state, frames = equilibrate(lattice, PME, machine, arguments.equilibration / 2), []
    for _ in range(arguments.frames):
        state = equilibrate(state, PME, machine, 0.2)
        frames.append(state.positions)
    reference = salt_runs.computeForces(state, np.array(frames), EXACT, exact)
    for way in ways:
        forces = salt_runs.computeForces(state, np.array(frames), way, exact)
        layers = [compareForces(reference[:, depth == d], forces[:, depth == d]) for d in range(depth.max() + 1)]
        energy = findSurfaceEnergy(phase, cells, way, exact, arguments.vacuum)
        outer = ", ".join(f"{metrics.componentR2:.4f}" for metrics in layers[:4])
        console.print(f"slab, {way.label}: R2 from the surface {outer}, surface energy {energy:.4f} J/m^2")
        yield {
            "limit": "slab",
            "name": way.name,
            "label": way.label,
            "ions": len(depth),
            "component_r2_by_layer": [metrics.componentR2 for metrics in layers],
            "surface_energy_J_per_m2": energy,
            "unlike_training": findUnlike(state, way),
        }


def findSurfaceEnergy(phase: Phase, cells: tuple[int, int, int], way: Way, machine: Machine, vacuum: float) -> float:
    """Return the energy of cutting a static crystal along (001), J/m^2."""
    energies = []
    for gap in (0.0, vacuum):
        salt = createLattice(phase, cells, gap)
        context = machine.createContext(salt, way.createForces(salt.names, salt.phase), openmm.VerletIntegrator(0.001))
        state = context.getState(energy=True)
        energies.append(state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole))
    return (energies[1] - energies[0]) / (2.0 * salt.edges[0] * salt.edges[1]) * JOULE_PER_SQUARE_METER


def measureOtherPhase(
    ways: list[Way], machine: Machine, exact: Machine, arguments: argparse.Namespace
) -> Iterator[dict]:
    """Yield force errors of models of one phase in the other."""
    for phase in PHASES.values():
        state = equilibrate(createLattice(phase, 3 * (arguments.cells,)), PME, machine, arguments.equilibration)
        reference = salt_runs.computeForces(state, state.positions[None], EXACT, exact)
        for cutoff in arguments.cutoffs:
            for trained in PHASES:
                way = makeSurrogate(cutoff, trained, arguments.models)
                forces = salt_runs.computeForces(state, state.positions[None], way, exact)
                r2 = compareForces(reference, forces).componentR2
                console.print(f"{way.label}, in the {phase.name}: R2 {r2:.4f}")
                yield {
                    "limit": "other phase",
                    "name": way.name,
                    "label": way.label,
                    "phase": phase.name,
                    "ions": len(state.names),
                    "component_r2": r2,
                    "unlike_training": findUnlike(state, way),
                }


LIMITS = {
    "other-phase": measureOtherPhase,
    "slab": measureSlab,
    "waves": measureWaves,
    "structure-factor": measureStructureFactor,
}


def parseArguments() -> argparse.Namespace:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limits", nargs="+", default=list(LIMITS), choices=list(LIMITS))
    parser.add_argument("--cells", type=int, default=5, help="unit cells along the short edges (default: %(default)s)")
    parser.add_argument("--length", type=int, default=24, help="unit cells along the long edge of the melt")
    parser.add_argument("--lengths", type=int, nargs="+", default=[16, 40], help="of crystals, unit cells")
    parser.add_argument("--waves", type=int, default=24, help="of the structure factor")
    parser.add_argument("--vacuum", type=float, default=4.0, help="of the slab, nm")
    parser.add_argument("--frames", type=int, default=6, help="of the slab")
    parser.add_argument("--time", type=float, default=60.0, help="of the structure factor, ps")
    parser.add_argument("--spectrum", type=float, default=SPECTRUM, help="ps")
    parser.add_argument("--equilibration", type=float, default=12.0, help="ps")
    parser.add_argument("--cutoffs", type=float, nargs="+", default=list(CUTOFFS), help="nm")
    parser.add_argument("--models", type=Path, help="folder of the models (default: those of the package)")
    parser.add_argument("--platform", default="CUDA")
    parser.add_argument("--output", type=Path, help="JSON file (default: results/nacl_limits-<date>.json)")
    return parser.parse_args()


def main() -> None:
    """Measure, and write the results as they come."""
    arguments = parseArguments()
    cuda = arguments.platform == "CUDA"
    machine = Machine(arguments.platform, {"Precision": "mixed"} if cuda else {})
    exact = Machine(arguments.platform, {"Precision": "double"} if cuda else {})
    results = ResultFile("nacl_limits", vars(arguments), arguments.output)
    ways = [PME, *(makeSurrogate(cutoff, folder=arguments.models) for cutoff in arguments.cutoffs)]
    for limit in arguments.limits:
        for row in LIMITS[limit](ways, machine, exact, arguments):
            results.add(row)
    console.print(f"written to {results.path}", soft_wrap=True)


if __name__ == "__main__":
    main()
