// SPDX-License-Identifier: MIT
// What the host hands to the network kernels; see NetworkLayout.h.

/** The networks of one shape, and which of them pairs of types interact by. */
struct NetworkSet {
    int numNetworks;
    int pairCapacity;                          // pairs in reach that fit
    Real cutoff2;                              // nm^2
    const uint4* __restrict__ gm_words;        // [numNetworks][NETWORK_WORDS]
    const int* __restrict__ gm_networkOfTypes; // [numTypes][numTypes], negative for pairs of other shapes or none
    int2* __restrict__ gm_pairs;               // pairs in reach, each once, as places in cell order
    int* __restrict__ gm_pairState;            // see networkList.cu
    const Real* __restrict__ gm_energies;    // [numNetworks][NUM_ENERGY_NODES][2], energy and force weight at the nodes
    const Real* __restrict__ gm_energyGrids; // [numNetworks][2], core radius and 1/spacing of the nodes
};

static_assert(sizeof(NetworkSet) == SIZE_OF_NETWORK_SET, "NetworkLayout.h differs from networkSet.cu");
