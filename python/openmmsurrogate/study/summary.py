# SPDX-License-Identifier: MIT
"""The findings at the head of a study's page, each from the results alone and only if they hold what it needs."""

from __future__ import annotations

from typing import Any

from openmmsurrogate.study.experiment import REFERENCE_SIZE
from openmmsurrogate.study.store import Results

Row = dict[str, Any]

_OWN = ("lj-single", "pme-single", "lj-cpu", "pme-cpu", "lj-reference", "pme-reference")


def makeSummary(results: Results) -> list[str]:
    """Return a sentence or two for each finding."""
    findings = [
        _compare_table(results),
        _compare_esp(results),
        _compare_formats(results),
        _tell_precisions(results),
        _tell_k_space(results),
        _tell_structure(results),
        _tell_reproducibility(results),
    ]
    return [text for text in findings if text]


def _find(results: Results, name: str, particles: int | None = None) -> Row | None:
    rows = [row for row in results.rows("speed-") if row["name"] == name and particles in (None, row["particles"])]
    return rows[-1] if rows else None


def _find_own(results: Results, particles: int | None = None) -> Row | None:
    """Return the row of the force field on the study's platform, at a size or the largest."""
    found = (_find(results, name, particles) for name in _OWN)
    return next((row for row in found if row is not None and row["platform"] == results.settings.platform), None)


def _reference_size(results: Results) -> int | None:
    sizes = {row["particles"] for row in results.rows("speed-")}
    return min(sizes, key=lambda size: abs(size - REFERENCE_SIZE)) if sizes else None


def _compare_table(results: Results) -> str:
    """Compare the table with the force field at the largest size that both have."""
    sizes = sorted({row["particles"] for row in results.rows("speed-") if row["name"] == "table-single"}, reverse=True)
    for size in sizes:
        table, own = _find(results, "table-single", size), _find_own(results, size)
        if table is None or own is None:
            continue
        text = (
            f"The surrogate compiled to a table takes {table['ms_per_step']:.3g} ms a step at {size:,} particles, and "
            f"{own['label']} {own['ms_per_step']:.3g}: it is {own['ms_per_step'] / table['ms_per_step']:.2g} times as "
            "fast"
        )
        if "J_per_step" in table and "J_per_step" in own:
            text += f", with {table['J_per_step'] / own['J_per_step']:.2g} of the energy"
        return text + "."
    return ""


def _compare_esp(results: Results) -> str:
    """Compare ESP with PME at the largest size that both have."""
    rows = [row for row in results.rows("speed-") if row["name"] == "tunable-esp"]
    for row in reversed(rows):
        own = _find_own(results, row["particles"])
        if own is not None:
            return (
                f"TunablePMEForce with ESP, which is no surrogate, takes {row['ms_per_step']:.3g} ms at "
                f"{row['particles']:,} ions, {own['label']} {own['ms_per_step']:.3g}."
            )
    return ""


def _compare_formats(results: Results) -> str:
    size = _reference_size(results)
    single, half = _find(results, "network-single", size), _find(results, "network-bfloat16", size)
    own = _find_own(results, size)
    if single is None or half is None or own is None:
        return ""
    return (
        f"Evaluated as a network at {size:,} particles, it takes {single['ms_per_step']:.3g} ms in single and "
        f"{half['ms_per_step']:.3g} in bfloat16; {own['label']} takes {own['ms_per_step']:.3g}. The report gained "
        "25 to 27 % by bfloat16."
    )


def _tell_precisions(results: Results) -> str:
    for name in ("lj", "pme"):
        single, double = _find(results, f"{name}-single"), _find(results, f"{name}-double")
        if single is not None and double is not None and single["particles"] == double["particles"]:
            more = 100.0 * (double["ms_per_step"] / single["ms_per_step"] - 1.0)
            return (
                f"Double precision costs OpenMM's own force {more:.0f} % more time than single at "
                f"{single['particles']:,} particles."
            )
    return ""


def _tell_k_space(results: Results) -> str:
    own = _find_own(results)
    if own is None or own.get("split_ms", {}).get("k_space") is None:
        return ""
    share = 100.0 * own["split_ms"]["k_space"] / own["ms_per_step"]
    return f"k-space is {share:.0f} % of a step of {own['label']} at {own['particles']:,} ions."


def _tell_structure(results: Results) -> str:
    rows = {row["name"]: row for row in results.rows("structure-")}
    own = next((rows[name] for name in _OWN if name in rows), None)
    table = rows.get("table-single")
    if own is None or table is None:
        return ""
    first, second = (row.get("judged_energy") or row["energy"] for row in (own, table))
    difference = second["kJ_per_mol"] - first["kJ_per_mol"]
    error = (first["standard_error"] ** 2 + second["standard_error"] ** 2) ** 0.5
    return (
        f"The mean potential energy with the surrogate's table differs by {difference:+.4f} ± {error:.4f} kJ/mol per "
        f"particle ({100.0 * difference / abs(first['kJ_per_mol']):+.3f} %) from that of {own['label']}; its forces by "
        f"{table['force_relative_rms_error']:.1e} of their root mean square."
    )


def _tell_reproducibility(results: Results) -> str:
    rows = results.rows("reproducibility")
    if not rows:
        return ""
    same = [row["label"] for row in rows if row["bitwise_equal"]]
    other = [row["label"] for row in rows if not row["bitwise_equal"]]
    parts = []
    if same:
        parts.append(f"bit for bit the same with {'; '.join(same)}")
    if other:
        parts.append(f"not so with {'; '.join(other)}")
    return f"A run of {rows[0]['steps']:,} steps done twice is {', '.join(parts)}."
