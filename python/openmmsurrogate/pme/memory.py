# SPDX-License-Identifier: MIT
"""How much memory a process can have here."""

from __future__ import annotations

import os
from pathlib import Path

# Limits of a container, in versions 2 and 1 of Linux's control groups.
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def find_memory() -> int:
    """Get the memory of this machine, or of its container if that has less, in bytes."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in LIMITS:
        text = path.read_text().strip() if path.is_file() else ""
        if text.isdecimal():  # "max" where there is no limit
            found.append(int(text))
    return min(found)
