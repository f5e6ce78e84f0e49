# SPDX-License-Identifier: MIT
"""Checks that OpenMM is one we were built for, and loads our plugin libraries into it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

try:
    import openmm
except ImportError as error:
    raise ImportError(
        f"openmmsurrogate needs OpenMM, which cannot be imported ({error}). Install it: "
        "pip install 'openmm>=8.6.1,<8.7'"
    ) from error

OLDEST_OPENMM = (8, 6, 1)
FIRST_OPENMM_TOO_NEW = (8, 7)
PLUGIN_FOLDER = Path(__file__).parent / "lib" / "plugins"
# In the order of their dependences.
PLUGINS = {
    "Reference": "libOpenMMSurrogateReference.so",
    "CPU": "libOpenMMSurrogateCPU.so",
    "CUDA": "libOpenMMSurrogateCUDA.so",
}
# OpenMM has these platforms only on some machines.
OPTIONAL_PLATFORMS = ("CUDA",)


def parse_version(text: str) -> tuple[int, ...]:
    """Turn the leading numbers of a version, as in "8.6.1.dev-b399af4", into a tuple that can be compared."""
    match = re.match(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in match.group().split(".")) if match else ()


def check_openmm_version() -> None:
    """Raise ImportError if the OpenMM that is imported is older or newer than the ones we work with."""
    found = openmm.version.short_version
    numbers = parse_version(found)
    if OLDEST_OPENMM <= numbers < FIRST_OPENMM_TOO_NEW:
        return
    age = "old" if numbers < OLDEST_OPENMM else "new"
    raise ImportError(
        f"OpenMM {found} is too {age} for this version of openmmsurrogate, which needs 8.6.1 or later, but before 8.7. "
        "Install one that fits: pip install 'openmm>=8.6.1,<8.7'"
        + (", or install a newer openmmsurrogate from its source" if age == "new" else "")
    )


def check_swig_type_table() -> None:
    """Raise ImportError unless our extension shares OpenMM's table of types: else it takes no OpenMM object."""
    tables = {name for name in sys.modules if name.startswith("swig_runtime_data")}
    from openmmsurrogate._wrapper import SWIG_TYPE_TABLE_VERSION

    ours = f"swig_runtime_data{SWIG_TYPE_TABLE_VERSION}"
    if ours not in tables:
        raise ImportError(
            f"openmmsurrogate was built with SWIG's type table {ours}, but OpenMM and the modules loaded before it "
            f"use {', '.join(sorted(tables)) or 'none'}. Rebuild it for this OpenMM: "
            "pip install --force-reinstall --no-deps . in the folder of its source"
        )


def get_platform_names() -> list[str]:
    """Get the names of the platforms that OpenMM has loaded."""
    return [openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())]


def load_plugins() -> list[str]:
    """Load our plugin libraries and get one text for each that could not be loaded.

    A platform that OpenMM has only on some machines, and not here, needs no plugin: that is no failure.
    """
    platforms = get_platform_names()
    failures = []
    for platform, library in PLUGINS.items():
        path = PLUGIN_FOLDER / library
        if platform in OPTIONAL_PLATFORMS and platform not in platforms:
            continue
        if not path.exists():
            failures.append(f"{library}: this installation was built without it")
        elif platform not in platforms:
            failures.append(f"{library}: not loaded, because OpenMM has no platform {platform} here")
        else:
            try:
                openmm.Platform.loadPluginLibrary(str(path))
            except openmm.OpenMMException as error:
                failures.append(f"{library}: {error}")
            except Exception as error:  # OpenMM raises plain Exception from some of its functions
                failures.append(f"{library}: {error}")
    return failures


check_openmm_version()
check_swig_type_table()
