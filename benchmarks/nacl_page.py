# SPDX-License-Identifier: MIT
"""Writes the measured tables of docs/theory/ions-without-kspace.md, and its figures, from the latest results of
nacl.py, nacl_fidelity.py, nacl_pressure.py, nacl_limits.py and pair_limit.py, and from docs/evaluation.

A test compares page and results.
"""

from __future__ import annotations

from collections.abc import Sequence

import plot_nacl
from common.fidelity_tables import makeFidelityTable, makeForcesTable, makeLimitTable, makePressureTable
from common.page import ROOT, describeDevices, fillPage, formatStep, makeMarkdown
from common.results import loadLatest

PAGE = ROOT / "docs" / "theory" / "ions-without-kspace.md"
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
WAVES = (0, 1, 2, 4, 8, 16)  # of the structure factor, those in the table


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
        [f"{atoms:,}", *(formatStep(found.get((atoms, name))) for name in names)]
        for atoms in sorted({atoms for atoms, _ in found})
    ]
    return makeMarkdown(["ions", *(COLUMNS[name] for name in names)], cells)


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
