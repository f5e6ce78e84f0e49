# SPDX-License-Identifier: MIT
"""The least time that an NVIDIA H200 needs for the arithmetic of the pairs, from rates measured on that chip.

A pair of the network 1-64-64-64-1 takes 192 activations and 8,320 multiply-adds. The rates are those of microbenchmarks
(tanh.approx, mma.sync, FMA), except for double, which is the data sheet's 33.5 TFLOP/s.
"""

from __future__ import annotations

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
