# SPDX-License-Identifier: MIT
"""The rounding of NumericFormat (openmmapi/src/NumericFormat.cpp) on PyTorch tensors.

The C++ class is the definition; PyTorch's casts do the same on whole tensors, which a test checks code by code.
Gradients pass as if nothing were rounded (straight-through estimator; Bengio et al., arXiv:1308.3432), except where a
value saturates.
"""

from __future__ import annotations

from openmmsurrogate._torch import torch

# dtype and largest finite value
_FLOATS = {
    "bfloat16": (torch.bfloat16, float.fromhex("0x1.fep127")),
    "float16": (torch.float16, 65504.0),
    "float8": (torch.float8_e4m3fn, 448.0),
}
# bits of the fraction, exponent of the least normal number
_PRECISIONS = {"single": (23, -126), "bfloat16": (7, -126), "float16": (10, -14), "float8": (3, -6)}
_LARGEST_CODE = {"int8": 127, "int4": 7}


def round_float(x: torch.Tensor, format: str) -> torch.Tensor:
    """Return x rounded to a floating point format: "double" (as it is), "single", "bfloat16", "float16" or "float8"."""
    if format == "double":
        return x
    if format == "single":
        return _pass_through(x, x.float().to(x.dtype))
    dtype, largest = _FLOATS[format]
    limited = torch.clamp(x, -largest, largest)
    return _pass_through(limited, limited.detach().float().to(dtype).to(x.dtype))


def find_spacing(x: torch.Tensor, format: str) -> torch.Tensor:
    """Return the distance of a floating point format's values around x, which rounding turns into steps."""
    if format == "double":
        return torch.zeros_like(x)
    fraction, lowest = _PRECISIONS[format]
    magnitude = x.detach().abs().double().clamp(min=2.0**lowest)
    return torch.exp2(torch.floor(torch.log2(magnitude)) - fraction).to(x.dtype)


def quantize(x: torch.Tensor, scale: torch.Tensor, zero_point: torch.Tensor | int, format: str) -> torch.Tensor:
    """Return the codes of x as floating point numbers: "int8" or "int4". A scale of zero gives codes of zero."""
    largest = _LARGEST_CODE[format]
    safe = torch.where(scale > 0, scale, torch.ones_like(scale))
    return torch.clamp(torch.round(x.detach() / safe) + zero_point, -largest, largest)


def round_integer(x: torch.Tensor, scale: torch.Tensor, zero_point: torch.Tensor | int, format: str) -> torch.Tensor:
    """Return the values that the codes of x stand for."""
    largest = _LARGEST_CODE[format]
    low, high = scale * (-largest - zero_point), scale * (largest - zero_point)
    limited = torch.minimum(torch.maximum(x, low), high)
    steps = quantize(x, scale.detach(), zero_point, format) - zero_point
    rounded = _pass_through(limited, scale.detach() * steps)
    if not scale.requires_grad:
        return rounded
    # Adds nothing but the gradient of the rounding error with the scale (learned step size, Esser et al.,
    # arXiv:1902.08153).
    return rounded + (scale - scale.detach()) * (steps - limited.detach() / scale.detach())


def find_scales(x: torch.Tensor, format: str) -> torch.Tensor:
    """Return the scale with which the largest code stands for the largest magnitude along the last axis."""
    return x.detach().abs().amax(dim=-1, keepdim=True) / _LARGEST_CODE[format]


def _pass_through(x: torch.Tensor, rounded: torch.Tensor) -> torch.Tensor:
    return x + (rounded - x).detach() if x.requires_grad else rounded.detach()
