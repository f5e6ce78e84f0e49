# SPDX-License-Identifier: MIT
"""PyTorch, which the package does not depend on, or an error that says how to get it."""

try:
    import torch
except ImportError as error:
    raise ImportError(
        f"this needs PyTorch ({error}); install the extra 'train': pip install 'openmm-surrogate[train]'"
    ) from error

__all__ = ["torch"]
