// SPDX-License-Identifier: MIT
// Sorting particles into cells: a counting sort, whose stages are the kernels below in this order.

__device__ __forceinline__ int fold(int index, int period) {
    const int remainder = index % period;
    return remainder < 0 ? remainder + period : remainder;
}

/** Get the cell coordinate along one axis, on the torus. */
__device__ __forceinline__ int findBin(Real scaled, int num, int folded) {
#if PERIODIC
    const Real fraction = scaled - roundDown(scaled);
    return min((int) (fraction * (Real) num), num - 1) % folded;
#else
    return fold((int) roundDown(scaled), folded);
#endif
}

__device__ __forceinline__ int3 findCell(const CellGrid& grid, const Real4& position) {
    int3 cell;
    cell.x =
        findBin(grid.rowX * position.x + grid.rowXy * position.y + grid.rowXz * position.z, grid.numX, grid.foldedX);
    cell.y = findBin(grid.rowY * position.y + grid.rowYz * position.z, grid.numY, grid.foldedY);
    cell.z = findBin(grid.rowZ * position.z, grid.numZ, grid.foldedZ);
    return cell;
}

__device__ __forceinline__ int getCellIndex(const CellGrid& grid, int x, int y, int z) {
    return (z * grid.foldedY + y) * grid.foldedX + x;
}

extern "C" __global__ void resetCells(PairList list) {
    if (!list.gm_state[STATE_REBUILD])
        return;
    const int numCells = getNumCells(list.grid);
    for (int cell = blockIdx.x * blockDim.x + threadIdx.x; cell < numCells; cell += blockDim.x * gridDim.x)
        list.gm_count[cell] = 0;
    if (blockIdx.x == 0 && threadIdx.x == 0) {
        list.gm_state[STATE_MAX_NEIGHBORS] = 0;
        list.gm_state[STATE_TICKET] = 0;
        list.gm_state[STATE_NUM_BUILDS]++;
    }
}

extern "C" __global__ void countParticles(PairList list) {
    if (!list.gm_state[STATE_REBUILD])
        return;
    for (int slot = blockIdx.x * blockDim.x + threadIdx.x; slot < list.numAtoms; slot += blockDim.x * gridDim.x) {
        const int original = list.gm_atomIndex[slot];
        if (list.gm_type[original] < 0)
            continue;
        Real4 position = list.gm_posq[slot];
        if (!isValidPosition(position)) {
            list.report->badParticle = original + 1;
            position = makeReal4(0, 0, 0, 0); // any cell will do: the host raises an exception
        }
        const int3 bin = findCell(list.grid, position);
        const int cell = getCellIndex(list.grid, bin.x, bin.y, bin.z);
        list.gm_cell[slot] = cell;
        list.gm_rank[slot] = atomicAdd(&list.gm_count[cell], 1);
    }
}

/** Exclusive sum over the threads of a block. Returns this thread's, and the total in sm_total[0]. */
__device__ int scanBlock(int value, int* sm_warpSum, int* sm_total) {
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    int sum = value;
    for (int offset = 1; offset < 32; offset *= 2) {
        const int other = __shfl_up_sync(0xffffffff, sum, offset);
        if (lane >= offset)
            sum += other;
    }
    if (lane == 31)
        sm_warpSum[warp] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
        int total = 0;
        for (int i = 0; i < SCAN_THREADS / 32; i++) {
            const int next = sm_warpSum[i];
            sm_warpSum[i] = total;
            total += next;
        }
        sm_total[0] = total;
    }
    __syncthreads();
    const int result = sum - value + sm_warpSum[warp];
    __syncthreads();
    return result;
}

/** Sum the counts within tiles; the block that finishes last sums over the tiles. */
extern "C" __global__ void __launch_bounds__(SCAN_THREADS) scanCells(PairList list) {
    __shared__ int sm_warpSum[SCAN_THREADS / 32], sm_total[1];
    __shared__ bool sm_isLast;
    if (!list.gm_state[STATE_REBUILD])
        return;
    const int numCells = getNumCells(list.grid), numTiles = (numCells + SCAN_TILE - 1) / SCAN_TILE;
    const int perThread = SCAN_TILE / SCAN_THREADS;
    for (int tile = blockIdx.x; tile < numTiles; tile += gridDim.x) {
        const int first = tile * SCAN_TILE + threadIdx.x * perThread;
        int counts[SCAN_TILE / SCAN_THREADS], sum = 0;
        for (int k = 0; k < perThread; k++) {
            counts[k] = first + k < numCells ? list.gm_count[first + k] : 0;
            sum += counts[k];
        }
        int start = scanBlock(sum, sm_warpSum, sm_total);
        for (int k = 0; k < perThread && first + k < numCells; k++) {
            list.gm_localStart[first + k] = start;
            start += counts[k];
        }
        if (threadIdx.x == 0)
            list.gm_tileSum[tile] = sm_total[0];
        __syncthreads();
    }
    __threadfence();
    if (threadIdx.x == 0)
        sm_isLast = (atomicAdd(&list.gm_state[STATE_TICKET], 1) == gridDim.x - 1);
    __syncthreads();
    if (!sm_isLast)
        return;
    int base = 0;
    for (int first = 0; first < numTiles; first += SCAN_THREADS) {
        const int tile = first + threadIdx.x;
        const int sum = tile < numTiles ? ((volatile int*) list.gm_tileSum)[tile] : 0;
        const int start = scanBlock(sum, sm_warpSum, sm_total);
        if (tile < numTiles)
            list.gm_tileSum[tile] = base + start;
        base += sm_total[0];
        __syncthreads();
    }
}

extern "C" __global__ void fillCells(PairList list) {
    if (!list.gm_state[STATE_REBUILD])
        return;
    for (int slot = blockIdx.x * blockDim.x + threadIdx.x; slot < list.numAtoms; slot += blockDim.x * gridDim.x)
        if (list.gm_type[list.gm_atomIndex[slot]] >= 0)
            list.gm_order[getCellStart(list, list.gm_cell[slot]) + list.gm_rank[slot]] = slot;
}

/**
 * Put the particles of each cell into the order of their slots, so that the list does not depend on the order in which threads
 * arrived, and gather their positions.
 */
extern "C" __global__ void sortCells(PairList list) {
    if (!list.gm_state[STATE_REBUILD])
        return;
    // Insertion sort; a cell of a condensed system has tens of particles. One that collapsed into a point is left unsorted.
    const int mostToSort = 512;
    const int numCells = getNumCells(list.grid);
    for (int cell = blockIdx.x * blockDim.x + threadIdx.x; cell < numCells; cell += blockDim.x * gridDim.x) {
        const int start = getCellStart(list, cell), count = list.gm_count[cell];
        for (int i = 1; i < count && count <= mostToSort; i++) {
            const int slot = list.gm_order[start + i];
            int j = i;
            for (; j > 0 && list.gm_order[start + j - 1] > slot; j--)
                list.gm_order[start + j] = list.gm_order[start + j - 1];
            list.gm_order[start + j] = slot;
        }
        for (int i = start; i < start + count; i++) {
            const int slot = list.gm_order[i];
            Real4 position = list.gm_posq[slot];
            position.w = (Real) list.gm_type[list.gm_atomIndex[slot]];
            list.gm_sorted[i] = position;
            list.gm_builtAt[i] = position;
        }
    }
}
