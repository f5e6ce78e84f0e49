// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_NETWORKLAYOUT_H_
#define OPENMM_SURROGATE_NETWORKLAYOUT_H_

#include <cuda.h>

namespace SurrogatePlugin {

// The structs of surrogate/networkSet.cu as the host sees them; see PairListLayout.h.

template <class Real>
struct NetworkSetView {
    int numNetworks, pairCapacity;
    Real cutoff2;
    CUdeviceptr words, networkOfTypes, pairs, pairState, energies, energyGrids;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_NETWORKLAYOUT_H_*/
