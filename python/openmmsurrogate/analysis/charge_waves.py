# SPDX-License-Identifier: MIT
"""Waves of charge: how strongly an ionic system separates charges over long distances, and how that oscillates.

The Coulomb force at long range shows in both. In a conductor it makes the charge structure factor vanish as k^2 at
small k (Stillinger and Lovett, J. Chem. Phys. 48, 3858, 1968); in an ionic crystal it lifts the longitudinal optical
mode above the transverse one (Lyddane, Sachs and Teller, Phys. Rev. 59, 673, 1941). Forces that end at a cutoff do
neither, once the wave is longer than a few cutoffs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from openmmsurrogate.analysis.series_average import SeriesAverage, averageSeries

Array = NDArray[np.float64]


def computeChargeStructureFactor(
    frames: ArrayLike, charges: ArrayLike, edges: ArrayLike, waves: ArrayLike
) -> tuple[Array, SeriesAverage]:
    """Compute S(k), the mean of abs(sum of q exp(i k.r))^2 / sum of q^2, in a rectangular box.

    Parameters
    ----------
    frames
        positions, nm, shape (frames, particles, 3), at least 16 in equal intervals of time
    charges
        e, shape (particles,)
    edges
        of the box, nm, shape (3,)
    waves
        numbers of waves along each edge, integers, shape (waves, 3)

    Returns
    -------
    k, S
        lengths of the wave vectors, 1/nm, shape (waves,), and the average over the frames: 1 for independent ions
    """
    positions, q = np.asarray(frames, float), np.asarray(charges, float)
    vectors = 2.0 * np.pi * np.asarray(waves, float) / np.asarray(edges, float)
    sums = np.array([q @ np.exp(1j * (x @ vectors.T)) for x in positions])
    k: Array = np.linalg.norm(vectors, axis=1)
    return k, averageSeries(np.abs(sums) ** 2 / np.sum(q**2))


@dataclass(frozen=True)
class ChargeCurrentSpectrum:
    """Power spectra of the charge current of one wave vector; each has an integral of 1."""

    frequencies: Array
    """THz, shape (frequencies,)."""
    longitudinal: Array
    """1/THz, shape (frequencies,)."""
    transverse: Array
    """1/THz, mean of both directions, shape (frequencies,)."""


def computeChargeCurrentSpectrum(
    positions: ArrayLike, velocities: ArrayLike, charges: ArrayLike, edges: ArrayLike, axis: int, interval: float
) -> ChargeCurrentSpectrum:
    """Compute the spectrum of the charge current j = sum of q v exp(i k.r) of the longest wave along an edge.

    Parameters
    ----------
    positions, velocities
        nm and nm/ps, shape (samples, particles, 3)
    charges
        e, shape (particles,)
    edges
        of the rectangular box, nm, shape (3,)
    axis
        0, 1 or 2: the edge along which the wave runs
    interval
        time between samples, ps
    """
    x, v, q = np.asarray(positions), np.asarray(velocities), np.asarray(charges, float)
    k = 2.0 * np.pi / float(np.asarray(edges, float)[axis])
    current = np.array([(q * np.exp(1j * k * a[:, axis])) @ b for a, b in zip(x, v, strict=True)])
    window = np.hanning(len(current))[:, None]
    power = np.abs(np.fft.fft(current * window, axis=0)) ** 2
    half = np.arange(1, len(current) // 2)
    power = power[half] + power[-half]  # waves that run either way
    others = [i for i in range(3) if i != axis]
    longitudinal, transverse = power[:, axis], power[:, others].mean(axis=1)
    step = 1.0 / (len(current) * interval)
    return ChargeCurrentSpectrum(
        step * half.astype(np.float64),
        longitudinal / (longitudinal.sum() * step),
        transverse / (transverse.sum() * step),
    )
