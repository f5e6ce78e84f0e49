# SPDX-License-Identifier: MIT
"""What a file of force data holds, and where: shared by its reader and its writer.

Arrays with a row per frame have room for a number of frames ("capacity"), allocated when the file is made. To append a
frame is to write numbers into that room and then to raise the one number "numFrames": the structure of the file never
changes, so that a process killed at any moment leaves a readable file.
"""

from __future__ import annotations

from types import ModuleType

FORMAT = "openmm-surrogate force data"
VERSION = 1

# Attributes of the file.
FORMAT_ATTRIBUTE = "format"
VERSION_ATTRIBUTE = "formatVersion"
PERIODIC = "periodic"
TEMPERATURE = "temperature"  # K; absent if unknown
METADATA = "metadata"  # JSON object

# Arrays that do not change.
TYPE_NAMES = "typeNames"
TYPE_INDICES = "typeIndices"
EXCLUSIONS = "exclusions"
SYSTEM = "systemXML"  # zlib-compressed text as bytes; empty if not recorded
NUM_FRAMES = "numFrames"

# Arrays with a row per frame, and their units. BOX is absent if not periodic, VIRIAL if not recorded.
POSITIONS = "positions"
FORCES = "forces"
ENERGIES = "potentialEnergies"
BOX = "boxVectors"
VIRIAL = "virials"
UNITS = {POSITIONS: "nm", FORCES: "kJ/mol/nm", ENERGIES: "kJ/mol", BOX: "nm", VIRIAL: "kJ/mol"}


def import_h5py() -> ModuleType:
    """Return h5py. Raises ImportError that says how to install it."""
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            "force data are kept in HDF5 files, which needs h5py, part of the extra 'train': "
            "pip install '.[train]' in the folder of this package's source, or pip install h5py"
        ) from error
    return h5py
