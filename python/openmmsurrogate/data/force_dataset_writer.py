# SPDX-License-Identifier: MIT
"""Writing files of force data, frame by frame."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from openmmsurrogate.data import file_layout as layout
from openmmsurrogate.data.force_dataset import ForceDataset, open_file
from openmmsurrogate.data.frame import Frame, check_frame


class ForceDatasetWriter:
    """A file of force data to which frames are appended.

    Every frame is in the file when append() returns. A process that is killed, or a full disk, leaves a readable file
    with the frames up to then. Use it in a with statement, or call close().

    Parameters
    ----------
    path : str or path-like
        the file to make; it must not exist. ForceDatasetWriter.reopen() continues one that does.
    typeNames : sequence of str
        names of the particle types
    typeIndices : array_like of int
        type of each particle, shape (particles,); -1 for one that takes no part
    exclusions : array_like of int
        pairs of particles that do not interact, shape (exclusions, 2)
    periodic : bool
        whether frames have box vectors
    temperature : float or None
        temperature of the sampling, K
    metadata : mapping
        how the data were made; what JSON can hold
    systemXML : str or None
        the System that makes the forces, as OpenMM's XML
    recordsVirial : bool
        whether frames have virials
    capacity : int
        frames for which room is taken on the disk at once; when it is used up, the file is copied to one with twice
        the room

    Raises
    ------
    ValueError
        if an argument does not fit the others
    FileExistsError
        if the file exists
    OSError
        if the disk has no room for the frames of the capacity
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        typeNames: Sequence[str],
        typeIndices: ArrayLike,
        *,
        exclusions: ArrayLike = (),
        periodic: bool = True,
        temperature: float | None = None,
        metadata: Mapping[str, Any] | None = None,
        systemXML: str | None = None,
        recordsVirial: bool = False,
        capacity: int = 64,
    ) -> None:
        self.path = os.fspath(path)
        types = np.asarray(typeIndices, np.int32)
        if types.ndim != 1 or len(types) == 0 or types.min() < -1 or types.max() >= len(typeNames):
            raise ValueError(f"typeIndices must have shape (particles,) and be -1 or one of the {len(typeNames)} types")
        if capacity < 1:
            raise ValueError(f"capacity must be positive, not {capacity}")
        header = {layout.FORMAT_ATTRIBUTE: layout.FORMAT, layout.VERSION_ATTRIBUTE: layout.VERSION}
        header |= {layout.PERIODIC: periodic, layout.METADATA: json.dumps(dict(metadata or {}))}
        header |= {} if temperature is None else {layout.TEMPERATURE: float(temperature)}
        arrays = {
            layout.TYPE_NAMES: np.array(list(typeNames), dtype=object),
            layout.TYPE_INDICES: types,
            layout.EXCLUSIONS: np.asarray(exclusions, np.int32).reshape(-1, 2),
            layout.SYSTEM: np.frombuffer(zlib.compress((systemXML or "").encode()) if systemXML else b"", np.uint8),
        }
        if os.path.exists(self.path):
            raise FileExistsError(f"{self.path} exists already")
        shapes = _shapes_of_frames(len(types), periodic, recordsVirial)
        _create_file(self.path, header, arrays, shapes, capacity)
        self._open()

    @classmethod
    def reopen(cls, path: str | os.PathLike[str]) -> ForceDatasetWriter:
        """Open an existing file to append further frames. Raises what ForceDataset does."""
        ForceDataset(path).close()  # checks everything
        writer = cls.__new__(cls)
        writer.path = os.fspath(path)
        writer._open()
        return writer

    def _open(self) -> None:
        self._file = open_file(self.path, "r+")
        file = self._file
        self.numParticles: int = len(file[layout.TYPE_INDICES])
        self.numFrames: int = int(file[layout.NUM_FRAMES][()])
        self._periodic, self._virial = layout.BOX in file, layout.VIRIAL in file

    @property
    def capacity(self) -> int:
        """Number of frames for which the file has room."""
        return len(self._file[layout.ENERGIES])

    def append(self, frame: Frame) -> None:
        """Append a frame and see to it that it is in the file.

        Raises
        ------
        ValueError
            if shapes do not fit or a number is not finite; the file is as before
        OSError
            if the disk is full; the file is as before
        """
        i = self.numFrames
        check_frame(frame, self.numParticles, self._periodic, self._virial, f"{self.path}: new frame {i}")
        if i == self.capacity:
            self._grow(2 * i)
        values = {layout.POSITIONS: frame.positions, layout.FORCES: frame.forces}
        values |= {layout.ENERGIES: np.array(frame.potentialEnergy)}
        values |= {} if frame.box is None else {layout.BOX: frame.box}
        values |= {} if frame.virial is None else {layout.VIRIAL: frame.virial}
        for name, value in values.items():
            self._file[name][i] = value
        self._file.flush()
        self._set_num_frames(i + 1)

    def truncate(self, numFrames: int) -> None:
        """Forget all frames but the first ones. Raises ValueError if there are fewer."""
        if not 0 <= numFrames <= self.numFrames:
            raise ValueError(f"{self.path}: cannot keep {numFrames} of {self.numFrames} frames")
        self._set_num_frames(numFrames)

    def _set_num_frames(self, numFrames: int) -> None:
        self._file[layout.NUM_FRAMES][()] = numFrames
        self._file.flush()
        self.numFrames = numFrames

    def _grow(self, capacity: int) -> None:
        """Copy everything to a file with more room, and replace this one by it in one step."""
        old, copy = self._file, self.path + ".growing"
        arrays = {name: old[name][()] for name in (layout.TYPE_INDICES, layout.EXCLUSIONS, layout.SYSTEM)}
        arrays[layout.TYPE_NAMES] = old[layout.TYPE_NAMES].asstr()[()].astype(object)
        if os.path.exists(copy):  # left by a process that was killed here
            os.remove(copy)
        shapes = _shapes_of_frames(self.numParticles, self._periodic, self._virial)
        _create_file(copy, dict(old.attrs), arrays, shapes, capacity)
        new = open_file(copy, "r+")
        for name in shapes:
            for i in range(self.numFrames):  # one at a time: data may be larger than the memory
                new[name][i] = old[name][i]
        new[layout.NUM_FRAMES][()] = self.numFrames
        new.close()
        old.close()
        os.replace(copy, self.path)
        self._open()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> ForceDatasetWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _shapes_of_frames(numParticles: int, periodic: bool, recordsVirial: bool) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {layout.POSITIONS: (numParticles, 3), layout.FORCES: (numParticles, 3)}
    shapes |= {layout.ENERGIES: ()}
    shapes |= {layout.BOX: (3, 3)} if periodic else {}
    return shapes | ({layout.VIRIAL: (3,)} if recordsVirial else {})


def _create_file(
    path: str,
    header: Mapping[str, Any],
    arrays: Mapping[str, Any],
    shapes: Mapping[str, tuple[int, ...]],
    capacity: int,
) -> None:
    """Make a file without frames, all of whose room is taken. A file that cannot be made is not left behind."""
    h5py = layout.import_h5py()
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    unfinished = path + ".new"
    try:
        with h5py.File(unfinished, "w") as file:
            file.attrs.update(header)
            for name, array in arrays.items():
                file.create_dataset(
                    name, data=array, **({"dtype": h5py.string_dtype()} if array.dtype == object else {})
                )
            for name, shape in shapes.items():
                rows: Iterable[int] = (capacity, *shape)
                file.create_dataset(name, rows, np.float64, dcpl=early).attrs["unit"] = layout.UNITS[name]
            file.create_dataset(layout.NUM_FRAMES, (), np.int64, dcpl=early)[()] = 0
        with open(unfinished, "r+b") as raw:
            # HDF5 leaves holes in the file, for which a disk that is full then has no blocks.
            os.posix_fallocate(raw.fileno(), 0, os.path.getsize(unfinished))
        os.replace(unfinished, path)
    except OSError as error:
        if os.path.exists(unfinished):
            os.remove(unfinished)
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise OSError(f"{path}: cannot make room for {capacity} frames: {reason}") from error
