# SPDX-License-Identifier: MIT
"""Measured tables on pages of the documentation: what stands between <!-- name --> and <!-- end --> is replaced."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


def fillPage(page: str, parts: dict[str, str]) -> str:
    """Return the text of a page with its parts replaced. Raises ValueError if it has no place for one."""
    for name, text in parts.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not pattern.search(page):
            raise ValueError(f"the page has no place for {name!r}: <!-- {name} --> ... <!-- end -->")
        page = pattern.sub(lambda match, text=text: f"{match[1]}{text}\n{match[2]}", page)
    return page


def makeMarkdown(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def formatStep(row: dict | None) -> str:
    """Return the milliseconds of a step, and its joules where they were measured; nothing where there is no row."""
    if row is None:
        return ""
    joules = f" ({row['J_per_step']:.3g} J)" if "J_per_step" in row else ""
    return f"{row['ms_per_step']:.3g}{joules}"


def describeDevices(content: dict) -> str:
    """Return where and when results were measured, all places if they are those of several files."""
    commits: dict[str, list[str]] = {}
    for device in content.get("devices", [content["device"]]):
        place, _, commit = describeDevice({"device": device}).partition(", commit ")
        commits.setdefault(place, []).append(commit)
    return "; ".join(
        f"{place}, commit {' and '.join(dict.fromkeys(found))}" if any(found) else place
        for place, found in commits.items()
    )


def describeDevice(content: dict) -> str:
    """Return where and when results were measured."""
    device = content["device"]
    hardware = f"{device['gpu']}, driver {device['driver']}" if device["gpu"] else device["processor"]
    commit = f", commit {device['commit'][:7]}" if device["commit"] else ""  # null: not in the repository
    return f"{hardware}, OpenMM {device['openmm']}, {device['date']}{commit}"
