# SPDX-License-Identifier: MIT
"""The activation ``PairNetwork.ClampedPolynomial`` on tensors."""

from __future__ import annotations

from openmmsurrogate._torch import torch


def clamped_polynomial(x: torch.Tensor, coefficients: torch.Tensor) -> torch.Tensor:
    """Return a1 x + a3 x^3 + a5 x^5 + ... with x clamped to [-c, c]; TorchScript can compile it.

    Parameters
    ----------
    x : Tensor
    coefficients : Tensor
        (c, a1, a3, a5, ...), rounded to the type of x
    """
    c = coefficients.to(x)
    x = torch.clamp(x, -c[0], c[0])
    square = x * x
    total = c[-1].expand(x.shape)
    for i in range(c.shape[0] - 2, 0, -1):  # Horner's rule
        total = total * square + c[i]
    return total * x
