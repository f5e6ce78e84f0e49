# SPDX-License-Identifier: MIT
"""The page of a study in Markdown, for the documentation, with the figures beside it."""

from __future__ import annotations

from openmmsurrogate.study.content import REPORT, makeContent
from openmmsurrogate.study.figures import describeSource
from openmmsurrogate.study.store import Results
from openmmsurrogate.study.tables import Table


def makeMarkdown(results: Results) -> str:
    """Return the page of a study, made from its results alone; figures are those that drawFigures() writes."""
    content = makeContent(results)
    parts = [f"# {content.title}", content.lead, "As a page that needs nothing beside it: [index.html](index.html)."]
    parts += [*content.devices, _make_list("In short", content.findings)]
    for figure, caption in content.figures:
        parts += [
            f"## {figure.title}",
            f"![{figure.title}](figures/{figure.name}.png)",
            caption,
            f"Source: `{describeSource(results, figure.experiments)}`",
        ]
    parts += [_make_table(table) for table in content.tables]
    if content.missing:
        parts.append(_make_list("What was not measured", content.missing))
    parts.append(_make_list("How it was measured", [f"**{heading}.** {text}" for heading, text in content.method]))
    parts += [
        f"Measured by\n\n```\n{content.command}\n```\n\nand made from the JSON in `results/` by",
        "```\nopenmm-surrogate study figures FOLDER\nopenmm-surrogate study page FOLDER\n```",
        REPORT,
    ]
    return "\n\n".join(parts) + "\n"


def _make_list(title: str, items: list[str] | tuple[str, ...]) -> str:
    return f"## {title}\n\n" + "\n".join(f"- {item}" for item in items)


def _make_table(table: Table) -> str:
    lines = [table.headings, ("---",) * len(table.headings), *table.rows]
    rows = "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
    return f"## {table.title}\n\n{table.note.replace('|', chr(92) + '|')}\n\n{rows}"
