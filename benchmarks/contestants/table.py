# SPDX-License-Identifier: MIT
"""SurrogateForce by its table."""

from common.argon import createSurrogate

from contestants.openmm_md import OpenMMContestant
from openmmsurrogate import SurrogateForce


def makeTable(precision: str) -> OpenMMContestant:
    """Return the table of the argon model in a numeric format."""
    return OpenMMContestant(
        f"table-{precision}",
        f"SurrogateForce, table, {precision}",
        lambda numAtoms: [createSurrogate(numAtoms, SurrogateForce.Table, precision)],
        arithmetic="table",
    )
