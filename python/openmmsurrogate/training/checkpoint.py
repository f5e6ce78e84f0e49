# SPDX-License-Identifier: MIT
"""Checkpoints that are never half-written, and interruption between two steps."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from openmmsurrogate._torch import torch

VERSION = 1


class TrainingInterrupted(Exception):
    """A training was asked to stop and has saved its state. The message says how to go on."""


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint beside its place and move it there, so that the old one stays if anything fails.

    Raises
    ------
    OSError
        that names the file, if it cannot be written (a full disk, for example)
    """
    temporary = path.with_name(path.name + ".part")
    try:
        with open(temporary, "wb") as file:
            torch.save({"version": VERSION, **state}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except (OSError, RuntimeError) as error:  # PyTorch reports a failed write as RuntimeError
        with suppress(OSError):
            temporary.unlink()
        raise OSError(f"cannot write the checkpoint {path}: {error}; the previous checkpoint is as it was") from error


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint.

    Raises
    ------
    ValueError
        that names the file, if it is not a checkpoint, or one of a newer version
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # PyTorch's unpickler raises all kinds of errors for damaged files
        raise ValueError(f"{path} is not a checkpoint of a training: {error}") from None
    if not isinstance(state, dict) or state.get("version") != VERSION:
        raise ValueError(f"{path} is not a checkpoint of version {VERSION} of this program")
    return state


class InterruptionGuard:
    """Turns Ctrl-C (and SIGTERM) into a request that is answered between two steps; a second one interrupts at once."""

    def __init__(self) -> None:
        self.requested = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> InterruptionGuard:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, self._request)
        return self

    def _request(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
