# SPDX-License-Identifier: MIT
"""Mean and standard error of correlated data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

# Fewer blocks say too little about their own scatter: with 8 the error estimate is itself known to 27 %.
_FEWEST_BLOCKS = 8
_FEWEST_SAMPLES = 16


@dataclass(frozen=True)
class BlockAverage:
    """Mean of correlated data with its standard error; each has the shape of one sample."""

    mean: Array
    standardError: Array
    blockLength: NDArray[np.int64]
    """Number of samples per block from which the error is estimated."""


def blockAverage(data: ArrayLike) -> BlockAverage:
    """Compute the mean of a stationary time series and its standard error by blocking.

    Neighbouring samples are averaged in pairs again and again (Flyvbjerg and Petersen, J. Chem. Phys. 91, 461, 1989,
    https://doi.org/10.1063/1.457480). The estimate sqrt(variance/(blocks-1)) of the error grows while the blocks are
    correlated, then only fluctuates. The one returned has the shortest blocks with B^3 > 2 n (error_B/error_1)^4,
    where systematic and statistical error of the estimate balance (Wolff, Comput. Phys. Commun. 156, 143, 2004; Lee
    et al., Phys. Rev. E 83, 066706, 2011). If there are none, the series is shorter than some hundred correlation
    times, and the largest estimate is returned, which may still be too small.

    Parameters
    ----------
    data
        Samples at equal intervals, shape (samples, ...): further axes are independent series.

    Raises
    ------
    ValueError
        If there are fewer than 16 samples, too few to judge their correlation, or a sample is not finite.
    """
    values = np.asarray(data, float)
    if values.ndim == 0 or len(values) < _FEWEST_SAMPLES:
        count = 1 if values.ndim == 0 else len(values)
        raise ValueError(f"blocking needs at least {_FEWEST_SAMPLES} samples, not {count}")
    if not np.isfinite(values).all():
        raise ValueError("blocking needs finite samples; there is a NaN or an infinity among them")
    levels = _blocking_levels(values)
    lengths = 2.0 ** np.arange(len(levels)).reshape((-1,) + (1,) * (values.ndim - 1))
    # Where nothing fluctuates (levels[0] = 0) every level is 0 and any will do.
    inefficiency = np.divide(levels, levels[0], out=np.ones_like(levels), where=levels[0] > 0.0)
    longEnough = lengths**3 > 2.0 * len(values) * inefficiency**4
    chosen = np.where(longEnough.any(axis=0), longEnough.argmax(axis=0), levels.argmax(axis=0))
    error = np.take_along_axis(levels, chosen[None, ...], axis=0)[0]
    return BlockAverage(values.mean(axis=0), error, np.asarray(2**chosen))


def _blocking_levels(values: Array) -> Array:
    """Return the estimate of the error at each level of blocking, shape (levels, ...)."""
    errors = []
    blocks = values
    while len(blocks) >= _FEWEST_BLOCKS:
        errors.append(np.sqrt(blocks.var(axis=0) / (len(blocks) - 1)))
        even = blocks[: len(blocks) // 2 * 2]
        blocks = 0.5 * (even[0::2] + even[1::2])
    return np.array(errors)
