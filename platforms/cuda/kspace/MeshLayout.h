// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_MESHLAYOUT_H_
#define OPENMM_SURROGATE_MESHLAYOUT_H_

#include <cuda.h>

namespace SurrogatePlugin {

/** Where kernels of the mesh tell the host of trouble; MeshReport of grid.cu. */
struct MeshReport {
    int badParticle; // index + 1 of a particle whose position is not finite or far too large
    int overflowing; // index + 1 of a particle whose force fixed point cannot hold
    int crowded;     // 1 if charges pile up beyond what fixed point can hold
};

/** Where the charges of each tile are; SiteTable of grid.cu. */
struct SiteTableView {
    CUdeviceptr start, count;
};

/** Argument of the kernels of the mesh; Mesh of grid.cu, which explains it. */
struct MeshView {
    int numSites;
    double rowX, rowXy, rowXz, rowY, rowYz, rowZ;
    double chargeScale;
    SiteTableView table, nextTable;
    CUdeviceptr sites, sum, grid, spectrum;
    CUdeviceptr report;
};

/** Argument of the convolution; Influence of convolve.cu, which explains it. */
struct InfluenceView {
    double bx, bxy, bxz, by, byz, bz;
    double alpha, prefactor, cellsPerWave;
    CUdeviceptr transform, inverseX, inverseY, inverseZ;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_MESHLAYOUT_H_*/
