// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_TABLELAYOUT_H_
#define OPENMM_SURROGATE_TABLELAYOUT_H_

#include <cuda.h>

namespace SurrogatePlugin {

// The structs of surrogate/table.cu as the host sees them; see PairListLayout.h.

template <class Real>
struct alignas(16) TableView {
    Real grid[4];
    CUdeviceptr forceRows, energyRows, grids;
    int numRows;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_TABLELAYOUT_H_*/
