# SPDX-License-Identifier: MIT
"""Writes the measured tables of docs/reference/pme-speed.md from the latest results of kspace.py, those
of a later call of it that are named kspace_repeat, and those of salt.py.

A test compares page and results.
"""

from __future__ import annotations

from collections.abc import Sequence

import salt
from common.kernels import STAGES
from common.page import ROOT, describeDevice, fillPage, formatStep, makeMarkdown
from common.results import loadLatest
from contestants.electrostatics import CONTESTANTS

PAGE = ROOT / "docs" / "reference" / "pme-speed.md"
# Whose kernels are compared: theirs, ours.
COMPARED = (
    ("openmm-single", "spme-single"),
    ("openmm-single", "esp-single"),
    ("openmm-double", "spme-mixed-double"),
    ("openmm-double", "esp-double"),
)


def listSystems(rows: Sequence[dict]) -> list[tuple[str, int]]:
    """Return the systems and sizes, in the order of the rows."""
    return list(dict.fromkeys((row["system"], row["atoms"]) for row in rows))


def listLabels(rows: Sequence[dict]) -> dict[str, str]:
    """Return the labels of the contestants by name, in the order of contestants.electrostatics."""
    labels = {row["name"]: row["label"] for row in rows}
    order = [contestant.name for contestant in CONTESTANTS]
    return dict(sorted(labels.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order)))


def makeStepsTable(rows: Sequence[dict]) -> str:
    """Return ms/step and J/step of all contestants in all systems, as Markdown."""
    found = {(row["system"], row["atoms"], row["name"]): row for row in rows if "error" not in row}
    labels = listLabels(rows)
    cells = [
        [f"{system}, {atoms:,}", *(formatStep(found.get((system, atoms, name))) for name in labels)]
        for system, atoms in listSystems(rows)
    ]
    return makeMarkdown(["atoms", *labels.values()], cells)


def makeKernelsTable(rows: Sequence[dict]) -> str:
    """Return the times of the stages of reciprocal space, OpenMM's and ours, and their ratios, as Markdown."""
    found = {(row["system"], row["atoms"], row["name"]): row for row in rows if "stages_us" in row}
    cells = []
    for system, atoms in listSystems(rows):
        for theirs, ours in COMPARED:
            pair = [found.get((system, atoms, name)) for name in (theirs, ours)]
            if pair[0] is not None and pair[1] is not None:
                times = [{**row["stages_us"], "all": row["kspace_us"]} for row in pair if row is not None]
                label = f"{system}, {atoms:,}: {pair[1]['label']} / {pair[0]['label']}"
                cells.append([label, *(_format_ratio(times[1][stage], times[0][stage]) for stage in (*STAGES, "all"))])
    return makeMarkdown(["us", *STAGES, "all"], cells)


def _format_ratio(ours: float, theirs: float) -> str:
    return f"{ours:.1f} / {theirs:.1f} = {ours / theirs:.2f}" if theirs > 0 else f"{ours:.1f}"


def makeErrorsTable(rows: Sequence[dict]) -> str:
    """Return what was chosen, the error of the force, and memory, as Markdown."""
    cells = [
        [
            f"{row['system']}, {row['atoms']:,}",
            row["label"],
            f"{row['alpha_per_nm']:.3f}",
            " x ".join(map(str, row["grid"])),
            f"{row['relative_force_error']:.2e}" if "relative_force_error" in row else "",
            f"{row['memory_MiB']:.0f}" if "memory_MiB" in row else "",
        ]
        for row in rows
        if "error" not in row
    ]
    return makeMarkdown(["atoms", "", "alpha, 1/nm", "grid", "relative force error", "MiB"], cells)


def makeDriftTable(rows: Sequence[dict]) -> str:
    """Return the drift of the total energy, as Markdown."""
    cells = [
        [
            row["label"],
            f"{row['drift_kT_per_atom_ns']:+.1e}",
            f"{row['standard_error']:.1e}",
            f"{row['temperature_K']:.1f}",
        ]
        for row in rows
        if "error" not in row
    ]
    return makeMarkdown(["", "drift, kT/ion/ns", "standard error", "K"], cells)


def makePage(page: str, speed: dict, repeat: dict, properties: dict) -> str:
    """Return the page with the tables of these results: of kspace.py, of a later call of it, and of salt.py."""
    parts = {
        "run": describeDevice(speed) + ".",
        "repeated run": describeDevice(repeat) + ".",
        "repeated steps": makeStepsTable(repeat["rows"]),
        "repeated kernels": makeKernelsTable(repeat["rows"]),
        "steps": makeStepsTable(speed["rows"]),
        "kernels": makeKernelsTable(speed["rows"]),
        "errors": makeErrorsTable(speed["rows"]),
        "drift": makeDriftTable(properties["rows"]),
    }
    return fillPage(page, parts)


def main() -> None:
    """Write the page and the figure."""
    speed, repeat, properties = (loadLatest(name) for name in ("kspace", "kspace_repeat", "salt"))
    PAGE.write_text(makePage(PAGE.read_text(), speed, repeat, properties))
    salt.plot([row for row in properties["rows"] if "error" not in row], salt.FIGURE)
    print(f"written to {PAGE} and {salt.FIGURE}")


if __name__ == "__main__":
    main()
