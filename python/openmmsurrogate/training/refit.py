# SPDX-License-Identifier: MIT
"""The last layer of all networks as a ridge regression on the loss over all training frames, in double precision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from openmmsurrogate._torch import torch
from openmmsurrogate.training.loss import FrameLoss, copy_parameters, set_parameters, to_numpy
from openmmsurrogate.training.networks import PairModule
from openmmsurrogate.training.normal_equations import Quadratic

Array = NDArray[np.float64]

# Relative to the mean diagonal of the normal matrix. Hidden channels are nearly collinear: without a ridge the fit buys
# digits, which rounding loses again, with large weights of opposite sign.
RIDGES = (1e-13, 1e-12, 1e-11, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6)


def collect_features(networks: Sequence[PairModule], s: torch.Tensor) -> Array:
    """Return the matrix that makes force weights at s of the readouts' weights, and their biases if they have any."""
    blocks = []
    with torch.no_grad():
        for network in networks:
            hidden = to_numpy(network.evaluate_hidden(s.to(network.weights[0])))
            if network.output == "forceWeight":
                hidden = np.hstack([hidden, np.ones((len(hidden), 1))])
            blocks.append(network.scale * hidden)
    return block_diag(*blocks)


def solve_readout(features: Array, quadratic: Quadratic, ridge: float, start: Array) -> Array:
    """Return the readout that minimizes the loss plus ridge (relative) times its squared distance from start."""
    normal = features.T @ quadratic.matrix @ features
    gradient = features.T @ (quadratic.matrix @ (features @ start - quadratic.best) + quadratic.residual)
    penalty = ridge * np.trace(normal) / len(normal)
    return start - np.linalg.solve(normal + penalty * np.eye(len(normal)), gradient)


def get_readout(networks: Sequence[PairModule]) -> Array:
    """Return the parameters that collect_features() multiplies."""
    parts: list[Array] = []
    for network in networks:
        parts.append(to_numpy(network.weights[-1][0]))
        if network.output == "forceWeight":
            parts.append(to_numpy(network.biases[-1]))
    return np.concatenate(parts)


def set_readout(networks: Sequence[PairModule], readout: Array) -> None:
    """Set the parameters of the last layers."""
    position = 0
    with torch.no_grad():
        for network in networks:
            channels = network.weights[-1].shape[1]
            network.weights[-1][0].copy_(torch.from_numpy(readout[position : position + channels]))
            position += channels
            if network.output == "forceWeight":
                network.biases[-1].copy_(torch.from_numpy(readout[position : position + 1]))
                position += 1


def round_to_single(networks: Sequence[PairModule]) -> None:
    """Round all parameters to single precision, in which models are kept, and go on in double."""
    for network in networks:
        network.float()
        network.double()


def refit_readout(
    networks: Sequence[PairModule], quadratic: Quadratic, training: FrameLoss, heldOut: FrameLoss
) -> bool:
    """Refit the readouts with the ridge whose held-out loss is least, all rounded to single precision.

    Parameters
    ----------
    networks
        in double precision; afterwards their parameters are rounded
    quadratic, training
        the loss over the training frames, which is minimized
    heldOut
        the loss that chooses the ridge, and whether the refit is kept at all

    Returns
    -------
    bool
        whether the refit lowered the held-out loss, and was kept
    """
    round_to_single(networks)
    with torch.no_grad():
        least, kept, best = float(heldOut(networks)), False, copy_parameters(networks)
    features, start = collect_features(networks, training.s), get_readout(networks)
    for ridge in RIDGES:
        set_readout(networks, solve_readout(features, quadratic, ridge, start))
        round_to_single(networks)
        with torch.no_grad():
            value = float(heldOut(networks))
        if value < least:
            least, kept, best = value, True, copy_parameters(networks)
    set_parameters(networks, best)
    return kept
