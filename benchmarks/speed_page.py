# SPDX-License-Identifier: MIT
"""Writes the measured tables of docs/reference/speed.md, and its figure, from the latest results of surrogate.py.

What stands between the markers on the page is replaced; a test compares page and results.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import plot_surrogate
from common.results import loadLatest

ROOT = Path(__file__).parents[1]
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


def makeSizesTable(rows: Sequence[dict]) -> str:
    """Return ms/step and J/step of the main contestants at all sizes, as Markdown."""
    found = {(row["atoms"], row["name"]): row for row in rows if "error" not in row}
    names = [name for name in COLUMNS if any(key[1] == name for key in found)]
    lines = ["| atoms | " + " | ".join(COLUMNS[name] for name in names) + " |", "|---" * (len(names) + 1) + "|"]
    for atoms in sorted({atoms for atoms, _ in found}):
        cells = [_format_cell(found.get((atoms, name))) for name in names]
        lines.append(f"| {atoms:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _format_cell(row: dict | None) -> str:
    if row is None:
        return ""
    joules = f" ({row['J_per_step']:.3g} J)" if "J_per_step" in row else ""
    return f"{row['ms_per_step']:.3g}{joules}"


def makeFormatsTable(rows: Sequence[dict]) -> str:
    """Return everything about all contestants at one size, as Markdown."""
    lines = ["| | ms/step | range | pairs/s | floor/step | J/step | W | K |", "|---" * 8 + "|"]
    for row in rows:
        if row["atoms"] != DETAILED or "error" in row:
            continue
        low, high = row["ms_per_step_range"]
        cells = [
            row["label"] if row["whole_steps"] else f"({row['label']})",
            f"{row['ms_per_step']:.3g}",
            f"{low:.3g} to {high:.3g}",
            f"{row['pairs_per_s']:.2e}" if "pairs_per_s" in row else "",
            f"{row['floor_fraction']:.2f}" if "floor_fraction" in row else "",
            f"{row['J_per_step']:.3g}" if "J_per_step" in row else "",
            f"{row['W']:.0f}" if "W" in row else "",
            "" if row["temperature_K"] is None else f"{row['temperature_K']:.0f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def describeRun(content: dict) -> str:
    """Return the line that says where and when."""
    device = content["device"]
    settings = content["settings"] if isinstance(content["settings"], list) else [content["settings"]]
    idle = [item["idle_W"] for item in settings if item.get("idle_W")]
    text = f"{device['gpu']}, driver {device['driver']}, OpenMM {device['openmm']}, {device['date']}"
    text += f", commit {device['commit']}"
    return text + (f"; the idle GPU drew {min(idle):.0f} W." if idle else ".")


def fillPage(page: str, content: dict) -> str:
    """Return the page with the tables of these results."""
    parts = {
        "run": describeRun(content),
        "sizes": makeSizesTable(content["rows"]),
        "formats": makeFormatsTable(content["rows"]),
    }
    for name, text in parts.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not pattern.search(page):
            raise ValueError(f"{PAGE} has no place for {name!r}: <!-- {name} --> ... <!-- end -->")
        page = pattern.sub(lambda match, text=text: f"{match[1]}{text}\n{match[2]}", page)
    return page


def main() -> None:
    """Write the page and the figure."""
    content = loadLatest("surrogate")
    PAGE.write_text(fillPage(PAGE.read_text(), content))
    plot_surrogate.plot(content, FIGURE)
    print(f"written to {PAGE} and {FIGURE}")


if __name__ == "__main__":
    main()
