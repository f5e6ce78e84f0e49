// SPDX-License-Identifier: MIT

/** Where force kernels leave their results. */
struct ForceOutput {
    FixedPoint* __restrict__ gm_force; // [3][paddedNumAtoms]
    int paddedNumAtoms;
    EnergyOutput energy;
};

static_assert(sizeof(ForceOutput) == SIZE_OF_FORCE_OUTPUT, "PairListLayout.h differs from forceOutput.cu");
