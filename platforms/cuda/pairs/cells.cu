// SPDX-License-Identifier: MIT
// Sorting particles into cells: a counting sort. Its stages are the functions below in this order, each called by the whole grid.

#define SCAN_TILE (4 * BUILD_THREADS)

/** Fold an index onto the torus, from which it is less than a turn away. */
__device__ __forceinline__ int fold(int index, int period) {
    return index < 0 ? index + period : index >= period ? index - period : index;
}

/** Get a coordinate on the torus, in cells: from 0 to folded, but for rounding. */
__device__ __forceinline__ Real foldCoordinate(Real coordinate, int num, int folded, Real inverseFolded) {
#if PERIODIC
    coordinate = (coordinate - roundDown(coordinate)) * (Real) num;
#endif
    return coordinate - roundDown(coordinate * inverseFolded) * (Real) folded;
}

/** Get the coordinates of a position on the torus, in cells. */
__device__ __forceinline__ Real4 findCoordinates(const CellGrid& grid, const Real4& p) {
    return makeReal4(foldCoordinate(grid.rowX * p.x + grid.rowXy * p.y + grid.rowXz * p.z, grid.numX, grid.foldedX,
                                    grid.inverseFoldedX),
                     foldCoordinate(grid.rowY * p.y + grid.rowYz * p.z, grid.numY, grid.foldedY, grid.inverseFoldedY),
                     foldCoordinate(grid.rowZ * p.z, grid.numZ, grid.foldedZ, grid.inverseFoldedZ), 0);
}

__device__ __forceinline__ int getNumCells(const CellGrid& grid) {
    return grid.foldedX * grid.foldedY * grid.foldedZ;
}

/**
 * Get the first in memory of so many cells along x, from a column of a segment on. Memory follows a meander, x to and fro within y to and fro
 * within z, so that particles that are neighbors in memory are neighbors in space, too.
 */
__device__ __forceinline__ int getFirstCell(const CellGrid& grid, int segment, int column, int y, int z, int num) {
    const int row = z * grid.foldedY + ((z & 1) ? grid.foldedY - 1 - y : y);
    return (segment * grid.foldedY * grid.foldedZ + row) * grid.segment +
           ((row & 1) ? grid.segment - column - num : column);
}

__device__ __forceinline__ int clampIndex(int index, int num) {
    return max(0, min(index, num - 1));
}

__device__ __forceinline__ int findCell(const CellGrid& grid, const Real4& position) {
    const Real4 at = findCoordinates(grid, position);
    const int x = clampIndex((int) at.x, grid.foldedX);
    const int segment = (int) (((Real) x + (Real) 0.5) * grid.inverseSegment);
    return getFirstCell(grid, segment, x - segment * grid.segment, clampIndex((int) at.y, grid.foldedY),
                        clampIndex((int) at.z, grid.foldedZ), 1);
}

__device__ void resetCells(const PairList& list) {
    const int numCells = getNumCells(list.grid);
    for (int cell = blockIdx.x * BUILD_THREADS + threadIdx.x; cell < numCells; cell += BUILD_THREADS * gridDim.x)
        list.gm_count[cell] = 0;
    if (blockIdx.x == 0 && threadIdx.x == 0) {
        list.gm_state[STATE_MAX_NEIGHBORS] = 0;
        list.gm_cellStart[numCells] = list.numMembers;
    }
}

__device__ void countParticles(const PairList& list) {
    const Real horizon = *list.gm_horizon;
    for (int slot = blockIdx.x * BUILD_THREADS + threadIdx.x; slot < list.numAtoms; slot += BUILD_THREADS * gridDim.x) {
        const int original = list.gm_atomIndex[slot];
        if (list.gm_type[original] < 0)
            continue;
        if (!isValidPosition(list.gm_posq[slot]))
            list.report->badParticle = original + 1;
        const int cell = findCell(list.grid, findReference(list, slot, original, horizon));
        list.gm_cell[slot] = cell;
        list.gm_rank[slot] = atomicAdd(&list.gm_count[cell], 1);
    }
}

/** Get the sum over the threads of a warp before and including this one. */
__device__ __forceinline__ int scanWarp(int value) {
    const int lane = threadIdx.x % 32;
#pragma unroll
    for (int offset = 1; offset < 32; offset *= 2) {
        const int other = __shfl_up_sync(0xffffffff, value, offset);
        if (lane >= offset)
            value += other;
    }
    return value;
}

/** Get the exclusive sum over the threads of a block, and the sum of all. */
__device__ int scanBlock(int value, int& total) {
    __shared__ int sm_warpSum[BUILD_THREADS / 32];
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int sum = scanWarp(value);
    if (lane == 31)
        sm_warpSum[warp] = sum;
    __syncthreads();
    int before = 0;
    total = 0;
    for (int k = 0; k < BUILD_THREADS / 32; k++) {
        if (k == warp)
            before = total;
        total += sm_warpSum[k];
    }
    __syncthreads(); // all have read before the next call writes
    return before + sum - value;
}

/** Sum the counts within each tile of cells. */
__device__ void scanTiles(const PairList& list) {
    const int numCells = getNumCells(list.grid), perThread = SCAN_TILE / BUILD_THREADS;
    for (int tile = blockIdx.x; tile * SCAN_TILE < numCells; tile += gridDim.x) {
        const int first = tile * SCAN_TILE + threadIdx.x * perThread;
        int counts[perThread], sum = 0, total;
        for (int k = 0; k < perThread; k++) {
            counts[k] = first + k < numCells ? list.gm_count[first + k] : 0;
            sum += counts[k];
        }
        int start = scanBlock(sum, total);
        for (int k = 0; k < perThread && first + k < numCells; k++) {
            list.gm_cellStart[first + k] = start;
            start += counts[k];
        }
        if (threadIdx.x == 0)
            list.gm_tileSum[tile] = total;
    }
}

/** Add what is in the tiles before. Each block sums that up by itself: some thousand numbers at most. */
__device__ void shiftTiles(const PairList& list) {
    const int numCells = getNumCells(list.grid);
    for (int tile = blockIdx.x; tile * SCAN_TILE < numCells; tile += gridDim.x) {
        int sum = 0, base;
        for (int k = threadIdx.x; k < tile; k += BUILD_THREADS)
            sum += list.gm_tileSum[k];
        scanBlock(sum, base);
        for (int k = threadIdx.x; k < SCAN_TILE && tile * SCAN_TILE + k < numCells; k += BUILD_THREADS)
            list.gm_cellStart[tile * SCAN_TILE + k] += base;
    }
}

__device__ void fillCells(const PairList& list) {
    for (int slot = blockIdx.x * BUILD_THREADS + threadIdx.x; slot < list.numAtoms; slot += BUILD_THREADS * gridDim.x)
        if (list.gm_type[list.gm_atomIndex[slot]] >= 0)
            list.gm_order[list.gm_cellStart[list.gm_cell[slot]] + list.gm_rank[slot]] = slot;
}

#if EXCLUSION_CLIQUES
/** Get the first of the particles that exclude each other, of which a particle is one. */
__device__ __forceinline__ int findClique(const PairList& list, int original) {
    const int start = list.gm_exclusionStart[original];
    return start < list.gm_exclusionStart[original + 1] ? min(original, list.gm_exclusion[start]) : original;
}
#endif

/**
 * Put the particles of each cell into the order of their slots, so that the list does not depend on the order in which threads
 * arrived, and gather their positions and reference positions.
 */
__device__ void gatherCells(const PairList& list) {
    // Insertion sort; a cell of a condensed system has a few particles. One that collapsed into a point is left unsorted.
    const int mostToSort = 512;
    const Real horizon = *list.gm_horizon;
    const int numCells = getNumCells(list.grid);
    for (int cell = blockIdx.x * BUILD_THREADS + threadIdx.x; cell < numCells; cell += BUILD_THREADS * gridDim.x) {
        const int start = list.gm_cellStart[cell], count = list.gm_count[cell];
        for (int i = 1; i < count && count <= mostToSort; i++) {
            const int slot = list.gm_order[start + i];
            int j = i;
            for (; j > 0 && list.gm_order[start + j - 1] > slot; j--)
                list.gm_order[start + j] = list.gm_order[start + j - 1];
            list.gm_order[start + j] = slot;
        }
        for (int i = start; i < start + count; i++) {
            const int slot = list.gm_order[i], original = list.gm_atomIndex[slot];
            Real4 reference = findReference(list, slot, original, horizon);
#if CARRIES == 3
            list.gm_sortedLennardJones[i] = list.gm_lennardJones[original];
#endif
#if CARRIES > 0
            const Real beside = list.gm_sortedCarried[i] = list.gm_carried[original];
            reference.w = getAllowance(list, original);
#else
            const Real beside = makeTag(slot, list.gm_type[original]);
            reference.w = beside;
#endif
            list.gm_sortedIndex[i] = original;
#if EXCLUSION_CLIQUES
            list.gm_sortedClique[i] = findClique(list, original);
#endif
            list.gm_sorted[i] = loadPosition(list, slot, beside);
            list.gm_builtAt[i] = reference;
        }
    }
}
