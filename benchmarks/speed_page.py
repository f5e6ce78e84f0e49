# SPDX-License-Identifier: MIT
"""Writes the measured tables of docs/reference/speed.md and README.md, and their figure, from the latest results of
surrogate.py.

A test compares pages and results.
"""

from __future__ import annotations

from collections.abc import Sequence

import plot_surrogate
from common.page import README, ROOT, describeDevice, fillPage, formatStep, makeMarkdown
from common.results import loadLatest

PAGE = ROOT / "docs" / "reference" / "speed.md"
FIGURE = ROOT / "docs" / "images" / "speed.png"
COLUMNS = {
    "none": "no force",
    "lj": "NonbondedForce",
    "custom": "CustomNonbondedForce, table",
    "table-single": "**our table**",
    "network-single": "our network, single",
    "network-float16": "float16",
    "network-bfloat16": "**bfloat16**",
    "network-int8": "int8",
    "jax-float32": "(JAX, float32)",
    "jax-bfloat16": "(JAX, bfloat16)",
    "torch-bfloat16": "(PyTorch, bfloat16)",
}
DETAILED = 64000  # atoms of the table of all formats
BRIEF = {"lj": "NonbondedForce", "table-single": "our table", "network-bfloat16": "our network, bfloat16"}
BRIEF_SIZES = (64000, 256000, 1000000, 4000000)


def makeSizesTable(rows: Sequence[dict], columns: dict[str, str] = COLUMNS) -> str:
    """Return ms/step and J/step of the main contestants at all sizes, as Markdown."""
    found = {(row["atoms"], row["name"]): row for row in rows if "error" not in row}
    names = [name for name in columns if any(key[1] == name for key in found)]
    cells = [
        [f"{atoms:,}", *(formatStep(found.get((atoms, name))) for name in names)]
        for atoms in sorted({atoms for atoms, _ in found})
    ]
    return makeMarkdown(["atoms", *(columns[name] for name in names)], cells)


def makeFormatsTable(rows: Sequence[dict]) -> str:
    """Return everything about all contestants at one size, as Markdown."""
    rows = [row for row in rows if row["atoms"] == DETAILED and "error" not in row]
    headings = ["", "ms/step", "range", "pairs/s", "floor/step", "J/step", "W", "K"]
    return makeMarkdown(headings, [_format_row(row) for row in rows])


def _format_row(row: dict) -> list[str]:
    low, high = row["ms_per_step_range"]
    return [
        row["label"] if row["whole_steps"] else f"({row['label']})",
        f"{row['ms_per_step']:.3g}",
        f"{low:.3g} to {high:.3g}",
        f"{row['pairs_per_s']:.2e}" if "pairs_per_s" in row else "",
        f"{row['floor_fraction']:.2f}" if "floor_fraction" in row else "",
        f"{row['J_per_step']:.3g}" if "J_per_step" in row else "",
        f"{row['W']:.0f}" if "W" in row else "",
        "" if row["temperature_K"] is None else f"{row['temperature_K']:.0f}",
    ]


def joinResults(content: dict, report: dict) -> dict:
    """Return both results for one figure, with both their dates if there are two."""
    dates = content["device"]["date"]
    if report["device"]["date"] != dates:
        dates += f", up to {max(row['atoms'] for row in report['rows']):,} atoms {report['device']['date']}"
    device = {**content["device"], "date": dates}
    return {"device": device, "rows": [*report["rows"], *content["rows"]]}


def describeRun(content: dict) -> str:
    """Return the line that says where and when."""
    settings = content["settings"] if isinstance(content["settings"], list) else [content["settings"]]
    idle = [item["idle_W"] for item in settings if item.get("idle_W")]
    return describeDevice(content) + (f"; the idle GPU drew {min(idle):.0f} W." if idle else ".")


def makePage(page: str, content: dict, report: dict) -> str:
    """Return the page with the tables of these results, and of those at the sizes of the report."""
    parts = {
        "report run": describeRun(report),
        "report": makeSizesTable(report["rows"]),
        "run": describeRun(content),
        "sizes": makeSizesTable(content["rows"]),
        "formats": makeFormatsTable(content["rows"]),
    }
    return fillPage(page, parts)


def fillReadme(text: str, content: dict) -> str:
    """Return README.md with its table of these results."""
    rows = [row for row in content["rows"] if row["atoms"] in BRIEF_SIZES and row["name"] in BRIEF]
    return fillPage(text, {"argon": makeSizesTable(rows, BRIEF)})


def main() -> None:
    """Write the pages and the figure."""
    content, report = loadLatest("surrogate"), loadLatest("surrogate_report")
    PAGE.write_text(makePage(PAGE.read_text(), content, report))
    README.write_text(fillReadme(README.read_text(), content))
    plot_surrogate.plot(joinResults(content, report), FIGURE)
    print(f"written to {PAGE}, {README} and {FIGURE}")


if __name__ == "__main__":
    main()
