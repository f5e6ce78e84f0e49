# SPDX-License-Identifier: MIT
"""A pressure that the model shall have beside that of the training frames.

A model that has the right pressure in every configuration may still have a wrong one in its own simulations, which
visit other configurations. The setting pressureShift takes that off: the model learns the energy

    U - p (V - V0),

whose pressure is larger by p, with the mean volume V0 of the training frames, at which energies stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from openmmsurrogate.data import ForceDataset, Frame

BAR = 0.0602214076  # kJ/mol/nm^3


@dataclass(frozen=True)
class PressureShift:
    """What is added to frames.

    Attributes
    ----------
    pressure
        kJ/mol/nm^3
    volumePerParticle
        at which energies stay as they are, nm^3
    """

    pressure: float
    volumePerParticle: float

    def apply(self, frame: Frame) -> Frame:
        """Return a frame with energy and virial of the pressure added."""
        assert frame.box is not None, "make_pressure_shift() has looked"
        volume = float(abs(np.linalg.det(frame.box)))
        excess = volume - self.volumePerParticle * len(frame.positions)
        return replace(
            frame,
            potentialEnergy=frame.potentialEnergy - self.pressure * excess,
            virial=None if frame.virial is None else np.asarray(frame.virial) + self.pressure * volume,
        )


def make_pressure_shift(
    bars: float, datasets: Sequence[ForceDataset], names: Sequence[str], training: Sequence[range]
) -> PressureShift | None:
    """Return the shift by a pressure in bar; None for none.

    Parameters
    ----------
    bars
        the pressure
    datasets, names
        files, and what to call them in messages
    training
        which of their frames are training frames

    Raises
    ------
    ValueError
        if frames have no box
    """
    if bars == 0.0:
        return None
    volumes = []
    for dataset, name, frames in zip(datasets, names, training, strict=True):
        for index in frames:
            box = dataset.frame(index).box
            if box is None:
                raise ValueError(f"pressureShift is set, but {name} has no box and so no pressure; leave it at 0")
            volumes.append(abs(np.linalg.det(box)) / dataset.numParticles)
    return PressureShift(bars * BAR, float(np.mean(volumes)))
