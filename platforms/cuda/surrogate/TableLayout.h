// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_TABLELAYOUT_H_
#define OPENMM_SURROGATE_TABLELAYOUT_H_

#include <cuda.h>

namespace SurrogatePlugin {

// The structs of surrogate/table.cu as the host sees them; see PairListLayout.h.

template <class Real>
struct TableView {
    int numCells;
    Real cutoff2;
    CUdeviceptr cells, grids;
};

struct OutputView {
    CUdeviceptr force;
    int paddedNumAtoms;
    CUdeviceptr energy;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_TABLELAYOUT_H_*/
