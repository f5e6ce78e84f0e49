// SPDX-License-Identifier: MIT

/** Get whether two particles, given by their places in cell order, are excluded from interacting. */
__device__ bool isExcluded(const PairList& list, int i, int j) {
#if HAS_EXCLUSIONS
    const int first = list.gm_atomIndex[list.gm_order[i]], second = list.gm_atomIndex[list.gm_order[j]];
    for (int k = list.gm_exclusionStart[first]; k < list.gm_exclusionStart[first + 1]; k++)
        if (list.gm_exclusion[k] == second)
            return true;
#endif
    return false;
}

__device__ __forceinline__ bool mayInteract(const PairList& list, int i, int j, Real type1, Real type2) {
#if NUM_TYPES > 1
    if (!list.gm_interacts[(int) type1 * NUM_TYPES + (int) type2])
        return false;
#endif
    return !isExcluded(list, i, j);
}

/**
 * Call visit(start, end) for the places in cell order that hold the particles of the 27 cells around one, or of all cells along an axis
 * that has fewer than three. Cells along x are neighbors in memory, and are visited together.
 */
template <class Visitor>
__device__ __forceinline__ void forEachRangeAround(const PairList& list, const int3& cell, Visitor visit) {
    const CellGrid& grid = list.grid;
    const int numX = min(3, grid.foldedX), numY = min(3, grid.foldedY), numZ = min(3, grid.foldedZ);
    const int firstX = fold(cell.x - 1, grid.foldedX), beforeWrap = min(numX, grid.foldedX - firstX);
    for (int dz = 0; dz < numZ; dz++)
        for (int dy = 0; dy < numY; dy++) {
            const int row =
                getCellIndex(grid, 0, fold(cell.y - 1 + dy, grid.foldedY), fold(cell.z - 1 + dz, grid.foldedZ));
            const int last = row + firstX + beforeWrap - 1;
            visit(getCellStart(list, row + firstX), getCellStart(list, last) + list.gm_count[last]);
            if (beforeWrap < numX) {
                const int lastWrapped = row + numX - beforeWrap - 1;
                visit(getCellStart(list, row), getCellStart(list, lastWrapped) + list.gm_count[lastWrapped]);
            }
        }
}

/** Get whether particle j, not i itself, is within the range of particle i and interacts with it. */
__device__ __forceinline__ bool isNeighbor(const PairList& list, const Real4& position, int i, int j) {
    const Real4 neighbor = list.gm_sorted[j];
    Real x = position.x - neighbor.x, y = position.y - neighbor.y, z = position.z - neighbor.z;
    applyMinimumImage(list.box, x, y, z);
    return j != i && x * x + y * y + z * z < list.range2 && mayInteract(list, i, j, position.w, neighbor.w);
}

/**
 * Find the neighbors of each particle, a warp at a time: each lane looks at one candidate, and those that are neighbors are written side
 * by side. Lists are thus in the order of places, neighbors that are close in space being close in memory.
 */
extern "C" __global__ void findNeighbors(PairList list) {
    if (!list.gm_state[STATE_REBUILD])
        return;
    const int lane = threadIdx.x % 32, numWarps = blockDim.x * gridDim.x / 32;
    for (int i = (blockIdx.x * blockDim.x + threadIdx.x) / 32; i < list.numMembers; i += numWarps) {
        const Real4 position = list.gm_sorted[i];
        int* gm_list = list.gm_neighbor + (size_t) i * list.capacity;
        int count = 0;
        forEachRangeAround(list, findCell(list.grid, position), [&](int start, int end) {
            for (int first = start; first < end; first += 32) { // the same for all lanes
                const int j = first + lane;
                const bool found = j < end && isNeighbor(list, position, i, j);
                const unsigned int votes = __ballot_sync(0xffffffff, found);
                const int place = count + __popc(votes & ((1u << lane) - 1));
                if (found && place < list.capacity)
                    gm_list[place] = j;
                count += __popc(votes);
            }
        });
        if (lane == 0) {
            list.gm_numNeighbors[i] = count;
            if (count > list.capacity) {
                atomicMax(&list.gm_state[STATE_MAX_NEIGHBORS], count);
                list.report->neighborsNeeded = count;
            }
        }
    }
}
