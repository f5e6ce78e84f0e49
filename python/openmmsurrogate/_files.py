# SPDX-License-Identifier: MIT
"""Files that a user names."""

from __future__ import annotations

import os
from pathlib import Path


def require_file(path: str | os.PathLike[str]) -> None:
    """Raise FileNotFoundError, with the same words everywhere, if there is no such file."""
    if not os.path.exists(path):
        raise FileNotFoundError(f"there is no file {os.fspath(path)}")


def require_folder_of(path: str | os.PathLike[str]) -> None:
    """Raise FileNotFoundError if there is no folder for a file that is to be written when long work is done."""
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder} to write {Path(path).name} to")
