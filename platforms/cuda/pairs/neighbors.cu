// SPDX-License-Identifier: MIT
// Finding the neighbors of each cluster. LIST_THREADS threads work on one: first each finds a run of places, then all of them go through
// these runs as if they were one, each looking at one particle.

/** A cluster in search of its neighbors. */
struct Seeker {
    int cluster;
    Real4 position[CLUSTER_SIZE];
    ClusterExclusions excluded;
};

/** Tell if another particle is where one of a cluster is. */
__device__ void lookForCoincidence(const PairList& list, const Seeker& seeker, int place) {
    for (int m = 0; m < CLUSTER_SIZE; m++) {
        const int i = seeker.cluster * CLUSTER_SIZE + m;
        if (i == place || i >= list.numMembers)
            continue;
        const Real4 first = list.gm_sorted[i], second = list.gm_sorted[place];
        if (first.x == second.x && first.y == second.y && first.z == second.z && mayInteract(list, first.w, second.w) &&
            !isExcluded(list, i, place))
            reportCoincidence(list, i, place);
    }
}

/** Get whether the particle at a place is within the range of one of a cluster and interacts with it. */
template <Images Kind>
__device__ __forceinline__ bool isNeighbor(const PairList& list, const Seeker& seeker, int place) {
    Real4 neighbor = list.gm_sorted[place];
    if (Kind == NeighborImages)
        moveNextTo(list.box, seeker.position[0], neighbor);
    const Real far = list.range2;
    Real nearest = far;
#pragma unroll
    for (int m = 0; m < CLUSTER_SIZE; m++) {
        const Real4& position = seeker.position[m];
        Real x = position.x - neighbor.x, y = position.y - neighbor.y, z = position.z - neighbor.z;
        if (Kind == PairImages)
            applyMinimumImage(list.box, x, y, z);
        const Real r2 = fma(x, x, fma(y, y, z * z));
        nearest =
            min(nearest, mayInteract(list, position.w, neighbor.w) ? r2 : far); // not NaN, the distance to a dummy
    }
    if (nearest == 0) // of particles in the cluster itself, as a rule
        lookForCoincidence(list, seeker, place);
    return nearest < far;
}

/** Get the sum over the threads of a cluster before and including this one. */
__device__ __forceinline__ int scanGroup(int value, int thread) {
#pragma unroll
    for (int offset = 1; offset < LIST_THREADS; offset *= 2) {
        const int other = __shfl_up_sync(0xffffffff, value, offset, LIST_THREADS);
        if (thread >= offset)
            value += other;
    }
    return value;
}

/** Find which thread's run holds element `k` of all runs together, given the ends of the runs in that order. */
__device__ __forceinline__ int findRun(int end, int k) {
    int run = 0;
#pragma unroll
    for (int step = LIST_THREADS / 2; step > 0; step /= 2)
        if (__shfl_sync(0xffffffff, end, run + step - 1, LIST_THREADS) <= k)
            run += step;
    return run;
}

/** Append to the list of a cluster the neighbors in runs, of which each thread has one. Returns the new length. */
template <Images Kind>
__device__ __forceinline__ int appendNeighbors(const PairList& list, const Seeker& seeker, int start, int end,
                                               int length, int thread) {
    const int total = scanGroup(end - start, thread),
              all = __shfl_sync(0xffffffff, total, LIST_THREADS - 1, LIST_THREADS);
    const int shift = start - (total - (end - start)); // from numbers in all runs to places
    const unsigned int groupMask = LIST_THREADS == 32 ? 0xffffffff : (1u << (LIST_THREADS % 32)) - 1;
    const int firstLane = threadIdx.x % 32 / LIST_THREADS * LIST_THREADS;
    ListEntry* gm_list = list.gm_neighbor + (size_t) seeker.cluster * list.capacity;
    for (int first = 0; __any_sync(0xffffffff, first < all); first += LIST_THREADS) {
        const int k = first + thread;
        const int place = k + __shfl_sync(0xffffffff, shift, findRun(total, k), LIST_THREADS);
        const bool found = k < all && isNeighbor<Kind>(list, seeker, place);
        const unsigned int votes = __ballot_sync(0xffffffff, found) >> firstLane & groupMask;
        const int next = length + __popc(votes & ((1u << thread) - 1));
        if (found && next < list.capacity)
            gm_list[next] = makeEntry(list, seeker.excluded, seeker.cluster, place);
        length += __popc(votes);
    }
    return length;
}

/** Make the list of a cluster, if it exists. Returns its length. */
template <Images Kind>
__device__ __forceinline__ int makeList(const PairList& list, const Seeker& seeker, const Surroundings& around,
                                        bool exists, int thread) {
    const int numRuns = exists ? getNumRuns(around) : 0;
    int length = 0;
    for (int run = thread; __any_sync(0xffffffff, run - thread < numRuns); run += LIST_THREADS) {
        int start = 0, end = 0;
        if (run < numRuns)
            getRun(list, around, run, start, end);
        length = appendNeighbors<Kind>(list, seeker, start, end, length, thread);
    }
    return length;
}

/** The same, with the images that a cluster needs; the same for all threads of a warp. */
__device__ __forceinline__ int makeList(const PairList& list, Seeker& seeker, bool exists, int thread) {
    const Surroundings around = findSurroundings(list, seeker.position);
    const Real range = sqrt(list.range2);
    bool usesImages = false;
#pragma unroll
    for (int m = 0; m < CLUSTER_SIZE; m++)
        usesImages = usesImages || !isInterior(list.box, seeker.position[m], range);
    if (!__any_sync(0xffffffff, usesImages))
        return makeList<NoImages>(list, seeker, around, exists, thread);
    if (__all_sync(0xffffffff, gatherCluster(list, seeker.position, range)))
        return makeList<NeighborImages>(list, seeker, around, exists, thread);
    return makeList<PairImages>(list, seeker, around, exists, thread);
}

/** Make the lists of all clusters. */
__device__ void findNeighbors(const PairList& list) {
    const int thread = threadIdx.x % LIST_THREADS;
    const int group = (blockIdx.x * BUILD_THREADS + threadIdx.x) / LIST_THREADS,
              numGroups = gridDim.x * BUILD_THREADS / LIST_THREADS;
    const int numClusters = (list.numMembers + CLUSTER_SIZE - 1) / CLUSTER_SIZE;
    for (int first = 0; first < numClusters; first += numGroups) { // the same for all threads of a warp
        const bool exists = first + group < numClusters;
        Seeker seeker;
        seeker.cluster = min(first + group, numClusters - 1);
        loadCluster(list.gm_sorted, list.numMembers, seeker.cluster, seeker.position);
        seeker.excluded = loadExclusions(list, seeker.cluster);
        const int length = makeList(list, seeker, exists, thread);
        if (exists && thread == 0) {
            list.gm_numNeighbors[seeker.cluster] = length;
            if (length > list.capacity) {
                atomicMax(&list.gm_state[STATE_MAX_NEIGHBORS], length);
                list.report->neighborsNeeded = length;
            }
        }
    }
}
