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
 * Call visit(j) for each particle that is within the range of particle i (places in cell order) and interacts with it, each
 * once. The cells searched are the 27 around that of i, or fewer where the box has fewer.
 */
template <class Visitor>
__device__ __forceinline__ void visitNeighbors(const PairList& list, int i, Real range2, Visitor visit) {
    const CellGrid& grid = list.grid;
    const Real4 position = list.gm_sorted[i];
    const int3 cell = findCell(grid, list.gm_builtAt[i]);
    const int lowX = grid.foldedX < 3 ? 0 : -1, lowY = grid.foldedY < 3 ? 0 : -1, lowZ = grid.foldedZ < 3 ? 0 : -1;
    for (int dz = lowZ; dz < min(lowZ + 3, lowZ + grid.foldedZ); dz++)
        for (int dy = lowY; dy < min(lowY + 3, lowY + grid.foldedY); dy++)
            for (int dx = lowX; dx < min(lowX + 3, lowX + grid.foldedX); dx++) {
                const int other = getCellIndex(grid, fold(cell.x + dx, grid.foldedX), fold(cell.y + dy, grid.foldedY),
                                               fold(cell.z + dz, grid.foldedZ));
                const int start = getCellStart(list, other), end = start + list.gm_count[other];
                for (int j = start; j < end; j++) {
                    const Real4 neighbor = list.gm_sorted[j];
                    Real x = position.x - neighbor.x, y = position.y - neighbor.y, z = position.z - neighbor.z;
                    applyMinimumImage(list.box, x, y, z);
                    if (j != i && x * x + y * y + z * z < range2 && mayInteract(list, i, j, position.w, neighbor.w))
                        visit(j);
                }
            }
}

extern "C" __global__ void findNeighbors(PairList list) {
    if (!list.gm_state[STATE_REBUILD])
        return;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < list.numMembers; i += blockDim.x * gridDim.x) {
        int count = 0;
        visitNeighbors(list, i, list.range2, [&](int j) {
            if (count < list.capacity)
                list.gm_neighbor[(size_t) count * list.stride + i] = j;
            count++;
        });
        list.gm_numNeighbors[i] = count;
        if (count > list.capacity) {
            atomicMax(&list.gm_state[STATE_MAX_NEIGHBORS], count);
            list.report->neighborsNeeded = count;
        }
    }
}
