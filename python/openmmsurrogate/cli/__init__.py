# SPDX-License-Identifier: MIT
"""The command openmm-surrogate."""

from openmmsurrogate.cli.app import app, main

__all__ = ["app", "main"]
