# SPDX-License-Identifier: MIT
"""What long commands show while they run: bars on a terminal, and elsewhere a line now and then."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

LINE_INTERVAL = 20.0  # s between lines where there is no terminal


class ProgressDisplay:
    """The progress of a command, to use in a with statement.

    Parameters
    ----------
    console
        where it is shown
    keepsBars
        whether a bar stays when another task begins; else all tasks share one
    """

    def __init__(self, console: Console, keepsBars: bool = False) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[done]}"),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._console, self._keeps_bars = console, keepsBars
        self._bars = Progress(*columns, console=console) if console.is_terminal else None
        self._tasks: dict[str, TaskID] = {}
        self._last_line: tuple[str, float] | None = None

    def __enter__(self) -> ProgressDisplay:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def show(
        self, task: str, completed: float = 0.0, total: float | None = None, done: str | None = None, note: str = ""
    ) -> None:
        """Show how far a task is.

        Parameters
        ----------
        task
            what is being done
        completed, total
            how much of how much, in any unit; None if that is not known
        done
            how to say that; None says completed/total
        note
            what else to say
        """
        text = done if done is not None else "" if total is None else f"{completed:g}/{total:g}"
        if self._bars is None:
            self._show_line(task, text, note, finished=total is not None and completed >= total)
            return
        if task not in self._tasks:
            if not self._keeps_bars:
                for old in self._tasks.values():
                    self._bars.remove_task(old)
                self._tasks.clear()
            self._tasks[task] = self._bars.add_task(task, total=total, done=text, note=note)
        self._bars.update(self._tasks[task], total=total, completed=completed, done=text, note=note)

    def _show_line(self, task: str, done: str, note: str, finished: bool) -> None:
        """Print a line if the task is new or finished, or the last line is old."""
        now = time.monotonic()
        if not finished and self._last_line is not None:
            last, when = self._last_line
            if last == task and now - when < LINE_INTERVAL:
                return
        self._last_line = task, now
        line = ", ".join(text for text in (done, note) if text)
        self._console.print(f"{task}: {line}" if line else task, markup=False, highlight=False, soft_wrap=True)
