# SPDX-License-Identifier: MIT
"""Files that a user names."""

from __future__ import annotations

import os


def require_file(path: str | os.PathLike[str]) -> None:
    """Raise FileNotFoundError, with the same words everywhere, if there is no such file."""
    if not os.path.exists(path):
        raise FileNotFoundError(f"there is no file {os.fspath(path)}")
