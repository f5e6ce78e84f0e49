# SPDX-License-Identifier: MIT
"""Writes the measured tables of docs/theory/ions-without-kspace.md, and its figures, from the latest results of
nacl.py, nacl_fidelity.py, nacl_pressure.py, nacl_limits.py and pair_limit.py, and from docs/evaluation.

A test compares page and results.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import plot_nacl
from common.page import ROOT, describeDevices, fillPage, makeMarkdown
from common.results import loadLatest

PAGE = ROOT / "docs" / "theory" / "ions-without-kspace.md"
EVALUATION = ROOT / "docs" / "evaluation"
FIDELITY_FIGURE = ROOT / "docs" / "images" / "nacl-fidelity.png"
SPEED_FIGURE = ROOT / "docs" / "images" / "nacl-speed.png"
COLUMNS = {
    "none": "no force",
    "pme-single": "PME, single",
    "pme-mixed": "mixed",
    "pme-double": "double",
    "pme-0.9": "0.9 nm",
    "pme-1.2": "1.2 nm",
    "pme-1.4": "1.4 nm",
    "tunable": "TunablePMEForce, SPME by its own estimate",
    "tunable-SPME": "TunablePMEForce, SPME",
    "tunable-ESP": "TunablePMEForce, ESP",
    "table-0.85": "table, 0.85 nm",
    "table-1.0": "table, 1.0 nm",
    "table-1.2": "table, 1.2 nm",
    "coarse-0.85": "coarse table, 0.85 nm",
    "coarse-1.0": "**coarse table, 1.0 nm**",
    "coarse-1.2": "coarse table, 1.2 nm",
    "network-float16": "network, float16",
}
STOCK = ("pme-single", "pme-0.9", "pme-1.2", "pme-1.4")  # of one force error
TARGETS = {"crystal": {0.85: 0.997, 1.0: 0.998, 1.2: 0.999}, "melt": {0.85: 0.992, 1.0: 0.995, 1.2: 0.997}}
WAVES = (0, 1, 2, 4, 8, 16)  # of the structure factor, those in the table


def makeLimitTable(limit: Sequence[dict]) -> str:
    """Return what the best pair functions do, as Markdown."""
    names = {
        "crystal-heldout.h5": "crystal, 0.578 nm",
        "crystal-heldout-0.564nm.h5": "crystal, 0.564 nm",
        "melt-heldout.h5": "melt",
    }
    rows = []
    for row in limit:
        forces, both = row["forces"], row["forces_and_virials"]
        rows.append(
            [
                names[row["data"]],
                f"{row['cutoff_nm']} nm",
                f"{row['component_r2_bound']:.5f}",
                f"{forces['component_r2']:.5f}",
                f"{both['component_r2']:.5f}",
                f"{forces['pressure_error_kbar']:+.2f}",
                f"{both['pressure_rms_error_kbar']:.2f}",
                f"{both['force_at_cutoff_kJ_per_mol_nm']:.1f}",
            ]
        )
    headings = [
        "",
        "cutoff",
        "R², fitted to these frames",
        "to other frames",
        "with virials",
        "pressure, kbar off, forces alone",
        "with virials, rms of a frame",
        "largest jump at the cutoff, kJ/mol/nm",
    ]
    return makeMarkdown(headings, rows)


def makeForcesTable(limit: Sequence[dict]) -> str:
    """Return R2 of the shipped models on held-out frames beside the limit of pair functions, as Markdown."""
    bounds = {(row["data"], row["cutoff_nm"]): f"{row['component_r2_bound']:.5f}" for row in limit}
    rows = []
    for phase, prefix in (("crystal", "nacl"), ("melt", "nacl-melt")):
        for cutoff, target in TARGETS[phase].items():
            content = json.loads((EVALUATION / f"{prefix}-{cutoff}nm.json").read_text())
            values = {entry["data"]: entry for entry in content["forces"]}
            heldOut = values[f"{phase}-heldout.h5"]
            denseName = "crystal-heldout-0.564nm.h5"
            dense = values.get(denseName)
            rows.append(
                [
                    f"`{prefix}-{cutoff}nm`",
                    f"{target:.3f}",
                    f"{heldOut['component_r2']:.5f}",
                    bounds[f"{phase}-heldout.h5", cutoff],
                    "" if dense is None else f"{dense['component_r2']:.5f}",
                    "" if dense is None else bounds[denseName, cutoff],
                    f"{heldOut['vector_rmse_over_rms_force']:.3f}",
                    f"{heldOut['energy_difference_per_particle_kJ_per_mol']:+.3f}",
                ]
            )
    headings = [
        "model",
        "wanted",
        "R² of components",
        "bound",
        "at 0.564 nm",
        "bound",
        "error / RMS force",
        "energy - PME, kJ/mol per ion",
    ]
    return makeMarkdown(headings, rows)


def makeFidelityTable(rows: Sequence[dict], phase: str, ions: int) -> str:
    """Return the simulations of so many ions in one phase, as Markdown."""
    rows = [row for row in rows if row["phase"] == phase and row["ions"] == ions]
    pme = next(row for row in rows if row["name"] == "pme")
    rows = sorted(rows, key=lambda row: "U_kJ_per_mol" not in row)  # compared by forces alone: at the end
    length = "a, nm" if phase == "crystal" else "ions/nm³"
    headings = [
        "",
        "R² of forces",
        "U, kJ/mol",
        "U - PME",
        length,
        "- PME",
        "largest error of g(r)",
        "states",
        "drift, kT/ion/ns",
    ]
    return makeMarkdown(headings, [_describeWay(row, pme, phase) for row in rows])


def _describeWay(row: dict, pme: dict, phase: str) -> list[str]:
    cells = [row["label"], f"{row['component_r2']:.5f}"]
    if "U_kJ_per_mol" not in row:
        return [*cells, *[""] * 7]
    name = "lattice_constant_nm" if phase == "crystal" else "ions_per_nm3"
    other = row is not pme
    cells += [
        f"{row['U_kJ_per_mol']:.3f} ± {row['U_standard_error']:.3f}",
        _percent(row["U_kJ_per_mol"], pme["U_kJ_per_mol"]) if other else "",
        f"{row[name]:.5g}" + (f" ± {row['standard_error_nm']:.5f}" if phase == "crystal" else ""),
        _percent(row[name], pme[name]) if other else "",
        _describeDeviation(row, pme) if other else "",
        _describeStates(row, pme) if other else "",
    ]
    if "drift_kT_per_ion_ns" not in row:
        return [*cells, ""]
    return [*cells, f"{row['drift_kT_per_ion_ns']:+.1e} ± {row['drift_standard_error']:.0e}"]


def _percent(value: float, reference: float) -> str:
    return f"{100.0 * (value - reference) / abs(reference):+.3f} %"


def _describeDeviation(row: dict, pme: dict) -> str:
    """Return the largest deviation of the three g(r), over the height of the peak of its g(r)."""
    worst = max(
        (
            float(np.max(np.abs(np.subtract(row["g"][pair]["g"], pme["g"][pair]["g"])))) / max(pme["g"][pair]["g"]),
            pair,
        )
        for pair in pme["g"]
    )
    return f"{100.0 * worst[0]:.1f} % of the peak, {worst[1]}"


def _describeStates(row: dict, pme: dict) -> str:
    """Return which part of the vibrational states of Na and of Cl are at the frequencies of PME's."""
    shares = []
    for ion, values in pme["velocities"].items():
        step = values["f_THz"][1] - values["f_THz"][0]
        difference = np.abs(np.subtract(row["velocities"][ion]["density"], values["density"]))
        shares.append(1.0 - 0.5 * float(difference.sum()) * step)
    return ", ".join(f"{100.0 * share:.1f} %" for share in shares)


def makePressureTable(rows: Sequence[dict]) -> str:
    """Return pressures in simulations of their own, with and without pressureShift, as Markdown."""
    own = [row for row in rows if row["name"] == "pme"]
    pressure = np.mean([row["pressure_kbar"] for row in own])
    error = np.sqrt(np.sum([row["pressure_standard_error_kbar"] ** 2 for row in own])) / len(own)
    cells = [["PME", "", f"{pressure:+.3f} ± {error:.3f}", "", "", ""]]
    surrogates = [row for row in rows if row["name"] != "pme"]
    for row in sorted(surrogates, key=lambda row: (row["name"], abs(row["pressure_shift_bar"]))):
        difference = row["pressure_kbar"] - pressure
        total = np.hypot(row["pressure_standard_error_kbar"], error)
        cells.append(
            [
                row["label"],
                f"{row['pressure_shift_bar'] / 1000.0:+.2f}" if row["pressure_shift_bar"] else "",
                f"{row['pressure_kbar']:+.3f} ± {row['pressure_standard_error_kbar']:.3f}",
                f"{row['pme_here_kbar']:+.3f}",
                f"{row['difference_from_pme_here_kbar']:+.3f} ({row['rms_difference_kbar']:.3f})",
                f"{difference:+.3f} ± {total:.3f}",
            ]
        )
    headings = [
        "",
        "pressureShift",
        "in simulations of its own",
        "PME's in these configurations",
        "difference (rms of a frame)",
        "own, less that of PME in PME's",
    ]
    return makeMarkdown(headings, cells)


def makeStructureTable(rows: Sequence[dict]) -> str:
    """Return S(k) at some wave vectors, as Markdown."""
    rows = [row for row in rows if row["limit"] == "structure factor"]
    chosen = [n for n in WAVES if n < len(rows[0]["k_per_nm"])]
    headings = ["k, 1/nm", *(f"{rows[0]['k_per_nm'][n]:.2f}" for n in chosen)]
    return makeMarkdown(headings, [[row["label"], *(f"{row['S'][n]:.2e}" for n in chosen)] for row in rows])


def makeWavesTable(rows: Sequence[dict]) -> str:
    """Return frequencies of the longest waves of charge, as Markdown."""
    rows = [row for row in rows if row["limit"] == "waves"]
    headings = ["", "k, 1/nm", "longitudinal", "transverse"]
    frequencies = ("longitudinal_mean_THz", "transverse_mean_THz")
    cells = [[row["label"], f"{row['k_per_nm']:.2f}", *(f"{row[name]:.2f}" for name in frequencies)] for row in rows]
    return makeMarkdown(headings, cells)


def makeSlabTable(rows: Sequence[dict]) -> str:
    """Return R2 by layer and surface energies, as Markdown."""
    rows = [row for row in rows if row["limit"] == "slab"]
    headings = ["", "R², outermost layer", "second", "third", "middle", "surface energy, J/m²"]
    cells = []
    for row in rows:
        layers = row["component_r2_by_layer"]
        values = [*layers[:3], layers[-1]]
        cells.append([row["label"], *(f"{value:.4f}" for value in values), f"{row['surface_energy_J_per_m2']:.3f}"])
    return makeMarkdown(headings, cells)


def makePhasesTable(rows: Sequence[dict]) -> str:
    """Return R2 of models of one phase in the other, as Markdown, and what the warning says."""
    cells = [
        [row["label"], row["phase"], f"{row['component_r2']:.4f}", _shorten(row["unlike_training"])]
        for row in rows
        if row["limit"] == "other phase"
    ]
    return makeMarkdown(["model", "in the", "R² of forces", "what the warning says"], cells)


def _shorten(findings: Sequence[str]) -> str:
    """Return the first two findings, and how many more there are."""
    if not findings:
        return "nothing"
    more = f"; {len(findings) - 2} more" if len(findings) > 2 else ""
    return "; ".join(findings[:2]) + more


def makeSpeedTable(rows: Sequence[dict]) -> str:
    """Return ms/step and J/step at all sizes, as Markdown."""
    found = {(row["atoms"], row["name"]): row for row in rows if "error" not in row}
    names = [name for name in COLUMNS if any(key[1] == name for key in found)]
    cells = [
        [f"{atoms:,}", *(_formatCell(found.get((atoms, name))) for name in names)]
        for atoms in sorted({atoms for atoms, _ in found})
    ]
    return makeMarkdown(["ions", *(COLUMNS[name] for name in names)], cells)


def _formatCell(row: dict | None) -> str:
    if row is None:
        return ""
    joules = f" ({row['J_per_step']:.3g} J)" if "J_per_step" in row else ""
    return f"{row['ms_per_step']:.3g}{joules}"


def makeRatiosTable(rows: Sequence[dict]) -> str:
    """Return how many times the time, and the joules, of the surrogate at 1.0 nm others take, as Markdown."""
    found = {(row["atoms"], row["name"]): row for row in rows if "error" not in row}
    cells = []
    for atoms in sorted({atoms for atoms, _ in found}):
        stock = [found[atoms, name] for name in STOCK if (atoms, name) in found]
        fastest = min(stock, key=lambda row: row["ms_per_step"])
        for name in ("table-1.0", "coarse-1.0"):
            table = found.get((atoms, name))
            if table is None:
                continue
            others = [found.get((atoms, other)) for other in ("pme-single", "pme-double", "tunable-ESP")]
            ratios = [_describeRatio(row, table) for row in others]
            ratios.insert(1, f"{_describeRatio(fastest, table)} ({fastest['cutoff_nm']} nm)")
            cells.append([f"{atoms:,}", COLUMNS[name].strip("*"), *ratios])
    headings = [
        "ions",
        "against",
        "PME single",
        "at its fastest cutoff",
        "PME double",
        "TunablePMEForce, ESP",
    ]
    return makeMarkdown(headings, cells)


def _describeRatio(row: dict | None, table: dict) -> str:
    if row is None:
        return ""
    text = f"{row['ms_per_step'] / table['ms_per_step']:.2f}"
    both = "J_per_step" in row and "J_per_step" in table
    return text + (f", {row['J_per_step'] / table['J_per_step']:.2f}" if both else "")


def makeErrorsTable(speed: dict) -> str:
    """Return the measured force errors of the contestants in the crystal of 8,000 ions, as Markdown."""
    calls = speed["settings"] if isinstance(speed["settings"], list) else [speed["settings"]]
    found = {row["name"]: row["force_error"] for row in speed["rows"] if "force_error" in row and row["atoms"] == 8000}
    for call in calls:
        found |= call.get("force_errors_over_rms_force", {})
    cells = [[COLUMNS[name].strip("*"), f"{found[name]:.1e}"] for name in COLUMNS if name in found]
    return makeMarkdown(["", "force error / RMS force"], cells)


def makePage(page: str, speed: dict, fidelity: dict, limits: dict, limit: dict, pressure: dict) -> str:
    """Return the page with the tables of these results."""
    parts = {
        "limit": makeLimitTable(limit["rows"]),
        "forces": makeForcesTable(limit["rows"]),
        "fidelity-run": describeDevices(fidelity) + ".",
        **{
            f"{phase}-{ions}": makeFidelityTable(fidelity["rows"], phase, ions)
            for phase in ("crystal", "melt")
            for ions in (4096, 1000)
        },
        "pressure-run": describeDevices(pressure) + ".",
        "pressure": makePressureTable(pressure["rows"]),
        "limits-run": describeDevices(limits) + ".",
        "structure-factor": makeStructureTable(limits["rows"]),
        "waves": makeWavesTable(limits["rows"]),
        "slab": makeSlabTable(limits["rows"]),
        "phases": makePhasesTable(limits["rows"]),
        "speed-run": describeDevices(speed) + ".",
        "speed": makeSpeedTable(speed["rows"]),
        "ratios": makeRatiosTable(speed["rows"]),
        "errors": makeErrorsTable(speed),
    }
    return fillPage(page, parts)


def main() -> None:
    """Write the page and the figures."""
    speed, fidelity, limits = loadLatest("nacl"), loadLatest("nacl_fidelity"), loadLatest("nacl_limits")
    others = loadLatest("pair_limit"), loadLatest("nacl_pressure")
    PAGE.write_text(makePage(PAGE.read_text(), speed, fidelity, limits, *others))
    plot_nacl.plotFidelity(fidelity, limits, FIDELITY_FIGURE)
    plot_nacl.plotSpeed(speed, SPEED_FIGURE)
    print(f"written to {PAGE}, {FIDELITY_FIGURE} and {SPEED_FIGURE}")


if __name__ == "__main__":
    main()
