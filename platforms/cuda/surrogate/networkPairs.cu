// SPDX-License-Identifier: MIT
// Collecting pairs within the cutoff until a batch is full. Each warp does so on its own: it goes through the lists of its particles, 32
// neighbors at a time, and queues those that are near enough.

/** Pairs that wait to be evaluated, at most one batch less one and 32 more. A ring. */
struct PairQueue {
    static constexpr int Size = 64;
    Real x[Size], y[Size], z[Size]; // displacement, from the second to the first particle
    int first[Size], second[Size];  // places in cell order
};

/** Where a warp is in the lists of its particles, or in the cells around them where a list did not fit. The same for all lanes. */
struct PairWalk {
    int particle, stride;
    Real4 position;
    bool searches;      // whether there are runs of places left
    int run, next, end; // neighbors that are left: entries of the list, or places
};

/**
 * Each pair is in two lists; half of them is wanted. Choosing by the parity of the two places divides the pairs of a particle evenly, which
 * the smaller place would not: particles at the low boundary of the box would get all of theirs.
 */
__device__ __forceinline__ bool ownsPair(int i, int j) {
    return ((i ^ j) & 1) ? i < j : i > j;
}

/** Find the next run of places around a particle, if there is one. */
__device__ __forceinline__ void findPlaces(const PairList& list, PairWalk& walk) {
    Real4 builtAt[CLUSTER_SIZE];
    loadCluster(list.gm_builtAt, list.numMembers, walk.particle / CLUSTER_SIZE, builtAt);
    const Surroundings around = findSurroundings(list, builtAt);
    walk.searches = walk.run < getNumRuns(around);
    if (walk.searches)
        getRun(list, around, walk.run++, walk.next, walk.end);
}

/** Find neighbors that are left. Returns false when there are none in any list of this warp. */
__device__ __forceinline__ bool findNext(const PairList& list, bool listFits, PairWalk& walk) {
    while (walk.next >= walk.end) {
        if (walk.searches) {
            findPlaces(list, walk);
            continue;
        }
        walk.particle += walk.stride;
        if (walk.particle >= list.numMembers)
            return false;
        walk.position = list.gm_sorted[walk.particle];
        walk.searches = !listFits;
        walk.run = 0;
        walk.next = 0;
        walk.end = listFits ? list.gm_numNeighbors[walk.particle / CLUSTER_SIZE] : 0;
    }
    return true;
}

/** Look at the next 32 neighbors, and queue the pairs that interact by a network. Returns how many. */
__device__ __forceinline__ int queuePairs(const PairList& list, const NetworkSet& networks, int network, bool listFits,
                                          PairWalk& walk, PairQueue& queue, int tail, int lane) {
    const int i = walk.particle, cluster = i / CLUSTER_SIZE, place = walk.next + lane;
    ListEntry entry = i;
    if (place < walk.end)
        entry = listFits ? list.gm_neighbor[(size_t) cluster * list.capacity + place] : makeEntry(list, cluster, place);
    const int j = getPlace(entry);
    walk.next += 32;
    const Real4 neighbor = list.gm_sorted[j];
    Real x = walk.position.x - neighbor.x, y = walk.position.y - neighbor.y, z = walk.position.z - neighbor.z;
    applyMinimumImage(list.box, x, y, z);
    const Real r2 = x * x + y * y + z * z;
    bool isWanted =
        ownsPair(i, j) && r2 < networks.cutoff2 && formsPair(entry, cluster * CLUSTER_SIZE, i % CLUSTER_SIZE);
#if NUM_TYPES > 1
    isWanted = isWanted && networks.gm_networkOfTypes[(int) walk.position.w * NUM_TYPES + (int) neighbor.w] == network;
#endif
    if (isWanted && r2 == 0) {
        reportCoincidence(list, i, j);
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
