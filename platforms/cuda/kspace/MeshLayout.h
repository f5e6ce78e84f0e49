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

/** TileRecord of grid.cu. */
struct TileRecord {
    int start, room, count, unused;
};

/** TileRows of grid.cu. */
struct TileRows {
    int firstSite, numRows, firstMember, unused;
};

/** MeshState of grid.cu. */
struct MeshState {
    int table, numStray, lastNumStray, unused;
};

/** BoxRows of grid.cu. */
template <class T>
struct BoxRows {
    T x, xy, xz, y, yz, z;
};

/** Argument of the kernels of the mesh; Mesh of grid.cu, which explains it. */
struct MeshView {
    int numSites, mostStray, memberCapacity, unused;
    BoxRows<double> doubleRows;
    BoxRows<float> singleRows;
    double chargeScale, chargeUnit;
    CUdeviceptr posq, correction, atomIndex, charge;
    CUdeviceptr tile, member, state, site, rows, stray, sum, factor, grid, spectrum;
    CUdeviceptr report;
};

/** SplitNumbers of convolve.cu. */
template <class T>
struct SplitNumbers {
    T inverseAlpha, prefactor, cellsPerWave, unused;
};

/** Argument of computeFactors(); Influence of convolve.cu, which explains it. */
struct InfluenceView {
    SplitNumbers<double> doubleNumbers;
    SplitNumbers<float> singleNumbers;
    CUdeviceptr transform, inverseX, inverseY, inverseZ;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_MESHLAYOUT_H_*/
