# SPDX-License-Identifier: MIT
"""Options of commands that say how long to measure."""

from __future__ import annotations

import argparse

from common.measuring import Plan


def addPlanOptions(
    parser: argparse.ArgumentParser, seconds: float, repeats: int, maximumSeconds: float, settlingSteps: int
) -> None:
    """Add the options of a Plan, with these defaults."""
    parser.add_argument("--seconds", type=float, default=seconds, help="length of a window (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=repeats, help="windows (default: %(default)s)")
    parser.add_argument(
        "--maximum-seconds",
        type=float,
        default=maximumSeconds,
        help="for all windows of a contestant (default: %(default)s)",
    )
    parser.add_argument("--settling-steps", type=int, default=settlingSteps, help="before (default: %(default)s)")


def makePlan(arguments: argparse.Namespace, minimumSteps: int) -> Plan:
    """Return the Plan that the options describe, with so many steps in all windows together."""
    return Plan(arguments.seconds, arguments.repeats, minimumSteps, arguments.maximum_seconds, arguments.settling_steps)
