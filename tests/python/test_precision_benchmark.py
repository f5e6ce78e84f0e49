# SPDX-License-Identifier: MIT
"""benchmarks/precision.py on a small liquid, and its table in docs/theory/numeric-formats.md."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import precision  # noqa: E402


def test_errors_of_a_small_liquid():
    rows = {row["format"]: row for row in precision.measureFormats(*precision.sampleLiquid(3, 1))}
    for row in rows.values():
        print(f"{row['format']:9} error norm over RMS force {row['relative_error_norm']:.1e}")
    errors = {name: row["relative_error_norm"] for name, row in rows.items()}
    assert errors["single"] < 1e-5
    assert errors["single"] < errors["tf32"] < errors["bfloat16"] < errors["float8"]
    assert errors["int8"] < errors["int4"]
    assert rows["tf32"]["r2"] > rows["bfloat16"]["r2"] > rows["float8"]["r2"]
    assert rows["single"]["energy_difference_per_atom_kJ_per_mol"] == pytest.approx(0.0, abs=1e-6)


def test_documented_table_is_the_measured_one():
    measured = json.loads(sorted((ROOT / "benchmarks" / "results").glob("precision-*.json"))[-1].read_text())["rows"]
    lines = (ROOT / "docs" / "theory" / "numeric-formats.md").read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| format | R²"))
    documented = {
        cells[0]: cells[1:] for cells in ([c.strip() for c in x.strip("|").split("|")] for x in lines[start:])
    }
    for row in measured:
        r2, rmse, error, energy, difference = map(float, documented[row["format"]])
        assert 1.0 - r2 == pytest.approx(1.0 - row["r2"], rel=0.1, abs=1e-11)
        assert rmse == pytest.approx(row["rmse_eV_per_angstrom"], rel=0.05)
        assert error == pytest.approx(row["relative_error_norm"], rel=0.05)
        assert energy == pytest.approx(row["energy_per_atom_kJ_per_mol"], abs=6e-4)
        assert difference == pytest.approx(row["energy_difference_per_atom_kJ_per_mol"], abs=6e-4)
