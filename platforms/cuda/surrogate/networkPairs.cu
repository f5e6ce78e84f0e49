// SPDX-License-Identifier: MIT
// Collecting pairs within the cutoff until a batch is full. Each warp does so on its own. When the list is built, the pairs in reach are written
// one after the other (listPairs), each once; in every step a warp goes through its share of them. Positions are on their way from memory
// while a batch is evaluated.

constexpr int CHUNK = 64; // pairs in reach that a warp looks at together, two for each lane

/** Pairs that wait to be evaluated, at most one batch less one and a chunk more. A ring. */
struct PairQueue {
    static constexpr int Size = 128;
    Real x[Size], y[Size], z[Size]; // displacement, from the second to the first particle
    int first[Size], second[Size];  // slots: places in the Context's order, where forces are added
};

/** Where copies arrive that have been asked for. */
struct PairStage {
    Real4 first[CHUNK]; // of each run of pairs with the same first particle only where the run begins
    Real4 second[CHUNK];
#if NUM_TYPES > 1
    int firstSlot[CHUNK], secondSlot[CHUNK]; // else the positions' tags
#endif
    int2 pairs[2][CHUNK]; // places in cell order, of the chunk that is described above, and of the next one
};

/**
 * The pairs in reach that a warp goes through: a share of two thirds, which are neighbors in memory; then, since warps are not equally fast, any chunk that
 * no other warp has taken. No force depends on which.
 */
struct PairStream {
    int start, next; // where the chunk in the stage begins, and the one whose pairs are on their way
    int end;         // behind the last pair
    int current;     // which of the stage's two sets of pairs belongs to the chunk in it
    int shareEnd;
    long long firstFree; // where the chunks begin that are in nobody's share
    int ticket;          // number of the next of these, in lane 0
};

template <int Bytes>
__device__ __forceinline__ void copyAsync(void* sm_target, const void* gm_source, int bytesToRead = Bytes) {
    asm volatile(
        "cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"((unsigned int) __cvta_generic_to_shared(sm_target)),
        "l"(gm_source), "n"(Bytes), "r"(bytesToRead)
        : "memory");
}

__device__ __forceinline__ void waitForCopies() {
    asm volatile("cp.async.wait_all;" ::: "memory");
}

/** Ask for the pairs from `start` on. Those behind the end become pairs of a particle with itself. */
__device__ __forceinline__ void requestPairs(const NetworkSet& networks, int2* sm_pairs, int start, int end, int lane) {
#pragma unroll
    for (int half = 0; half < CHUNK; half += 32) {
        const int k = half + lane;
        const bool exists = start + k < end;
        copyAsync<8>(&sm_pairs[k], networks.gm_pairs + (exists ? start + k : 0), exists ? 8 : 0);
    }
}

/** Get which of 32 pairs have another first particle than the one before them. All lanes of the warp must call this. */
__device__ __forceinline__ unsigned int findRuns(int first, int lane) {
    const int before = __shfl_up_sync(0xffffffff, first, 1);
    return __ballot_sync(0xffffffff, lane == 0 || first != before);
}

/** Each lane asks for a second particle; first ones are copied once a run, because each copy is written to shared memory on its own. */
__device__ __forceinline__ void requestParticles(const PairList& list, PairStage& stage, int set, int lane) {
#pragma unroll
    for (int half = 0; half < CHUNK; half += 32) { // the same for all lanes
        const int k = half + lane;
        const int2 pair = stage.pairs[set][k];
        const bool isFirst = findRuns(pair.x, lane) & (1u << lane);
        for (int part = 0; part < (int) sizeof(Real4); part += 16) {
            if (isFirst)
                copyAsync<16>((char*) &stage.first[k] + part, (const char*) &list.gm_sorted[pair.x] + part);
            copyAsync<16>((char*) &stage.second[k] + part, (const char*) &list.gm_sorted[pair.y] + part);
        }
#if NUM_TYPES > 1
        if (isFirst)
            copyAsync<4>(&stage.firstSlot[k], &list.gm_order[pair.x]);
        copyAsync<4>(&stage.secondSlot[k], &list.gm_order[pair.y]);
#endif
    }
}

/** Take the number of a chunk beyond all shares. It is not waited for. */
__device__ __forceinline__ int takeTicket(const NetworkSet& networks, int network, int lane) {
    return lane == 0 ? atomicAdd(&networks.gm_pairState[PAIRS_TAKEN + network], 1) : 0;
}

/** Find where the chunk begins that a warp goes through after another one. Behind the last pair there are no more. */
__device__ __forceinline__ int findNextChunk(const NetworkSet& networks, int network, PairStream& stream, int start,
                                             int lane) {
    if (start + CHUNK < stream.shareEnd)
        return start + CHUNK;
    const long long ticket = __shfl_sync(0xffffffff, stream.ticket, 0);
    stream.ticket = takeTicket(networks, network, lane);
    return (int) min(stream.firstFree + ticket * CHUNK, (long long) stream.end);
}

__device__ __forceinline__ PairStream startStream(const PairList& list, const NetworkSet& networks, int network,
                                                  PairStage& stage, int warp, int numWarps, int lane) {
    PairStream stream;
    stream.end = networks.gm_pairState[PAIRS_LISTED];
    const int share = max(1, stream.end / 3 * 2 / numWarps / CHUNK) * CHUNK;
    stream.start = (int) min((long long) warp * share, (long long) stream.end);
    stream.shareEnd = (int) min((long long) (warp + 1) * share, (long long) stream.end);
    stream.firstFree = (long long) numWarps * share;
    stream.current = 0;
    stream.ticket = takeTicket(networks, network, lane);
    requestPairs(networks, stage.pairs[0], stream.start, stream.end, lane);
    waitForCopies();
    requestParticles(list, stage, 0, lane);
    stream.next = findNextChunk(networks, network, stream, stream.start, lane);
    requestPairs(networks, stage.pairs[1], stream.next, stream.end, lane);
    return stream;
}

/** Queue a pair of each lane, given by slots, if it is within the cutoff and interacts by a network. Returns how many have been. */
__device__ __forceinline__ int queuePair(const PairList& list, const NetworkSet& networks, int network, int i, int j,
                                         const Real4& first, const Real4& second, bool isWanted, PairQueue& queue,
                                         int tail, int lane) {
    Real x = first.x - second.x, y = first.y - second.y, z = first.z - second.z;
    applyMinimumImage(list.box, x, y, z);
    const Real r2 = x * x + y * y + z * z;
    isWanted = isWanted && r2 < networks.cutoff2;
#if NUM_TYPES > 1
    isWanted = isWanted && networks.gm_networkOfTypes[(int) first.w * NUM_TYPES + (int) second.w] == network;
#endif
    if (isWanted && r2 == 0) {
        list.report->coincident1 = list.gm_atomIndex[i] + 1;
        list.report->coincident2 = list.gm_atomIndex[j] + 1;
        isWanted = false;
    }
    const unsigned int votes = __ballot_sync(0xffffffff, isWanted);
    if (isWanted) {
        const int slot = (tail + __popc(votes & ((1u << lane) - 1))) % PairQueue::Size;
        queue.x[slot] = x;
        queue.y[slot] = y;
        queue.z[slot] = z;
        queue.first[slot] = i;
        queue.second[slot] = j;
    }
    return __popc(votes);
}

/** Look at the chunk in the stage, and ask for the next one. Returns how many pairs have been queued. */
__device__ __forceinline__ int queueChunk(const PairList& list, const NetworkSet& networks, int network,
                                          PairStream& stream, PairStage& stage, PairQueue& queue, int tail, int lane) {
    waitForCopies();
    __syncwarp(); // copies that other lanes have asked for are seen
    int count = 0;
#pragma unroll
    for (int half = 0; half < CHUNK; half += 32) { // the same for all lanes
        const int k = half + lane;
        const int2 pair = stage.pairs[stream.current][k];
        const int run = half + 31 - __clz(findRuns(pair.x, lane) & (0xffffffff >> (31 - lane)));
        const Real4 first = stage.first[run], second = stage.second[k];
#if NUM_TYPES > 1
        const int i = stage.firstSlot[run], j = stage.secondSlot[k];
#else
        const int i = getSlot(first), j = getSlot(second);
#endif
        count += queuePair(list, networks, network, i, j, first, second, pair.x != pair.y, queue, tail + count, lane);
    }
    __syncwarp(); // all have read before other copies arrive
    requestParticles(list, stage, 1 - stream.current, lane);
    stream.start = stream.next;
    stream.next = findNextChunk(networks, network, stream, stream.start, lane);
    requestPairs(networks, stage.pairs[stream.current], stream.next, stream.end, lane);
    stream.current = 1 - stream.current;
    return count;
}

// What follows serves steps in which the lists did not fit: the cells around each particle are searched instead.

/** Where a warp is among the particles around its own. The same for all lanes. Kept in memory: registers serve the networks. */
struct PairWalk {
    int particle, stride;
    Real4 position;
    bool searches;      // whether there are runs of places left
    int run, next, end; // places that are left
};

/** Find the next run of places around a particle, if there is one. */
__device__ __forceinline__ void findPlaces(const PairList& list, PairWalk& walk) {
    Real4 builtAt[CLUSTER_SIZE];
    loadCluster(list.gm_builtAt, list.numMembers, walk.particle / CLUSTER_SIZE, builtAt);
    const Surroundings around = findSurroundings(list, builtAt);
    walk.searches = walk.run < getNumRuns(around);
    if (walk.searches)
        getRun(list, around, walk.run++, walk.next, walk.end);
}

/** Find places that are left. Returns false when there are none around any particle of this warp. */
__device__ __forceinline__ bool findNext(const PairList& list, PairWalk& walk) {
    while (walk.next >= walk.end) {
        if (walk.searches) {
            findPlaces(list, walk);
            continue;
        }
        walk.particle += walk.stride;
        if (walk.particle >= list.numMembers)
            return false;
        walk.position = list.gm_sorted[walk.particle];
        walk.searches = true;
        walk.run = 0;
    }
    return true;
}

/** Look at the next 32 places. Returns how many pairs have been queued. */
__device__ __forceinline__ int queueFound(const PairList& list, const NetworkSet& networks, int network, PairWalk& walk,
                                          PairQueue& queue, int tail, int lane) {
    const int i = walk.particle, cluster = i / CLUSTER_SIZE, place = walk.next + lane;
    const int j = place < walk.end ? place : i;
    walk.next += 32;
    const ListEntry entry = makeEntry(list, loadExclusions(list, cluster), cluster, j);
    const bool isWanted = ownsPair(i, j) && formsPair(entry, cluster * CLUSTER_SIZE, i % CLUSTER_SIZE);
    return queuePair(list, networks, network, list.gm_order[i], list.gm_order[j], walk.position, list.gm_sorted[j],
                     isWanted, queue, tail, lane);
}
