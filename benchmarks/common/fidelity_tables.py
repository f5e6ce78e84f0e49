# SPDX-License-Identifier: MIT
"""Tables of how good the surrogates of sodium chloride are: forces, simulations, pressures."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from common.page import ROOT, makeMarkdown

EVALUATION = ROOT / "docs" / "evaluation"
TARGETS = {"crystal": {0.85: 0.997, 1.0: 0.998, 1.2: 0.999}, "melt": {0.85: 0.992, 1.0: 0.995, 1.2: 0.997}}


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
