// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_TABLELAYOUT_H_
#define OPENMM_SURROGATE_TABLELAYOUT_H_

#include <cuda.h>

namespace SurrogatePlugin {

// The structs of surrogate/table.cu as the host sees them; see PairListLayout.h.

template <class Real>
struct TableView {
    Real grid[2];
    Real end;
    int numRows;
    CUdeviceptr forceRows, energyRows, grids;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_TABLELAYOUT_H_*/
