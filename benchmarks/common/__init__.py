# SPDX-License-Identifier: MIT
"""What the benchmarks share: stepping a Context against the clock and the energy counter, and writing results."""
