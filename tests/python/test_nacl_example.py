# SPDX-License-Identifier: MIT
"""examples/nacl.py at a small size."""

import os
import re
import subprocess
import sys

from liquid_samples import EXAMPLES


def test_the_surrogate_replaces_pme():
    result = subprocess.run(
        [sys.executable, str(EXAMPLES / "nacl.py"), "--cells", "4", "--steps", "400", "--platform", "CPU"],
        env=dict(os.environ, COLUMNS="160", PYTHONIOENCODING="utf-8"),
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    assert "unlike the training data" not in result.stderr
    rows = re.findall(r"│ (\w+), .*?│\s*([\d.e+]+)\s*│\s*(-[\d.]+)\s*│\s*([\d.]+)\s*│", result.stdout)
    print(result.stdout)
    assert [row[0] for row in rows] == ["NonbondedForce", "TunablePMEForce", "SurrogateForce"]
    energies, r2 = [float(row[2]) for row in rows], [float(row[3]) for row in rows]
    assert max(energies) - min(energies) < 0.002 * abs(energies[0])
    assert r2[0] == 1.0
    assert r2[1] > 0.99999
    assert r2[2] > 0.996
