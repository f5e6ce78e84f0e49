# SPDX-License-Identifier: MIT
"""The contestants, by the names with which commands choose them."""

from __future__ import annotations

from collections.abc import Sequence

from common.contestant import Contestant

from contestants.custom_table import CUSTOM_TABLE
from contestants.jax_dense import JaxDense
from contestants.network import makeNetwork
from contestants.no_force import NO_FORCE
from contestants.openmm_lj import LENNARD_JONES, SHIFTED_LENNARD_JONES
from contestants.table import makeTable
from contestants.torch_pairs import TorchPairs

FORMATS = ("double", "single", "tf32", "bfloat16", "float16", "float8", "int8", "int4")
DTYPES = ("float32", "bfloat16")
FIXED: dict[str, Contestant] = {
    contestant.name: contestant for contestant in (NO_FORCE, LENNARD_JONES, SHIFTED_LENNARD_JONES, CUSTOM_TABLE)
}


def listNames() -> list[str]:
    """Return the names of the contestants that "all" stands for."""
    return [
        *(name for name in FIXED if name != SHIFTED_LENNARD_JONES.name),  # as fast as analytic functions are
        "table-single",
        *(f"network-{name}" for name in FORMATS),
        *(f"jax-{name}" for name in DTYPES),
        *(f"torch-{name}" for name in DTYPES),
    ]


def findContestant(name: str) -> Contestant:
    """Return the contestant with a name. A network may have another model: network-int8@argon-int8."""
    if name in FIXED:
        return FIXED[name]
    kind, _, rest = name.partition("-")
    option, _, model = rest.partition("@")
    if kind in ("table", "network") and option in FORMATS:
        return makeTable(option) if kind == "table" else makeNetwork(option, model or "argon")
    if kind in ("jax", "torch") and option in DTYPES:
        return JaxDense(option) if kind == "jax" else TorchPairs(option)
    raise ValueError(f"there is no contestant {name!r}; there are {', '.join(listNames())}")


def findContestants(names: Sequence[str]) -> list[Contestant]:
    """Return the contestants with these names; "all" stands for all."""
    return [findContestant(name) for name in (listNames() if "all" in names else names)]
