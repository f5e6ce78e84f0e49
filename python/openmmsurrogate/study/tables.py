# SPDX-License-Identifier: MIT
"""The tables of a study's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from openmmsurrogate.analysis import formatR2
from openmmsurrogate.study.store import Results

Row = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """Cells with their headings; units are in these."""

    title: str
    note: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def makeTables(results: Results) -> list[Table]:
    """Return the tables that the results fill."""
    tables = [_make_speed(results), _make_parts(results), _make_structure(results), _make_reproducibility(results)]
    return [table for table in tables if table.rows]


def _make_speed(results: Results) -> Table:
    rows = results.rows("speed-")
    idle = next((row["W"] for row in results.rows("idle")), None)
    return Table(
        "Time and energy of a step",
        "NVT, all neighbor searching included. Net: idle power subtracted. -- where it was not measured.",
        ("particles", "contestant", "ms/step", "range", "J/step", "net J/step", "W", "K"),
        tuple(
            (
                f"{row['particles']:,}",
                row["label"],
                _number(row["ms_per_step"]),
                f"{min(row['ms_per_step_windows']):.3g} to {max(row['ms_per_step_windows']):.3g}",
                _number(row.get("J_per_step")),
                _number(_subtract_idle(row, idle)),
                _number(row.get("W")),
                f"{row['temperature_K']:.0f}",
            )
            for row in rows
        ),
    )


def _subtract_idle(row: Row, idle: float | None) -> float | None:
    if idle is None or "W" not in row:
        return None
    return float((row["W"] - idle) * row["ms_per_step"] / 1000.0)


def _make_parts(results: Results) -> Table:
    names = ("pair", "k_space", "k_space_alone", "neighbor", "other")
    return Table(
        "What a step goes to",
        "ms per step, from differences. Pairs, k-space, neighbor list and other add up to the whole step.",
        ("particles", "contestant", "pairs", "k-space", "(k-space alone)", "neighbor list", "other"),
        tuple(
            (f"{row['particles']:,}", row["label"], *(_number(row["split_ms"].get(name)) for name in names))
            for row in results.rows("speed-")
            if "split_ms" in row
        ),
    )


def _make_structure(results: Results) -> Table:
    rows = results.rows("structure-")
    return Table(
        "Forces and energies",
        "Forces on the first configuration against double precision on platform Reference (Ewald sums for ions): R² "
        "of |F|, and error norm over RMS force. Energies: means of runs with standard errors, kJ/mol per particle. "
        "Those of the first column are Lennard-Jones energies of the configurations, where there is a surrogate to "
        "judge.",
        ("contestant", "R² of |F|", "force error", "energy of configurations", "own energy"),
        tuple(
            (
                row["label"],
                formatR2(row["force_r2"]),
                f"{row['force_relative_rms_error']:.1e}",
                _energy(row.get("judged_energy")),
                _energy(row.get("energy")),
            )
            for row in rows
        ),
    )


def _make_reproducibility(results: Results) -> Table:
    return Table(
        "The same run twice",
        "Figure 4 of the report repeats timings with several GPUs, these are trajectories on one device; how much "
        "timings vary is in the ranges above.",
        ("contestant", "particles", "steps", "bitwise equal", "first difference, ps", "more than 0.01 nm apart, ps"),
        tuple(
            (
                row["label"],
                f"{row['particles']:,}",
                f"{row['steps']:,}",
                "yes" if row["bitwise_equal"] else "no",
                _when(row, "first_difference_ps"),
                _when(row, "divergence_ps"),
            )
            for row in results.rows("reproducibility")
        ),
    )


def _when(row: Row, key: str) -> str:
    if row[key] is None:
        return f"never in {row['interval_ps'] * len(row['rms_distance_nm']):.3g}"
    return f"{row[key] - row['interval_ps']:.3g} to {row[key]:.3g}"


def _energy(value: dict[str, float] | None) -> str:
    return "--" if value is None else f"{value['kJ_per_mol']:.4f} ± {value['standard_error']:.4f}"


def _number(value: float | None) -> str:
    return "--" if value is None else f"{value:.3g}"
