// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PAIRLISTLAYOUT_H_
#define OPENMM_SURROGATE_PAIRLISTLAYOUT_H_

#include <cuda.h>

namespace SurrogatePlugin {

// The structs of pairs/pairList.cu as the host sees them: same members in the same order, with device pointers as
// CUdeviceptr. They are described there.

/** Index into the state of the list: STATE_MAX_NEIGHBORS of pairs/pairList.cu; and how long that is. */
constexpr int StateMaxNeighbors = 1, StateSize = 5;

/** Particles of which a list looks how they move; see pairs/motion.cu. */
constexpr int NumMotionSamples = 1024;

template <class Real>
struct MotionSample {
    Real position[4], velocity[4];
};

/** Volatile, because the device writes it. */
struct PairListReport {
    volatile int badParticle, coincident1, coincident2, overflowing, neighborsNeeded, pairsNeeded;
};

template <class Real>
struct DeviceBox {
    Real ax, bx, by, cx, cy, cz;
    Real inverseAx, inverseBy, inverseCz;
};

template <class Real>
struct CellGrid {
    Real rowX, rowXy, rowXz, rowY, rowYz, rowZ;
    int numX, numY, numZ;
    int foldedX, foldedY, foldedZ;
    int segment, numSegments;
    Real reachX, reachY, reachZ;
    Real widthX, widthY, widthZ;
    Real inverseWidthX, inverseFoldedX, inverseFoldedY, inverseFoldedZ, inverseSegment;
};

template <class Real>
struct PairListView {
    int numAtoms, numMembers, capacity;
    Real cutoff, range2, leap2, allowance;
    DeviceBox<Real> box;
    CellGrid<Real> grid;
    CUdeviceptr posq, atomIndex, type, interacts, exclusionStart, exclusion, carried, lennardJones, mobility, velocity,
        order, sortedIndex, sortedClique, sorted, builtAt, sortedCarried, sortedLennardJones, cell, rank, count,
        cellStart, tileSum, numNeighbors, neighbor, sample, horizon, state, report;
};

/** Of pairs/forceOutput.cu. */
struct ForceOutputView {
    CUdeviceptr force;
    int paddedNumAtoms;
    CUdeviceptr energyBuffer, energySum, energyTicket;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PAIRLISTLAYOUT_H_*/
