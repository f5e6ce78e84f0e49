# SPDX-License-Identifier: MIT
"""The argon examples, end to end with tiny settings."""

import os
import re
import subprocess
import sys

import pytest
from liquid_samples import EXAMPLES


def run_example(*arguments):
    environment = dict(os.environ, COLUMNS="160", PYTHONIOENCODING="utf-8")
    return subprocess.run(
        [sys.executable, *map(str, arguments)], env=environment, capture_output=True, encoding="utf-8", timeout=300
    )


def number_after(label, text):
    match = re.search(re.escape(label) + r"\s*│\s*([+-]?\d[\d.e+-]*)", text)
    assert match, f"no number after '{label}' in:\n{text}"
    return float(match.group(1))


def test_argon_prints_its_numbers_and_draws_its_figure(tmp_path):
    figure = tmp_path / "figure.png"
    result = run_example(
        EXAMPLES / "argon.py", "--atoms", 108, "--steps", 3200, "--equilibration", 500, "--output", figure
    )
    assert result.returncode == 0, result.stderr
    text = result.stdout
    # A liquid of 108 atoms, sampled for 6 ps, around the -4.72 kJ/mol of a long run.
    for label in ("energy per atom, Lennard-Jones", "energy per atom, surrogate"):
        assert number_after(label, text) == pytest.approx(-4.72, abs=0.25)
    assert abs(number_after("difference", text)) < 0.4
    assert re.search(r"difference .* standard errors", text)
    assert 0.999999 < number_after("R² of |F|", text) <= 1.0
    assert 0.0 < number_after("RMSE of |F|", text) < 0.1
    assert "kJ/mol/nm = " in text
    assert "eV/Å" in text
    assert number_after("largest deviation of g(r)", text) < 1.5
    assert f"figure written to {figure}" in text
    assert figure.read_bytes().startswith(b"\x89PNG\r\n")
    assert figure.stat().st_size > 20000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--atoms", "32"), "narrower than twice the cutoff"),
        (("--steps", "100"), "too few for standard errors"),
        (("--platform", "Abacus"), "invalid choice"),
        (("--model", "no-such-model"), "no-such-model"),
    ],
)
def test_argon_explains_bad_options(arguments, message):
    result = run_example(EXAMPLES / "argon.py", *arguments)
    assert result.returncode != 0
    assert message in result.stderr
