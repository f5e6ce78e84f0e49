# SPDX-License-Identifier: MIT
"""SurrogateForce by its network, in each numeric format."""

from common.argon import createSurrogate

from contestants.openmm_md import OpenMMContestant
from openmmsurrogate import PairNetwork, SurrogateForce, SurrogateModel


def makeNetwork(precision: str, model: str = "argon") -> OpenMMContestant:
    """Return a model of argon, by name or file, evaluated pair by pair in a numeric format."""
    tanh = SurrogateModel.load(model).getNetwork(0).getActivation() == PairNetwork.Tanh
    suffix = "" if model == "argon" else f"@{model}"
    return OpenMMContestant(
        f"network-{precision}{suffix}",
        f"SurrogateForce, network, {precision}" + ("" if model == "argon" else f", model {model}"),
        lambda numAtoms: [createSurrogate(numAtoms, SurrogateForce.Network, precision, model)],
        arithmetic=precision if tanh else f"{precision}-polynomial",
    )
