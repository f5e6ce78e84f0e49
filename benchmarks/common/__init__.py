# SPDX-License-Identifier: MIT
"""What the benchmarks share: liquid argon, measuring contestants against the clock and the energy counter, results."""
