// SPDX-License-Identifier: MIT

/**
 * Wait until all blocks of the grid have come here, and see what they have written. They must all be resident: the kernel is launched
 * as a cooperative one. The top bit of the counter flips when the last block arrives, whatever it held before.
 */
__device__ void waitForGrid(const PairList& list) {
    __syncthreads();
    if (threadIdx.x == 0) {
        unsigned int* gm_counter = (unsigned int*) &list.gm_state[STATE_BARRIER];
        __threadfence();
        const unsigned int before = atomicAdd(gm_counter, blockIdx.x == 0 ? 0x80000000u - (gridDim.x - 1) : 1u);
        while (((before ^ *(volatile unsigned int*) gm_counter) & 0x80000000u) == 0)
            ;
        __threadfence();
    }
    __syncthreads();
}

/** Build the list, if it must be. One kernel, because each launch costs a step of a small system as much as its pairs do. */
extern "C" __global__ void __launch_bounds__(BUILD_THREADS, BUILD_BLOCKS) buildList(PairList list) {
    const bool isFirst = blockIdx.x == 0 && threadIdx.x == 0, rebuild = list.gm_state[STATE_REBUILD];
    const bool isContinuous = !list.gm_state[STATE_JUMPED];
    if (isFirst)
        list.gm_state[STATE_BUILT] = rebuild;
    if (!rebuild)
        return;
    if (blockIdx.x == 0)
        findHorizon(list, isContinuous);
    resetCells(list);
    waitForGrid(list);
    if (isFirst)
        list.gm_state[STATE_REBUILD] = list.gm_state[STATE_JUMPED] = 0; // all blocks have seen them
    countParticles(list);
    waitForGrid(list);
    scanTiles(list);
    waitForGrid(list);
    shiftTiles(list);
    waitForGrid(list);
    fillCells(list);
    waitForGrid(list);
    gatherCells(list);
    waitForGrid(list);
    findNeighbors(list, !isContinuous);
}
