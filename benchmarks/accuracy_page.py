# SPDX-License-Identifier: MIT
"""Writes the measured tables of docs/reference/accuracy.md from the latest results of accuracy.py and drift.py."""

from __future__ import annotations

from collections.abc import Sequence

from common.page import ROOT, describeDevice, fillPage, makeMarkdown
from common.results import loadLatest

from openmmsurrogate.analysis import formatR2

PAGE = ROOT / "docs" / "reference" / "accuracy.md"


def makeFormatsTable(rows: Sequence[dict]) -> str:
    """Return what accuracy.py found, as Markdown."""
    headings = [
        "model",
        "format",
        "to Reference: RMS",
        "largest",
        "R² to double",
        "RMSE, eV/Å",
        "RMS",
        "Reference's RMS",
    ]
    cells = []
    for row in rows:
        if "error" in row:
            cells.append([row["model"], row["format"], "refused", *[""] * 5])
            continue
        cells.append(
            [
                row["model"],
                row["format"],
                f"{row['relative_error_to_reference']:.1e}",
                f"{row['largest_error_to_reference']:.1e}",
                formatR2(row["r2_to_double"]),
                f"{row['rmse_to_double_eV_per_angstrom']:.1e}",
                f"{row['relative_error_to_double']:.1e}",
                f"{row['emulated_relative_error_to_double']:.1e}",
            ]
        )
    return makeMarkdown(headings, cells)


def describeConfigurations(settings: dict | Sequence[dict], rows: Sequence[dict]) -> str:
    """Return on what accuracy.py measured, a sentence for each of its calls, with the models that have rows."""
    calls = [settings] if isinstance(settings, dict) else settings
    measured = {row["model"] for row in rows}
    sentences = []
    for call in calls:
        models = ", ".join(model for model in call["models"] if model in measured)
        frames = f"{call['frames']} configuration{'s' if call['frames'] > 1 else ''} of {call['atoms']:,} atoms"
        sentences.append(f"{models}: {frames}, Contexts of {call['platform']} in {', '.join(call['precisions'])}.")
    return " ".join(sentences)


def makeDriftTable(rows: Sequence[dict]) -> str:
    """Return what drift.py found, as Markdown."""
    headings = [
        "",
        "atoms",
        "Context",
        "steps",
        "drift, kT per atom and ns",
        "standard error",
        "fluctuation, kT per atom",
    ]
    cells = [
        [
            row["label"],
            f"{row['atoms']:,}",
            row.get("Precision", row["platform"]),
            f"{row['steps']:,}",
            f"{row['drift_kT_per_atom_ns']:+.1e}",
            f"{row['standard_error']:.1e}",
            f"{row['fluctuation_kT_per_atom']:.1e}",
        ]
        for row in rows
    ]
    return makeMarkdown(headings, cells)


def makePage(page: str) -> str:
    """Return the page with the latest results."""
    accuracy, drift, longDrift = loadLatest("accuracy"), loadLatest("drift"), loadLatest("drift_long")
    parts = {
        "accuracy run": describeDevice(accuracy)
        + ". "
        + describeConfigurations(accuracy["settings"], accuracy["rows"]),
        "formats": makeFormatsTable(accuracy["rows"]),
        "drift run": describeDevice(drift) + ".",
        "drift": makeDriftTable(drift["rows"]),
        "long drift run": describeDevice(longDrift) + ".",
        "long drift": makeDriftTable(longDrift["rows"]),
    }
    return fillPage(page, parts)


def main() -> None:
    """Write the page."""
    PAGE.write_text(makePage(PAGE.read_text()))
    print(f"written to {PAGE}")


if __name__ == "__main__":
    main()
