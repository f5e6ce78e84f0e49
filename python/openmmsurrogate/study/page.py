# SPDX-License-Identifier: MIT
"""The page of a study: one HTML file that needs nothing beside it."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

from openmmsurrogate.study.content import REPORT, Content, makeContent
from openmmsurrogate.study.figures import StudyFigure, describeSource
from openmmsurrogate.study.store import Results
from openmmsurrogate.study.tables import Table

_STYLE = Path(__file__).with_name("page.css")
_DOCUMENT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def makePage(results: Results) -> str:
    """Return the page of a study, made from its results alone."""
    content = makeContent(results)
    method = [f"<strong>{heading}.</strong> {html.escape(text)}" for heading, text in content.method]
    findings, missing = map(html.escape, content.findings), map(html.escape, content.missing)
    body = "\n".join(
        [
            _make_header(content),
            _make_list("In short", [*findings], "Nothing has been measured yet."),
            *(_make_figure(figure, caption, results) for figure, caption in content.figures),
            *(_make_table(table) for table in content.tables),
            _make_list("What was not measured", [*missing], "Everything that the study has was measured."),
            _make_list("How it was measured", method, ""),
            _make_footer(content),
        ]
    )
    return _DOCUMENT.format(title=html.escape(content.title), style=_STYLE.read_text(), body=body)


def _make_header(content: Content) -> str:
    devices = "".join(f"<li>{html.escape(device)}</li>" for device in content.devices)
    return "\n".join(
        [
            "<header>",
            f"<p class='kicker'>openmm-surrogate study {content.study}</p>",
            f"<h1>{html.escape(content.title)}</h1>",
            f"<p class='lead'>{html.escape(content.lead)}</p>",
            f"<ul class='devices'>{devices}</ul>",
            "</header>",
        ]
    )


def _make_figure(figure: StudyFigure, caption: str, results: Results) -> str:
    source = html.escape(describeSource(results, figure.experiments))
    return "\n".join(
        [
            f"<section id='{figure.name}'>",
            f"<h2>{html.escape(figure.title)}</h2>",
            "<figure>",
            figure.makeSVG(results),
            f"<figcaption>{html.escape(caption)} <span class='source'>{source}</span></figcaption>",
            "</figure>",
            "</section>",
        ]
    )


def _make_table(table: Table) -> str:
    def cells(row: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row) + "</tr>"

    return "\n".join(
        [
            f"<section>\n<h2>{html.escape(table.title)}</h2>",
            f"<p>{html.escape(table.note)}</p>",
            f"<div class='scroll'><table>\n<thead>{cells(table.headings, 'th')}</thead>\n<tbody>",
            *(cells(row, "td") for row in table.rows),
            "</tbody>\n</table></div>\n</section>",
        ]
    )


def _make_list(title: str, items: Sequence[str], otherwise: str) -> str:
    """Return a section with items, which are markup, or with a sentence if there are none."""
    text = "".join(f"<li>{item}</li>" for item in items)
    return f"<section>\n<h2>{title}</h2>\n{f'<ul>{text}</ul>' if items else f'<p>{otherwise}</p>'}\n</section>"


def _make_footer(content: Content) -> str:
    return "\n".join(
        [
            "<footer>",
            f"<p>Measured by <code>{html.escape(content.command)}</code>;",
            "made from the JSON in <code>results/</code> by <code>openmm-surrogate study figures FOLDER</code> and",
            "<code>openmm-surrogate study page FOLDER</code>.",
            f"{html.escape(REPORT)}</p>",
            "</footer>",
        ]
    )
