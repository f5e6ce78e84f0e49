# SPDX-License-Identifier: MIT
"""The table that the benchmarks print."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

HEADINGS = ("atoms", "contestant", "ms/step", "range", "pairs/s", "floor/step", "J/step", "W", "K", "steps")


def makeTable(rows: Sequence[dict]) -> Table:
    """Return rows of results as a table. A contestant in parentheses does less than whole steps."""
    table = Table()
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "contestant" else "right", no_wrap=True)
    atoms = None
    for row in rows:
        if atoms not in (None, row["atoms"]):
            table.add_section()
        atoms = row["atoms"]
        table.add_row(*formatRow(row))
    return table


def formatRow(row: dict) -> list[str]:
    """Return a row as text."""
    if "error" in row:
        return [f"{row['atoms']:,}", row["label"], "failed"]  # the file says why
    low, high = row["ms_per_step_range"]
    return [
        f"{row['atoms']:,}",
        row["label"] if row["whole_steps"] else f"({row['label']})",
        f"{row['ms_per_step']:.4f}",
        f"{low:.3f} to {high:.3f}",
        f"{row['pairs_per_s']:.2e}" if "pairs_per_s" in row else "",
        f"{row['floor_fraction']:.2f}" if "floor_fraction" in row else "",
        f"{row['J_per_step']:.4f}" if "J_per_step" in row else "",
        f"{row['W']:.0f}" if "W" in row else "",
        "" if row["temperature_K"] is None else f"{row['temperature_K']:.0f}",
        str(row["steps"]),
    ]
