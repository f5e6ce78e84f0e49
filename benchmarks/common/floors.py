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


# Reciprocal space of NaCl, us, with ESP's grids at tolerance 5e-4, by ions: charges spread and forces gathered in
# shared memory, transforms fused with the convolution, at the rates of shared-memory atomics and of copies on the chip.
KSPACE_FLOORS = {64_000: 4.0, 262_144: 17.0, 1_000_000: 66.0}
DIRECT_INSTRUCTIONS = 35  # a pair, of direct.cu for few kinds of particles (docs/theory/direct-space.md)
INSTRUCTION_RATE = 3.35e13  # 1/s: 132 multiprocessors, 128 lanes, 1.98 GHz


def findDirectFloor(numAtoms: int, density: float, cutoff: float) -> float:
    """Return the least time, us, that the instructions of ESP's pairs take: all lanes compute pairs within the cutoff,
    nm, each from both sides; density in 1/nm^3."""
    pairs = numAtoms * density * 4.0 / 3.0 * math.pi * cutoff**3
    return 1e6 * pairs * DIRECT_INSTRUCTIONS / INSTRUCTION_RATE
