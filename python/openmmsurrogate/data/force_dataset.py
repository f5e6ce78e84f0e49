# SPDX-License-Identifier: MIT
"""Reading files of force data."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openmmsurrogate._files import require_file
from openmmsurrogate.data import file_layout as layout
from openmmsurrogate.data.frame import Frame, check_frame


class ForceDataset:
    """Configurations of one System with the forces in them, read from an HDF5 file.

    Frames are read when they are asked for. Use it in a with statement, or call close().

    Parameters
    ----------
    path : str or path-like
        a file written by ForceDatasetWriter

    Raises
    ------
    ValueError
        that names the file and the field, if it is not such a file or something in it is wrong
    FileNotFoundError
        if there is no such file
    """

    typeNames: tuple[str, ...]
    """Names of the particle types."""
    typeIndices: NDArray[np.int32]
    """Type of each particle, shape (particles,); -1 takes no part."""
    exclusions: NDArray[np.int32]
    """Pairs of particles that do not interact, shape (exclusions, 2)."""
    periodic: bool
    """Whether frames have box vectors."""
    temperature: float | None
    """Temperature of the sampling, K; None if unknown."""
    metadata: dict[str, Any]
    """How the data were made."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._file = open_file(self.path, "r")
        try:
            self._read_header()
        except BaseException:
            self._file.close()
            raise

    def _read_header(self) -> None:
        file = self._file
        self.periodic = bool(file.attrs[layout.PERIODIC])
        self.temperature = float(file.attrs[layout.TEMPERATURE]) if layout.TEMPERATURE in file.attrs else None
        try:
            self.metadata = json.loads(file.attrs[layout.METADATA])
        except (KeyError, ValueError) as error:
            raise ValueError(f"{self.path}: {layout.METADATA}: not a JSON object ({error})") from None
        self.typeNames = tuple(self._array(layout.TYPE_NAMES).asstr()[()])
        self.typeIndices = self._array(layout.TYPE_INDICES)[()].astype(np.int32)
        self.exclusions = self._array(layout.EXCLUSIONS)[()].astype(np.int32).reshape(-1, 2)
        self.numParticles: int = len(self.typeIndices)
        self.numFrames: int = int(self._array(layout.NUM_FRAMES)[()])
        self.recordsVirial: bool = layout.VIRIAL in file
        self._check_header()

    def _array(self, name: str) -> Any:
        if name not in self._file:
            raise ValueError(f"{self.path}: {name}: missing")
        return self._file[name]

    def _check_header(self) -> None:
        types, count = self.typeIndices, self.numParticles
        if types.ndim != 1 or count == 0:
            raise ValueError(f"{self.path}: {layout.TYPE_INDICES}: shape {types.shape} instead of (particles,)")
        if types.min() < -1 or types.max() >= len(self.typeNames):
            raise ValueError(
                f"{self.path}: {layout.TYPE_INDICES}: from {types.min()} to {types.max()}, but there are "
                f"{len(self.typeNames)} types"
            )
        if self.exclusions.size and (self.exclusions.min() < 0 or self.exclusions.max() >= count):
            raise ValueError(f"{self.path}: {layout.EXCLUSIONS}: a particle is not among the {count}")
        wanted = {layout.POSITIONS: (count, 3), layout.FORCES: (count, 3), layout.ENERGIES: ()}
        wanted |= {layout.BOX: (3, 3)} if self.periodic else {}
        wanted |= {layout.VIRIAL: (3,)} if self.recordsVirial else {}
        for name, shape in wanted.items():
            found = self._array(name).shape
            if found[1:] != shape or found[0] < self.numFrames:
                raise ValueError(f"{self.path}: {name}: shape {found} instead of {(self.numFrames, *shape)}")

    def frame(self, index: int) -> Frame:
        """Read a frame; negative indices count from the end.

        Raises
        ------
        IndexError
            if there is no such frame
        ValueError
            that names the file, the frame and the field, if a number in it is not finite
        """
        if not -self.numFrames <= index < self.numFrames:
            raise IndexError(f"{self.path}: there is no frame {index}; there are {self.numFrames}")
        i = index % self.numFrames
        file = self._file
        frame = Frame(
            positions=file[layout.POSITIONS][i],
            box=file[layout.BOX][i] if self.periodic else None,
            forces=file[layout.FORCES][i],
            potentialEnergy=float(file[layout.ENERGIES][i]),
            virial=file[layout.VIRIAL][i] if self.recordsVirial else None,
        )
        check_frame(frame, self.numParticles, self.periodic, self.recordsVirial, f"{self.path}: frame {i}")
        return frame

    def __len__(self) -> int:
        return self.numFrames

    def __iter__(self) -> Iterator[Frame]:
        return (self.frame(i) for i in range(self.numFrames))

    @property
    def systemXML(self) -> str | None:
        """The System that made the forces, as OpenMM's XML; None if it was not recorded."""
        data = self._array(layout.SYSTEM)[()].tobytes()
        return zlib.decompress(data).decode() if data else None

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> ForceDataset:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_file(path: str, mode: str) -> Any:
    """Open a file of force data. Raises ValueError or FileNotFoundError that names the file."""
    h5py = layout.import_h5py()
    require_file(path)
    try:
        file = h5py.File(path, mode)
    except BlockingIOError as error:
        raise ValueError(f"{path} is being written by another process") from error
    except OSError as error:
        raise ValueError(f"{path} is not a readable HDF5 file: {error}") from error
    kind, version = file.attrs.get(layout.FORMAT_ATTRIBUTE), file.attrs.get(layout.VERSION_ATTRIBUTE)
    if kind == layout.FORMAT and version == layout.VERSION:
        return file
    file.close()
    if kind == layout.FORMAT:
        raise ValueError(f"{path}: {layout.VERSION_ATTRIBUTE}: {version}, but this package reads {layout.VERSION}")
    raise ValueError(f"{path}: {layout.FORMAT_ATTRIBUTE}: {kind!r} instead of {layout.FORMAT!r}: not force data")
