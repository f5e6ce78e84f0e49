# SPDX-License-Identifier: MIT
"""The first script of OpenMM's user guide (section "A First Example"), with one line that replaces the NonbondedForce.

It reads input.pdb. The OpenMM wheel ships one that fits, villin headpiece in a box of water, 8,867 atoms:

    cp "$(python -c "from openmm.app import data; print(data.__path__[0])")/test.pdb" input.pdb
"""
from openmm.app import *
from openmm import *
from openmm.unit import *
from sys import stdout
from openmmsurrogate import replaceNonbondedForce

pdb = PDBFile('input.pdb')
forcefield = ForceField('amber14-all.xml', 'amber14/tip3pfb.xml')
system = forcefield.createSystem(pdb.topology, nonbondedMethod=PME,
        nonbondedCutoff=1*nanometer, constraints=HBonds)
system = replaceNonbondedForce(system)
integrator = LangevinMiddleIntegrator(300*kelvin, 1/picosecond, 0.004*picoseconds)
simulation = Simulation(pdb.topology, system, integrator)
simulation.context.setPositions(pdb.positions)
simulation.minimizeEnergy()
simulation.reporters.append(PDBReporter('output.pdb', 1000))
simulation.reporters.append(StateDataReporter(stdout, 1000, step=True,
        potentialEnergy=True, temperature=True))
simulation.step(10000)
