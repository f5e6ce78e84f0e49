# SPDX-License-Identifier: MIT
"""Systems that tests of the validation share, and files of them."""

import ionic_systems
import liquid_samples
import openmm
from helpers import make_model
from openmm import app, unit

from openmmsurrogate import SurrogateForce, TunablePMEForce

NUM_CELLS = 4


def make_system(method="table", precision="default", numForces=1, model=None):
    """Make a System with Lennard-Jones and our forces, of two types of particles. Get it and positions, nm."""
    positions, box = liquid_samples.shaken_lattice(NUM_CELLS)
    model = make_model() if model is None else model
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*box)
    for _ in positions:
        system.addParticle(39.948)
    system.addForce(liquid_samples.liquid_argon.createLennardJones(len(positions)))
    for _ in range(numForces):
        force = SurrogateForce(model)
        force.setEvaluationMethod(method)
        force.setPrecision(precision)
        for i in range(len(positions)):
            force.addParticle(i % model.getNumTypes())
        system.addForce(force)
    return system, positions


def write_files(folder, system, positions):
    """Write the System, and its positions in each kind of file. Get the paths."""
    paths = {name: folder / f"{name}" for name in ("system.xml", "positions.pdb", "positions.cif", "state.xml")}
    paths["system.xml"].write_text(openmm.XmlSerializer.serialize(system))
    topology = app.Topology()
    chain = topology.addChain()
    for _ in positions:
        topology.addAtom("Ar", app.element.argon, topology.addResidue("Ar", chain))
    box = system.getDefaultPeriodicBoxVectors()
    topology.setPeriodicBoxVectors([v.value_in_unit(unit.nanometer) for v in box] * unit.nanometer)
    with paths["positions.pdb"].open("w") as file:
        app.PDBFile.writeFile(topology, positions * unit.nanometer, file)
    with paths["positions.cif"].open("w") as file:
        app.PDBxFile.writeFile(topology, positions * unit.nanometer, file)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    context.setPositions(positions)
    paths["state.xml"].write_text(openmm.XmlSerializer.serialize(context.getState(positions=True)))
    return paths


def make_half_precision_salt():
    """Make salt whose k-space is set to 16 bits."""
    box = ionic_systems.BOXES["rectangular"]
    positions, charges = ionic_systems.make_salt(box)
    mesh = TunablePMEForce(ionic_systems.make_force(charges))
    mesh.setPrecision("float16")
    return ionic_systems.make_system(box, len(charges), mesh), positions
