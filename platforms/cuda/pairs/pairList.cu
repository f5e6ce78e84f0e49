// SPDX-License-Identifier: MIT
// The pair list on the device: what it holds, and how its kernels share it. See CudaPairList.h for the whole.

/** Where kernels tell the host of trouble: host memory mapped into the device, written only when something is wrong. */
struct PairListReport {
    int badParticle;              // original index + 1 of a particle whose position is not finite or far too large
    int coincident1, coincident2; // original indices + 1 of two particles at the same place
    int overflowing;              // original index + 1 of a particle whose force fixed point cannot hold
    int neighborsNeeded;          // the longest list, when it did not fit
};

/** Cells: bricks that follow the box vectors, folded onto a torus of numFolded cells per axis so that memory is bounded. */
struct CellGrid {
    // Cell of a position: floor(row . position), rows in units of cells (periodic) or 1/nm times cells (otherwise).
    Real rowX, rowXy, rowXz, rowY, rowYz, rowZ;
    int numX, numY, numZ;          // cells of the box; unused without periodic boundaries
    int foldedX, foldedY, foldedZ; // cells of the torus; numX is a multiple of foldedX
};

struct PairList {
    int numAtoms;   // in the System
    int numMembers; // that take part
    int capacity;   // neighbors per particle that fit
    Real range2;    // (cutoff+skin)^2, nm^2
    Real maxMove2;  // (skin/2)^2, nm^2
    PeriodicBox box;
    CellGrid grid;
    const Real4* __restrict__ gm_posq;         // [numAtoms], in the Context's order ("slots")
    const int* __restrict__ gm_atomIndex;      // [numAtoms], slot -> original index
    const int* __restrict__ gm_type;           // [numAtoms], by original index; -1 takes no part
    const int* __restrict__ gm_interacts;      // [numTypes][numTypes], 1 where two types interact
    const int* __restrict__ gm_exclusionStart; // [numAtoms+1], by original index
    const int* __restrict__ gm_exclusion;      // original indices
    int* __restrict__ gm_order;                // [numMembers], place in cell order -> slot
    Real4* __restrict__ gm_sorted;             // [numMembers], position and type in cell order
    Real4* __restrict__ gm_builtAt;            // [numMembers], position when the list was built
    int* __restrict__ gm_cell;                 // [numAtoms], cell of each slot
    int* __restrict__ gm_rank;                 // [numAtoms], arrival in its cell of each slot
    int* __restrict__ gm_count;                // [numCells]
    int* __restrict__ gm_localStart;           // [numCells], exclusive sum of counts within a tile of the scan
    int* __restrict__ gm_tileSum;              // [numTiles], then its exclusive sum
    int* __restrict__ gm_numNeighbors;         // [numMembers]
    int* __restrict__ gm_neighbor; // [numMembers][capacity], places in cell order, in the order of the search
    int* __restrict__ gm_state;    // see below
    PairListReport* report;
};

static_assert(sizeof(PairList) == SIZE_OF_PAIR_LIST, "PairListLayout.h differs from pairList.cu");

// Indices into gm_state.
#define STATE_REBUILD 0       // the list must be built in this step
#define STATE_MAX_NEIGHBORS 1 // longest list, also when it did not fit
#define STATE_TICKET 2        // blocks that have finished the scan
#define STATE_NUM_BUILDS 3    // since the Context was created

#define SCAN_TILE 1024
#define SCAN_THREADS 256

__device__ __forceinline__ int getNumCells(const CellGrid& grid) {
    return grid.foldedX * grid.foldedY * grid.foldedZ;
}

__device__ __forceinline__ int getCellStart(const PairList& list, int cell) {
    return list.gm_localStart[cell] + list.gm_tileSum[cell / SCAN_TILE];
}
