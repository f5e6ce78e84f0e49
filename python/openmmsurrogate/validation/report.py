# SPDX-License-Identifier: MIT
"""The result of a validation: rows of numbers with a verdict, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

PASSED = "passed"
FAILED = "failed"
SKIPPED = "skipped"
_STYLES = {PASSED: "green", FAILED: "bold red", SKIPPED: "yellow"}


@dataclass(frozen=True)
class ValidationRow:
    """One force, as one function, on one platform. Numbers have no unit; they are None in rows that were skipped."""

    force: int
    """Index of the force in the System."""
    name: str
    """Name of the force."""
    format: str
    """Numeric format, such as "bfloat16"."""
    own: bool
    """Whether that is the format that the force in the System has."""
    method: str
    """"table" or "network"."""
    platform: str
    contextPrecision: str | None
    """Precision of the CUDA Context: "single", "mixed" or "double"."""
    verdict: str
    """"passed", "failed" or "skipped"."""
    reason: str = ""
    """Why it failed or was skipped."""
    forceError: float | None = None
    """Root mean square over atoms of the norm of the difference from Reference, over the RMS force."""
    forceMaximum: float | None = None
    """Largest such norm of an atom, over the RMS force."""
    forceBound: float | None = None
    """What forceMaximum may be."""
    energyError: float | None = None
    """Difference of the potential energy from Reference, relative."""
    energyBound: float | None = None
    gradientError: float | None = None
    """Change of the energy along a random displacement plus the work of the forces, over the root sum of squares of the
    work on each atom."""
    gradientBound: float | None = None


@dataclass(frozen=True)
class ForceSummary:
    """What Reference says about one force as one function."""

    force: int
    name: str
    format: str
    method: str
    energy: float
    """Potential energy, kJ/mol."""
    rmsForce: float
    """In this format, kJ/mol/nm."""
    scaledBy: str
    """"given", or "shaken" where the given structure is at rest and errors are relative to forces of a shaken one."""
    formatForceError: float
    """What the format changes: RMS norm of the difference from the same force in double, over the RMS force in double;
    over that of the shaken structure where the given one is at rest in double."""
    formatEnergyError: float
    """What the format changes in the energy, over the energy in double."""


@dataclass(frozen=True)
class ValidationReport:
    """All rows of a validation."""

    rows: tuple[ValidationRow, ...]
    summaries: tuple[ForceSummary, ...]
    notes: tuple[str, ...] = ()
    """What could not be compared of the positions and the training data of models, and why."""

    @property
    def passed(self) -> bool:
        """Whether no row failed and at least one passed."""
        verdicts = [row.verdict for row in self.rows]
        return FAILED not in verdicts and PASSED in verdicts

    def toDict(self) -> dict[str, Any]:
        """Get everything as what json can write."""
        return {
            "passed": self.passed,
            "notes": list(self.notes),
            "summaries": [asdict(summary) for summary in self.summaries],
            "rows": [asdict(row) for row in self.rows],
        }

    def describeProblems(self) -> list[str]:
        """Say for each row that did not pass why not."""
        return [
            f"{row.verdict}: force {row.force}, {row.format}, {row.platform} {row.contextPrecision or ''}".rstrip()
            + f": {row.reason}"
            for row in self.rows
            if row.verdict != PASSED
        ]

    def describeVerdict(self) -> str:
        """Say in one line how many comparisons passed."""
        counts = {name: sum(row.verdict == name for row in self.rows) for name in (PASSED, FAILED, SKIPPED)}
        text = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        return f"{text}. A * marks the format that the force has in the System."

    def makeTables(self) -> list[Table]:
        """Make the tables that the command prints."""
        return [_summary_table(self.summaries), _row_table(self.rows)]


def _summary_table(summaries: Sequence[ForceSummary]) -> Table:
    table = Table(title="On platform Reference", title_justify="left")
    for heading in ("force", "format", "method"):
        table.add_column(heading)
    for heading in ("energy, kJ/mol", "RMS force, kJ/mol/nm", "forces differ from double", "energy differs"):
        table.add_column(heading, justify="right")
    for item in summaries:
        rms = f"{item.rmsForce:.4g}" + ("" if item.scaledBy == "given" else " (shaken)")
        table.add_row(
            f"{item.force} {item.name}",
            item.format,
            item.method,
            f"{item.energy:.6g}",
            rms,
            _number(item.formatForceError),
            _number(item.formatEnergyError),
        )
    return table


def _row_table(rows: Sequence[ValidationRow]) -> Table:
    title = "Platforms against Reference: errors relative to RMS force, energy and work, and their bounds"
    table = Table(title=title, title_justify="left")
    for heading in ("force", "format", "platform"):
        table.add_column(heading)
    for heading in ("forces, RMS", "largest (bound)", "energy (bound)", "dU and work (bound)"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    for row in rows:
        platform = row.platform + (f" {row.contextPrecision}" if row.contextPrecision else "")
        verdict = f"[{_STYLES[row.verdict]}]{row.verdict}[/]"
        table.add_row(
            str(row.force),
            row.format + ("*" if row.own else ""),
            platform,
            _number(row.forceError),
            _with_bound(row.forceMaximum, row.forceBound),
            _with_bound(row.energyError, row.energyBound),
            _with_bound(row.gradientError, row.gradientBound),
            verdict,
        )
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1e}"


def _with_bound(value: float | None, bound: float | None) -> str:
    return "" if value is None else f"{_number(value)} ({_number(bound)})"
