# SPDX-License-Identifier: MIT
"""Writes the measured tables and the figure of docs/reference/ions-and-water.md, and a table of README.md, from the
latest results of ions_and_water.py, equal_errors.py and ensembles.py.

A test compares pages and results.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from common.floors import findDirectFloor, findReciprocalFloor
from common.kernels import DIRECT_STAGES, STAGES
from common.page import README, ROOT, describeDevices, fillPage, formatStep, makeMarkdown
from common.results import loadLatest
from contestants.equal_error import DEFAULT_TOLERANCE, PROFILED
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from openmmsurrogate.plots.style import figureStyle

PAGE = ROOT / "docs" / "reference" / "ions-and-water.md"
FIGURE = ROOT / "docs" / "images" / "ions-and-water.png"
ORDER = 5  # of ESP's window at this tolerance
COLUMNS = {
    "openmm-single": "OpenMM, single",
    "openmm-mixed": "OpenMM, mixed",
    "openmm-best": "OpenMM, single, error of ESP",
    "spme-single": "our SPME, single, error of ESP",
    "esp-single": "ESP, single",
    "esp-mixed": "ESP, mixed",
}
BRIEF = {
    "openmm-single": "NonbondedForce, PME",
    "openmm-best": "NonbondedForce, error of ESP",
    "esp-single": "TunablePMEForce",
}
BRIEF_SIZES = (64_000, 262_144, 1_000_000, 4_096_000)  # ions
RATIOS = {
    "ESP/OpenMM, single": ("esp-single", "openmm-single"),
    "mixed": ("esp-mixed", "openmm-mixed"),
    "single, error of ESP": ("esp-single", "openmm-best"),
}
STYLES = {
    "openmm-single": {"color": "#000000", "marker": "o"},
    "openmm-best": {"color": "#999999", "marker": "s"},
    "spme-single": {"color": "#0072B2", "marker": "v"},
    "esp-single": {"color": "#D55E00", "marker": "^", "linewidth": 2.0},
    "esp-mixed": {"color": "#E69F00", "marker": "D"},
}

Key = tuple[str, int, float]  # system, atoms, tolerance


def collect(rows: Sequence[dict]) -> dict[Key, dict[str, dict]]:
    """Return rows by system and tolerance, and name; values of later ones win. "openmm-best" is OpenMM's fastest cutoff
    in single precision that has the error of ESP."""
    found: dict[Key, dict[str, dict]] = {}
    for row in rows:
        if "error" not in row:
            named = found.setdefault((row["system"], row["atoms"], row["tolerance"]), {})
            named[row["name"]] = named.get(row["name"], {}) | row
    for named in found.values():
        equal = [row for name, row in named.items() if name.startswith("openmm-single-") and "ms_per_step" in row]
        if equal:
            named["openmm-best"] = min(equal, key=lambda row: row["ms_per_step"])
    return dict(sorted(found.items(), key=lambda item: (-item[0][2], _order(item[0][0]), item[0][1])))


def _order(system: str) -> int:
    return ("NaCl", "NaCl melt", "water", "protein").index(system)


def makeStepsTable(found: dict[Key, dict[str, dict]], isWanted: Callable[[float], bool]) -> str:
    """Return ms/step and J/step at some tolerances, as Markdown."""
    cells = []
    for (system, atoms, tolerance), named in found.items():
        if isWanted(tolerance):
            label = f"{system}, {atoms:,}" + ("" if tolerance == DEFAULT_TOLERANCE else f", {tolerance:g}")
            steps = [_formatStepAndCutoff(named.get(name)) for name in COLUMNS]
            ratios = [_formatRatio(named.get(ours), named.get(theirs)) for ours, theirs in RATIOS.values()]
            esp = named.get("esp-single", {})
            perAtom = f"{1e6 * esp['ms_per_step'] / atoms:.2f}" if "ms_per_step" in esp else ""
            if any(steps):
                cells.append([label, *steps, *ratios, perAtom])
    return makeMarkdown(["atoms", *COLUMNS.values(), *RATIOS, "ESP, single, ns/atom"], cells)


def _formatStepAndCutoff(row: dict | None) -> str:
    if row is None or "ms_per_step" not in row:
        return ""
    cutoff = f" at {row['cutoff_nm']:g} nm" if row["name"].startswith("openmm-single-") else ""
    return formatStep(row) + cutoff


def _formatRatio(ours: dict | None, theirs: dict | None) -> str:
    """Return the ratio of times, and of energies."""
    if ours is None or theirs is None or "ms_per_step" not in ours or "ms_per_step" not in theirs:
        return ""
    text = f"{ours['ms_per_step'] / theirs['ms_per_step']:.2f}"
    if "J_per_step" in ours and "J_per_step" in theirs:
        text += f" ({ours['J_per_step'] / theirs['J_per_step']:.2f})"
    return text


def makeStagesTable(found: dict[Key, dict[str, dict]]) -> str:
    """Return the times of kernels at the default tolerance, us, and floors, as Markdown."""
    stages = [*STAGES, *DIRECT_STAGES]
    cells = []
    for (system, atoms, tolerance), named in found.items():
        for name in PROFILED:
            row = named.get(name)
            if tolerance == DEFAULT_TOLERANCE and row is not None and "direct_stages_us" in row:
                times = row["stages_us"] | row["direct_stages_us"]
                cells.append(
                    [
                        f"{system}, {atoms:,}: {row['label']}",
                        *(f"{times[stage]:.1f}" for stage in stages),
                        f"{row['kspace_us']:.0f}",
                        f"{row['direct_us']:.0f}",
                    ]
                )
        row = named.get("esp-single", named.get("esp-mixed", {}))
        if tolerance == DEFAULT_TOLERANCE and "stages_us" in row:
            direct = findDirectFloor(atoms, atoms / row["volume_nm3"], row["cutoff_nm"])
            mesh = findReciprocalFloor(atoms, math.prod(row["grid"]), ORDER)
            empty = [""] * len(STAGES)
            cells.append([f"{system}, {atoms:,}: floor", *empty, f"{direct:.1f}", "", "", f"{mesh:.0f}", ""])
    return makeMarkdown(["us", *stages, "k-space", "rest"], cells)


def makeErrorsTable(found: dict[Key, dict[str, dict]]) -> str:
    """Return measured errors and grids, as Markdown."""
    cells = []
    for (system, atoms, tolerance), named in found.items():
        for row in (row for name, row in named.items() if name != "openmm-best"):
            if "relative_force_error" in row:
                cells.append(
                    [
                        f"{system}, {atoms:,}, {tolerance:g}",
                        row["label"],
                        " x ".join(map(str, row["grid"])),
                        f"{row['relative_force_error']:.2e}",
                        f"{row['force_error']:.3g}",
                    ]
                )
    return makeMarkdown(["atoms, tolerance", "", "grid", "error over RMS force", "error, kJ/mol/nm"], cells)


def makeEqualTable(rows: Sequence[dict]) -> str:
    """Return the settings that have ESP's error, as Markdown."""
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        groups.setdefault((row["system"], row["tolerance"]), []).append(row)
    cells = []
    for (system, tolerance), group in sorted(groups.items(), key=lambda item: (_order(item[0][0]), -item[0][1])):
        errors = {row["name"]: f"{row['relative_force_error']:.2e}" for row in group}
        equal = [f"{row['setting']:.2e} ({row['cutoff_nm']:g} nm)" for row in group if row["name"] == "openmm"]
        force = next(f"{row['setting']:.3g}" for row in group if row["name"] == "spme")
        cells.append([f"{system}, {tolerance:g}", errors["openmm-same"], errors["esp"], ", ".join(equal), force])
    headings = ["system, tolerance", "error of OpenMM", "error of ESP", "OpenMM's tolerance", "our SPME, kJ/mol/nm"]
    return makeMarkdown(headings, cells)


def _combine(values: Sequence[float], errors: Sequence[float]) -> tuple[float, float]:
    """Return the mean of replicas weighted by their precision, and its standard error."""
    weights = [1.0 / error**2 for error in errors]
    return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights), 1.0 / math.sqrt(sum(weights))


def _group(rows: Sequence[dict], measure: str) -> dict[tuple, list[dict]]:
    """Return replicas, by system, size, label and tolerance."""
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        if row["measure"] == measure and "error" not in row:
            groups.setdefault((row["system"], row["atoms"], row["label"], row["tolerance"]), []).append(row)
    return groups


def makeDriftTable(rows: Sequence[dict]) -> str:
    """Return the drift of the total energy of all replicas together, as Markdown."""
    cells = []
    for (system, atoms, label, tolerance), group in _group(rows, "energy").items():
        drift, error = _combine([r["drift_kT_per_atom_ns"] for r in group], [r["standard_error"] for r in group])
        length = sum(row["ps"] for row in group) / 1000.0
        cells.append(
            [f"{system}, {atoms:,}", label, f"{tolerance:g}", f"{length:.2f}", f"{drift:+.1e}", f"{error:.1e}"]
        )
    return makeMarkdown(["atoms", "", "tolerance", "ns", "drift, kT/atom/ns", "standard error"], cells)


def makeDensityTable(rows: Sequence[dict]) -> str:
    """Return densities and lattice constants at 1 bar of all replicas together, as Markdown."""
    cells = []
    for (system, atoms, label, tolerance), group in _group(rows, "density").items():
        kind = "lattice_constant" if system == "NaCl" else "density"
        unit, suffix = ("nm", "_nm") if system == "NaCl" else ("g/cm³", "_g_per_cm3")
        mean, error = _combine([r[kind + suffix] for r in group], [r[kind + "_standard_error"] for r in group])
        length = sum(row["ps"] for row in group) / 1000.0
        cells.append(
            [
                f"{system}, {atoms:,}",
                f"{label}, tolerance {tolerance:g}",
                f"{length:.2f}",
                f"{mean:.5f} {unit}",
                f"{error:.5f}",
            ]
        )
    return makeMarkdown(["atoms", "", "ns", "lattice constant or density", "standard error"], cells)


def makePage(page: str, speed: dict, equal: dict, ensembles: dict) -> str:
    """Return the page with the tables of these results."""
    found = collect(speed["rows"])
    parts = {
        "run": describeDevices(speed) + ".",
        "steps": makeStepsTable(found, lambda tolerance: tolerance == DEFAULT_TOLERANCE),
        "strict steps": makeStepsTable(found, lambda tolerance: tolerance != DEFAULT_TOLERANCE),
        "stages": makeStagesTable(found),
        "errors": makeErrorsTable(found),
        "equal errors": makeEqualTable(equal["rows"]),
        "ensembles run": describeDevices(ensembles) + ".",
        "drift": makeDriftTable(ensembles["rows"]),
        "density": makeDensityTable(ensembles["rows"]),
    }
    return fillPage(page, parts)


def fillReadme(text: str, found: dict[Key, dict[str, dict]]) -> str:
    """Return README.md with its table of these results."""
    cells = []
    for atoms in BRIEF_SIZES:
        named = found.get(("NaCl", atoms, DEFAULT_TOLERANCE), {})
        if any("ms_per_step" in named.get(name, {}) for name in BRIEF):
            cells.append([f"{atoms:,}", *(formatStep(named.get(name)) for name in BRIEF)])
    return fillPage(text, {"salt": makeMarkdown(["ions", *BRIEF.values()], cells)})


def plot(found: dict[Key, dict[str, dict]], path: Path) -> None:
    """Draw time and energy per atom and step against the number of ions of NaCl, and time against the tolerance."""
    with figureStyle():
        figure = Figure(figsize=(12.0, 3.8), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, 3)
        crystal = {key: named for key, named in found.items() if key[0] == "NaCl"}
        quantities = (("ms_per_step", 1e6, "ns per ion and step"), ("J_per_step", 1e6, "microjoules per ion and step"))
        for axes, (quantity, scale, label) in zip(panels[:2], quantities, strict=True):
            for name, style in STYLES.items():
                points = [
                    (atoms, scale * named[name][quantity] / atoms)
                    for (_, atoms, tolerance), named in crystal.items()
                    if tolerance == DEFAULT_TOLERANCE and quantity in named.get(name, {})
                ]
                if points:
                    axes.plot(*zip(*points, strict=True), label=COLUMNS[name], markersize=5, **style)
            axes.set(xscale="log", yscale="log", xlabel="ions of NaCl, tolerance 5e-4", ylabel=label)
        for name, style in STYLES.items():
            points = [
                (tolerance, named[name]["ms_per_step"])
                for (_, atoms, tolerance), named in crystal.items()
                if atoms == 262_144 and "ms_per_step" in named.get(name, {})
            ]
            if points:
                panels[2].plot(*zip(*points, strict=True), markersize=5, **style)
        panels[2].set(xscale="log", yscale="log", xlabel="tolerance, 262,144 ions", ylabel="ms/step")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right center")
        figure.savefig(path)


def main() -> None:
    """Write the pages and the figure."""
    contents = [loadLatest(name) for name in ("ions_and_water", "equal_errors", "ensembles")]
    found = collect(contents[0]["rows"])
    PAGE.write_text(makePage(PAGE.read_text(), *contents))
    README.write_text(fillReadme(README.read_text(), found))
    plot(found, FIGURE)
    print(f"written to {PAGE}, {README} and {FIGURE}")


if __name__ == "__main__":
    main()
