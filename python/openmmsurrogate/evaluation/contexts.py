# SPDX-License-Identifier: MIT
"""Contexts of an evaluation."""

from __future__ import annotations

import openmm


def makeContext(system: openmm.System, integrator: openmm.Integrator, platform: str | None) -> openmm.Context:
    """Make a Context on a platform, or the fastest one, in mixed precision where there is a choice.

    Energies of whole simulations need more than single precision.
    """
    if platform is None:
        chosen = openmm.Context(system, openmm.VerletIntegrator(0.001)).getPlatform()
    else:
        chosen = openmm.Platform.getPlatform(platform)
    properties = {"Precision": "mixed"} if "Precision" in chosen.getPropertyNames() else {}
    return openmm.Context(system, integrator, chosen, properties)
