# SPDX-License-Identifier: MIT
"""PyTorch, which only training and quantization need, or an error that says how to get it."""

try:
    import torch
except ImportError as error:
    raise ImportError(
        f"training and quantization need PyTorch ({error}); install the extra 'train': "
        "pip install 'openmm-surrogate[train]'"
    ) from error

__all__ = ["torch"]
