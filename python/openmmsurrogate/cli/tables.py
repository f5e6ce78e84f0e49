# SPDX-License-Identifier: MIT
"""Tables of numbers on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table


def print_whole(console: Console, table: Table) -> None:
    """Print a table without cutting numbers where the window is narrow, or where there is none: lines go on below."""
    wide = console.options.update(max_width=1000)
    console.width = max(console.width, console.measure(table, options=wide).maximum)
    console.print(table)
