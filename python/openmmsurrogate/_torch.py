# SPDX-License-Identifier: MIT
"""PyTorch, which the package does not depend on, or an error that says how to get it."""

try:
    import torch
except ImportError as error:
    raise ImportError(
        f"this needs PyTorch ({error}), part of the extra 'train': pip install '.[train]' in the folder of this "
        "package's source, or pip install torch"
    ) from error

__all__ = ["torch"]
