# SPDX-License-Identifier: MIT
"""The precision of Contexts, on platforms that have a choice."""

from __future__ import annotations

import openmm

PRECISIONS = ("single", "mixed", "double")


def find_properties(platform: openmm.Platform, precision: str | None) -> dict[str, str]:
    """Get the properties of a Context in a precision; none if that is None.

    Raises
    ------
    ValueError
        if the platform has no such precision
    """
    if precision is None:
        return {}
    if "Precision" not in platform.getPropertyNames():
        raise ValueError(f"platform {platform.getName()} has no choice of precision: leave out {precision!r}")
    if precision not in PRECISIONS:
        raise ValueError(f"the precision must be one of {', '.join(PRECISIONS)}, not {precision!r}")
    return {"Precision": precision}
