// SPDX-License-Identifier: MIT
// The pair list on the device: what it holds, and how its kernels share it. See CudaPairList.h for the whole.

/** Where kernels tell the host of trouble: host memory mapped into the device, written only when something is wrong. */
struct PairListReport {
    int badParticle;              // original index + 1 of a particle whose position is not finite or far too large
    int coincident1, coincident2; // original indices + 1 of two particles at the same place
    int overflowing;              // original index + 1 of a particle whose force fixed point cannot hold
    int neighborsNeeded;          // the longest list, when it did not fit
    int pairsNeeded;              // the same of a list of pairs that a kernel makes from the lists
};

/** Cells: bricks that follow the box vectors, folded onto a torus of folded cells per axis so that memory is bounded. */
struct CellGrid {
    // Coordinates of a position: row . position, in box lengths (periodic) or in cells (otherwise).
    Real rowX, rowXy, rowXz, rowY, rowYz, rowZ;
    int numX, numY, numZ;          // cells of the box; unused without periodic boundaries
    int foldedX, foldedY, foldedZ; // cells of the torus; numX is a multiple of foldedX
    int segment, numSegments;      // cells along x that are neighbors in memory, and how many times that is foldedX
    Real reachX, reachY, reachZ;   // the range, in cells
    Real widthX, widthY, widthZ;   // of a cell, nm; unused in triclinic boxes
    Real inverseWidthX, inverseFoldedX, inverseFoldedY, inverseFoldedZ, inverseSegment;
};

// Velocities are double where energies are.
struct __align__(16) Velocity {
    EnergySum x, y, z, inverseMass;
};

struct MotionSample;

// What the list holds beside a position: the type, or the slot where there is but one type; a number of each particle (CARRIES == 1); or that and
// two more (CARRIES == 3).
struct PairList {
    int numAtoms;   // in the System
    int numMembers; // that take part
    int capacity;   // entries of a list that fit
    Real cutoff;    // nm
    Real range2;    // (cutoff+2*largest allowance)^2, nm^2
    Real leap2;     // the square of how many allowances a particle that moves on will not be away before that is seen
    Real allowance; // how far a particle may be from its reference position; with CARRIES on average, nm
    PeriodicBox box;
    CellGrid grid;
    const Real4* __restrict__ gm_posq;         // [numAtoms], in the Context's order ("slots")
    const int* __restrict__ gm_atomIndex;      // [numAtoms], slot -> original index
    const int* __restrict__ gm_type;           // [numAtoms], by original index; -1 takes no part
    const int* __restrict__ gm_interacts;      // [numTypes][numTypes], 1 where two types interact
    const int* __restrict__ gm_exclusionStart; // [numAtoms+1], by original index
    const int* __restrict__ gm_exclusion;      // original indices, ascending for each particle
    const Real* __restrict__ gm_carried; // [numAtoms], by original index: what takes the place of types; see CARRIES
    const Real2* __restrict__ gm_lennardJones; // [numAtoms], two more numbers by original index
    const Real* __restrict__ gm_mobility; // [numAtoms], by original index: allowance over the average one, with CARRIES
    const Velocity* __restrict__ gm_velocity; // [numAtoms], by slot
    int* gm_order;                            // [numMembers], place in cell order -> slot
    int* gm_sortedIndex;                      // [numMembers], place -> original index
    int* gm_sortedClique; // [numMembers], where exclusions are cliques: the first one of those that exclude each other
    Real4* gm_sorted;     // [numMembers], position within the box, and tag or carried number, in cell order
    Real4* gm_builtAt;    // [numMembers], reference position within the box; and the tag, or with CARRIES the allowance
    Real* gm_sortedCarried;       // [numMembers], as gm_carried
    Real2* gm_sortedLennardJones; // [numMembers], as gm_lennardJones
    int* gm_cell;                 // [numAtoms], cell of each slot
    int* gm_rank;                 // [numAtoms], arrival in its cell of each slot
    int* gm_count;                // [numCells]
    int* gm_cellStart;            // [numCells+1], first place of each cell
    int* gm_tileSum;              // [numTiles], particles in each tile of cells
    int* gm_numNeighbors;         // [numClusters]
    unsigned int* gm_neighbor;    // [numClusters][capacity], entries: see clusters.cu
    MotionSample* gm_sample;      // see motion.cu
    Real* gm_horizon;             // the same
    int* gm_state;                // see below
    PairListReport* report;
};

static_assert(sizeof(PairList) == SIZE_OF_PAIR_LIST, "PairListLayout.h differs from pairList.cu");

// Indices into gm_state.
#define STATE_REBUILD 0       // the list must be built in this step
#define STATE_MAX_NEIGHBORS 1 // longest list, if it did not fit
#define STATE_BARRIER 2       // see waitForGrid()
#define STATE_BUILT 3         // the list has been built in this step
// A particle has been put elsewhere since the list was built, or is now in another place of memory.
#define STATE_JUMPED 4

/** Get whether all lists fit. Where one did not, kernels search the cells instead, and the host makes the lists longer for the next step. */
__device__ __forceinline__ bool listsFit(const PairList& list) {
    return list.gm_state[STATE_MAX_NEIGHBORS] <= list.capacity;
}

__device__ __forceinline__ void reportCoincidence(const PairList& list, int place1, int place2) {
    list.report->coincident1 = list.gm_sortedIndex[place1] + 1;
    list.report->coincident2 = list.gm_sortedIndex[place2] + 1;
}
