# SPDX-License-Identifier: MIT
"""Velocity autocorrelation and its spectrum: the density of vibrational states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_CHUNK = 3000  # time series that are transformed at once


@dataclass(frozen=True)
class VelocitySpectrum:
    """Motion of some particles."""

    times: Array
    """ps, shape (times,)."""
    autocorrelation: Array
    """Sum over particles of v(0).v(t) over that at t = 0, averaged over time origins, shape (times,)."""
    frequencies: Array
    """THz, shape (frequencies,)."""
    density: Array
    """Density of states, 1/THz, whose integral is 1, shape (frequencies,)."""


def computeVelocitySpectrum(velocities: ArrayLike, interval: float, maxTime: float) -> VelocitySpectrum:
    """Compute velocity autocorrelation and density of states.

    The density is the cosine transform of the autocorrelation up to maxTime (Dickey and Paskin, Phys. Rev. 188, 1407,
    1969), times a Hann window, which makes lines about 2/maxTime wide and keeps the cut from ringing.

    Parameters
    ----------
    velocities
        nm/ps, shape (samples, particles, 3), of particles of equal mass
    interval
        time between samples, ps
    maxTime
        largest lag, ps; shorter than half the series

    Raises
    ------
    ValueError
        if the shape is wrong, or the series is too short
    """
    values = np.asarray(velocities)
    if values.ndim != 3 or values.shape[2] != 3 or values.shape[1] == 0:
        raise ValueError(f"velocities must have shape (samples, particles, 3), not {values.shape}")
    lags = round(maxTime / interval) + 1
    if lags < 2 or 2 * lags > len(values):
        raise ValueError(
            f"{len(values)} samples every {interval:g} ps do not suffice for lags up to {maxTime:g} ps: at least "
            f"{2 * lags} are needed"
        )
    correlation = _correlate(values.reshape(len(values), -1), lags)
    correlation /= correlation[0]
    window = 0.5 * (1.0 + np.cos(np.pi * np.arange(lags) / (lags - 1)))
    # The correlation is even in time; its transform at multiples of 1/(2 maxTime).
    even = np.concatenate([correlation * window, (correlation * window)[-2:0:-1]])
    density = np.fft.rfft(even).real
    frequencies = np.arange(len(density)) / (len(even) * interval)
    density /= density.sum() * frequencies[1]
    return VelocitySpectrum(interval * np.arange(lags, dtype=np.float64), correlation, frequencies, density)


def _correlate(series: NDArray[np.floating], lags: int) -> Array:
    """Return the sum over all series of the mean over time of v(0) v(t), by fast Fourier transform."""
    count = len(series)
    length = 1 << (count + lags).bit_length()  # zeros behind the data keep the end from meeting the beginning
    power = np.zeros(length // 2 + 1)
    for first in range(0, series.shape[1], _CHUNK):
        power += np.sum(np.abs(np.fft.rfft(series[:, first : first + _CHUNK], length, axis=0)) ** 2, axis=1)
    result: Array = np.fft.irfft(power, length)[:lags] / (count - np.arange(lags))
    return result
