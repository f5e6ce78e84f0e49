# SPDX-License-Identifier: MIT
"""Reading DCD trajectories, as OpenMM, CHARMM and NAMD write them."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from openmm import unit
from openmm.app.internal.unitcell import computePeriodicBoxVectors

Array = NDArray[np.float64]

_HEADER_LENGTH = 84
_NANOMETERS_PER_ANGSTROM = 0.1


class DCDReader:
    """The frames of a DCD file, read one at a time; in a with statement.

    The file is a sequence of Fortran records, each between two copies of its length: a header ("CORD" and 20
    integers), a title, the number of atoms, and for each frame the unit cell (if integer 10 of the header says so) and
    float32 x, y and z in angstrom.

    Raises
    ------
    ValueError
        that names the file, if it is not a DCD file or has fixed atoms or a fourth dimension
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._file: BinaryIO = open(self.path, "rb")  # noqa: SIM115  # closed by close()
        try:
            self._read_header()
        except BaseException:
            self._file.close()
            raise

    def _read_header(self) -> None:
        start = self._file.read(8)
        self._order = next((o for o in "<>" if start[:4] == struct.pack(f"{o}i", _HEADER_LENGTH)), "")
        if not self._order or start[4:] != b"CORD":
            raise ValueError(f"{self.path} is not a DCD file")
        self._file.seek(0)
        flags = np.frombuffer(self._record("header")[4:], f"{self._order}i4")
        if flags[8] != 0 or flags[11] != 0:
            raise ValueError(f"{self.path}: DCD files with fixed atoms or a fourth dimension are not supported")
        self._hasCell = bool(flags[10])
        self._record("title")
        self.numParticles = int(np.frombuffer(self._record("number of atoms"), f"{self._order}i4")[0])
        first = self._file.tell()
        frameLength = (56 if self._hasCell else 0) + 3 * (8 + 4 * self.numParticles)
        # The number in the header is wrong where the writer was interrupted.
        self.numFrames, rest = divmod(os.path.getsize(self.path) - first, frameLength)
        if rest:
            raise ValueError(f"{self.path}: frame {self.numFrames} is incomplete: {rest} of {frameLength} bytes")

    def _record(self, name: str) -> bytes:
        lengths = self._file.read(4)
        length = struct.unpack(f"{self._order}i", lengths)[0] if len(lengths) == 4 else -1
        data = self._file.read(length) if length >= 0 else b""
        if len(data) != length or self._file.read(4) != lengths:
            raise ValueError(f"{self.path}: the record with the {name} is damaged")
        return data

    def __iter__(self) -> Iterator[tuple[Array, Array | None]]:
        """Yield positions, nm, shape (particles, 3), and reduced box vectors, nm, or None, of each frame."""
        for _ in range(self.numFrames):
            box = self._read_cell() if self._hasCell else None
            axes = [np.frombuffer(self._record(f"{axis} coordinates"), f"{self._order}f4") for axis in "xyz"]
            if any(len(values) != self.numParticles for values in axes):
                raise ValueError(f"{self.path}: a frame has another number of atoms than {self.numParticles}")
            yield np.stack(axes, axis=1).astype(float) * _NANOMETERS_PER_ANGSTROM, box

    def _read_cell(self) -> Array:
        """Return the box vectors. Angles are in degrees (OpenMM, NAMD) or as cosines (CHARMM)."""
        a, gamma, b, beta, alpha, c = np.frombuffer(self._record("unit cell"), f"{self._order}f8")
        angles = np.array([alpha, beta, gamma])
        radians = np.arccos(angles) if (np.abs(angles) <= 1.0).all() else np.deg2rad(angles)
        lengths = np.array([a, b, c]) * _NANOMETERS_PER_ANGSTROM
        if not (lengths > 0.0).all():
            raise ValueError(f"{self.path}: unit cell with edges {lengths.tolist()} nm")
        vectors = computePeriodicBoxVectors(*lengths, *radians)
        return np.array(vectors.value_in_unit(unit.nanometer), dtype=float)

    def __enter__(self) -> DCDReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()
