# SPDX-License-Identifier: MIT
"""The least time that an NVIDIA H200 needs for pairs and for reciprocal space, from rates measured on that chip.

A pair of the network 1-64-64-64-1 takes 192 activations and 8,320 multiply-adds. The rates are those of microbenchmarks
(tanh.approx, mma.sync, FMA), except for double, which is the data sheet's 33.5 TFLOP/s.
"""

from __future__ import annotations

import math

CHIP = "H200"
ACTIVATIONS = 192  # a pair
MULTIPLY_ADDS = 8320  # a pair
TANH_RATE = 4.1e12  # 1/s
MULTIPLY_ADD_RATES = {  # 1/s
    "double": 1.67e13,
    "single": 2.9e13,  # on CUDA cores
    "tf32": 1.55e14,
    "bfloat16": 3.1e14,
    "float16": 3.1e14,
    "float8": 3.1e14,  # mma.sync has none on this chip: the products are those of float16
    "int8": 6.3e14,
    "int4": 3.1e14,  # weights only; the products are those of float16
}
TABLE_RATE = 2.7e11  # pairs/s


def findFloor(arithmetic: str, numPairs: float) -> float:
    """Return the floor in ms for "table", or the name of a numeric format; "<format>-polynomial" without tanh."""
    if arithmetic == "table":
        return 1000.0 * numPairs / TABLE_RATE
    format, _, activation = arithmetic.partition("-")
    activations = 0.0 if activation == "polynomial" else ACTIVATIONS / TANH_RATE
    products = MULTIPLY_ADDS / MULTIPLY_ADD_RATES[format]
    return 1000.0 * numPairs * max(activations, products)


# What ESP cannot do without. Rates of the chip: integer atomics on shared memory without conflicts, and a copy, as
# measured; the others from 132 multiprocessors at 1.98 GHz, each with 128 lanes and 128 bytes of shared memory a clock.
ATOMIC_RATE = 7.9e12  # 1/s
COPY_RATE = 4.3e12  # bytes/s
SHARED_RATE = 132 * 128 * 1.98e9  # bytes/s
INSTRUCTION_RATE = 132 * 128 * 1.98e9  # 1/s
DIRECT_INSTRUCTIONS = 35  # a pair, of direct.cu for few kinds of particles (docs/theory/direct-space.md)


def findDirectFloor(numAtoms: int, density: float, cutoff: float) -> float:
    """Return the least time, us, that the instructions of ESP's pairs take: all lanes compute pairs within the cutoff,
    nm, each from both sides; density in 1/nm^3."""
    pairs = numAtoms * density * 4.0 / 3.0 * math.pi * cutoff**3
    return 1e6 * pairs * DIRECT_INSTRUCTIONS / INSTRUCTION_RATE


def findReciprocalFloor(numAtoms: int, numPoints: int, order: int) -> float:
    """Return the least time, us, of a mesh in single precision with a window of an order.

    Each charge is added to order^3 points, and its force read from as many, in shared memory. The grid, 4 bytes a
    point, is read and written four times: planes and lines forward, lines and planes back. Positions and charges, 16
    bytes, are read twice; forces, 24 bytes, are written.
    """
    values = numAtoms * order**3
    copied = 4 * 2 * 4 * numPoints + (2 * 16 + 24) * numAtoms  # bytes
    return 1e6 * (values / ATOMIC_RATE + 4 * values / SHARED_RATE + copied / COPY_RATE)
