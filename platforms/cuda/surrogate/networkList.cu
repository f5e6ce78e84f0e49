// SPDX-License-Identifier: MIT
// The pairs in reach, one after the other: made from the neighbor lists whenever these are built.

// Indices into gm_pairState.
#define PAIRS_COUNTED 0 // by the blocks so far; 0 between kernels
#define PAIRS_TICKET 1  // blocks that are done; 0 between kernels
#define PAIRS_LISTED 2  // of the last list
#define PAIRS_TAKEN                                                                                                    \
    3 // [numNetworks], chunks that warps have taken beyond their shares in this step; see networkPairs.cu

#define PAIRS_DO_NOT_FIT 0x7fffffff

#define LIST_WARPS 8
#define LIST_PARTICLES_PER_WARP 8

/**
 * Each pair is in two neighbor lists; half of them is wanted. Choosing by the parity of the two places divides the pairs of a particle evenly,
 * which the smaller place would not: particles at the low boundary of the box would get all of theirs.
 */
__device__ __forceinline__ bool ownsPair(int i, int j) {
    return ((i ^ j) & 1) ? i < j : i > j;
}

/** Call visit(j, isWanted) for 32 entries of a particle's list at a time, one per lane. */
template <class Visitor>
__device__ __forceinline__ void forEachNeighbor(const PairList& list, const NetworkSet& networks, int i, int lane,
                                                Visitor visit) {
    const int cluster = i / CLUSTER_SIZE, count = list.gm_numNeighbors[cluster];
    const ListEntry* gm_list = list.gm_neighbor + (size_t) cluster * list.capacity;
    const Real4 position = list.gm_builtAt[i];
    for (int first = 0; first < count; first += 32) {
        const bool exists = first + lane < count;
        const ListEntry entry = exists ? gm_list[first + lane] : 0;
        const int j = getPlace(entry);
        const Real4 neighbor = list.gm_builtAt[j];
        Real x = position.x - neighbor.x, y = position.y - neighbor.y, z = position.z - neighbor.z;
        applyMinimumImage(list.box, x, y, z);
        bool isWanted = exists && ownsPair(i, j) && x * x + y * y + z * z < list.range2 &&
                        formsPair(entry, cluster * CLUSTER_SIZE, i % CLUSTER_SIZE);
#if NUM_TYPES > 1
        isWanted = isWanted && networks.gm_networkOfTypes[(int) position.w * NUM_TYPES + (int) neighbor.w] >= 0;
#endif
        visit(j, isWanted);
    }
}

/**
 * List pairs. A block takes 64 particles at a time, counts their pairs, takes a place for them, and writes them. The order of blocks is
 * not always the same, which no force depends on.
 */
extern "C" __global__ void __launch_bounds__(32 * LIST_WARPS) listPairs(PairList list, NetworkSet networks) {
    constexpr int Tile = LIST_WARPS * LIST_PARTICLES_PER_WARP;
    __shared__ unsigned int sm_start[Tile];
    unsigned int* gm_counted = (unsigned int*) &networks.gm_pairState[PAIRS_COUNTED];
    if (blockIdx.x == 0)
        for (int k = threadIdx.x; k < networks.numNetworks; k += blockDim.x)
            networks.gm_pairState[PAIRS_TAKEN + k] = 0;
    if (!list.gm_state[STATE_BUILT] || !listsFit(list))
        return;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    for (int tile = blockIdx.x * Tile; tile < list.numMembers; tile += gridDim.x * Tile) {
        for (int k = warp; k < Tile; k += LIST_WARPS) {
            int count = 0;
            if (tile + k < list.numMembers)
                forEachNeighbor(list, networks, tile + k, lane,
                                [&](int, bool isWanted) { count += __popc(__ballot_sync(0xffffffff, isWanted)); });
            sm_start[k] = count;
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            unsigned int total = 0;
            for (int k = 0; k < Tile; k++)
                total += sm_start[k];
            unsigned int start = atomicAdd(gm_counted, total);
            if (start > PAIRS_DO_NOT_FIT) // stays there, rather than come around to 0
                atomicMin(gm_counted, PAIRS_DO_NOT_FIT + 1u);
            for (int k = 0; k < Tile; k++) {
                const unsigned int next = start + sm_start[k];
                sm_start[k] = start;
                start = next;
            }
        }
        __syncthreads();
        for (int k = warp; k < Tile && tile + k < list.numMembers; k += LIST_WARPS) {
            unsigned int place = sm_start[k];
            forEachNeighbor(list, networks, tile + k, lane, [&](int j, bool isWanted) {
                const unsigned int votes = __ballot_sync(0xffffffff, isWanted);
                const unsigned int next = place + __popc(votes & ((1u << lane) - 1));
                if (isWanted && next < (unsigned int) networks.pairCapacity)
                    networks.gm_pairs[next] = make_int2(tile + k, j);
                place += __popc(votes);
            });
        }
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        __threadfence();
        if (atomicAdd(&networks.gm_pairState[PAIRS_TICKET], 1) == (int) gridDim.x - 1) {
            const int numPairs = (int) min(atomicExch(gm_counted, 0u), (unsigned int) PAIRS_DO_NOT_FIT);
            const bool fits = numPairs <= networks.pairCapacity;
            networks.gm_pairState[PAIRS_LISTED] = fits ? numPairs : PAIRS_DO_NOT_FIT;
            if (!fits)
                list.report->pairsNeeded = numPairs;
            networks.gm_pairState[PAIRS_TICKET] = 0;
        }
    }
}
