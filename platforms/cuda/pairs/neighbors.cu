// SPDX-License-Identifier: MIT
// Finding neighbors. A warp makes the lists of two clusters, which are next to each other in memory and as a rule in space: each of its threads finds
// a run of places around them, then all put the clusters of these runs into a queue, and go through their particles, each looking at one.

#define BUILD_WARPS (BUILD_THREADS / 32)

/** A particle of a candidate, which a thread looks at. */
struct SearchedParticle {
    int place; // negative if there is none
    Real4 position;
};

__device__ __forceinline__ SearchedParticle loadParticle(const PairList& list, SharedAddress queue, int k,
                                                         int numCandidates) {
    const int member = threadIdx.x % CLUSTER_SIZE;
    const Candidate candidate = k < numCandidates ? loadSharedInt(queue + k * (int) sizeof(Candidate)) : 0;
    SearchedParticle particle = {-1, {}};
    if (candidate >> member & 1) {
        particle.place = (candidate >> CLUSTER_SIZE) * CLUSTER_SIZE + member;
        particle.position = list.gm_builtAt[particle.place];
    }
    return particle;
}

/** Go through the particles of so many candidates in the queue, and append neighbors to the lists of both clusters. */
template <Images Kind>
__device__ __forceinline__ void appendNeighbors(const PairList& list, Seeker& seeker, const SearchMemory& sm_memory,
                                                int numCandidates, int* length) {
    const int lane = threadIdx.x % 32;
    const unsigned int before = (1u << lane) - 1;
    const SharedAddress queue = getSharedAddress(sm_memory.queue);
    SearchedParticle next = loadParticle(list, queue, lane / CLUSTER_SIZE, numCandidates);
    for (int k = lane / CLUSTER_SIZE; __any_sync(0xffffffff, k < numCandidates); k += 32 / CLUSTER_SIZE) {
        const SearchedParticle particle = next;
        next = loadParticle(list, queue, k + 32 / CLUSTER_SIZE, numCandidates); // is under way meanwhile
        Real nearest[GROUP_CLUSTERS] = {};
        if (particle.place >= 0)
            findNearest<Kind>(list, seeker, sm_memory, particle.position, nearest);
        const Real closest = min(nearest[0], nearest[1]);
        seeker.closest = min(seeker.closest, closest);
        const int mark = closest < 0 ? loadExclusionMark(list, particle.place) : 0;
#pragma unroll
        for (int c = 0; c < GROUP_CLUSTERS; c++) {
            const bool found = nearest[c] < 0;
            const unsigned int votes = __ballot_sync(0xffffffff, found);
            const unsigned int end = length[c] + __popc(votes & before);
            if (found && end < list.capacity)
                seeker.gm_list[c][end] =
                    makeEntry(list, sm_memory.excluded[c], seeker.group * GROUP_CLUSTERS + c, particle.place, mark);
            length[c] += __popc(votes);
        }
    }
}

/** A run of places, as clusters. */
struct ClusterRun {
    int first, num;             // clusters
    Candidate notFirst, toLast; // bits of particles that are not in the first cluster, and that are in the last
};

__device__ __forceinline__ ClusterRun makeClusterRun(int start, int end) {
    ClusterRun run;
    run.first = start / CLUSTER_SIZE;
    run.num = start < end ? (end - 1) / CLUSTER_SIZE - run.first + 1 : 0;
    run.notFirst = (1u << start % CLUSTER_SIZE) - 1;
    run.toLast = ~0u << CLUSTER_SIZE | (2u << (end - 1) % CLUSTER_SIZE) - 1;
    return run;
}

/** Put into the queue the clusters of runs, of which each thread has one: those from a number `first` on. Of this thread's there are so many before. */
__device__ __forceinline__ void fillQueue(SearchMemory& sm_memory, const ClusterRun& run, int before, int first) {
    const int low = max(0, first - before), high = min(run.num, first + QUEUE_CAPACITY - before);
    Candidate* sm_queue = sm_memory.queue + (before - first);
    for (int k = low; k < high; k++)
        sm_queue[k] = (Candidate) (run.first + k) << CLUSTER_SIZE | (1u << CLUSTER_SIZE) - 1;
    if (low == 0 && high > 0)
        sm_queue[0] &= ~run.notFirst;
    if (low < high && high == run.num)
        sm_queue[high - 1] &= run.toLast;
}

/** Take the group itself out of the queue. */
__device__ __forceinline__ void skipGroup(SearchMemory& sm_memory, const ClusterRun& run, int group, int before,
                                          int first) {
#pragma unroll
    for (int c = 0; c < GROUP_CLUSTERS; c++) {
        const int k = group * GROUP_CLUSTERS + c - run.first, place = before + k - first;
        if (0 <= k && k < run.num && 0 <= place && place < QUEUE_CAPACITY)
            sm_memory.queue[place] = 0;
    }
}

/** Put a group into the queue. */
__device__ __forceinline__ void putGroup(const PairList& list, int group, SearchMemory& sm_memory) {
    const int lane = threadIdx.x % 32, cluster = group * GROUP_CLUSTERS + lane;
    const int num = max(0, min(CLUSTER_SIZE, list.numMembers - cluster * CLUSTER_SIZE));
    if (lane < GROUP_CLUSTERS)
        sm_memory.queue[lane] = (Candidate) cluster << CLUSTER_SIZE | (1u << num) - 1;
}

/** Make the lists of a group. Sets their lengths. */
template <Images Kind>
__device__ __forceinline__ void makeLists(const PairList& list, Seeker& seeker, const Surroundings& around,
                                          SearchMemory& sm_memory, int* length) {
    const int lane = threadIdx.x % 32, numRuns = getNumRuns(around);
    // The group comes first; then its surroundings.
    for (int firstRun = -32; __any_sync(0xffffffff, firstRun < numRuns); firstRun += 32) {
        const bool isGroup = firstRun < 0;
        int start = 0, end = 0;
        if (!isGroup && firstRun + lane < numRuns)
            getRun(list, around, firstRun + lane, start, end);
        const ClusterRun run = makeClusterRun(start, end);
        const int total = isGroup ? 0 : scanWarp(run.num),
                  all = isGroup ? GROUP_CLUSTERS : __shfl_sync(0xffffffff, total, 31);
        for (int first = 0; __any_sync(0xffffffff, first < all); first += QUEUE_CAPACITY) {
            if (isGroup)
                putGroup(list, seeker.group, sm_memory);
            else {
                fillQueue(sm_memory, run, total - run.num, first);
                skipGroup(sm_memory, run, seeker.group, total - run.num, first);
            }
            __syncwarp();
            appendNeighbors<Kind>(list, seeker, sm_memory, min(all - first, QUEUE_CAPACITY), length);
            __syncwarp(); // all have read before the next are written
        }
        if (isGroup)
            seeker.closest = 0;
    }
}

/** Load for each cluster what it is excluded from. */
__device__ __forceinline__ void loadExclusions(const PairList& list, int group, SearchMemory& sm_memory) {
#if HAS_EXCLUSIONS
    const int lane = threadIdx.x % 32, place = group * GROUP_SIZE + lane;
    ExclusionRange range = {};
    const bool exists = lane < GROUP_SIZE && place < list.numMembers;
    if (exists)
        range = findExclusionRange(list, place);
    const unsigned int all = __ballot_sync(0xffffffff, exists), sparse = __ballot_sync(0xffffffff, range.isSparse);
    if (lane < GROUP_SIZE) {
        const int shift = lane / CLUSTER_SIZE * CLUSTER_SIZE;
        ClusterExclusions& excluded = sm_memory.excluded[lane / CLUSTER_SIZE];
        excluded.lowest[lane % CLUSTER_SIZE] = range.lowest;
        excluded.span[lane % CLUSTER_SIZE] = range.span;
        excluded.allBits = all >> shift << PLACE_BITS;
        excluded.sparseBits = sparse >> shift << PLACE_BITS;
    }
    __syncwarp();
#endif
}

/** Tell if the particle at a place is where one of a group is. */
__device__ void lookForCoincidence(const PairList& list, int group, int place) {
#pragma unroll 1
    for (int i = group * GROUP_SIZE; i < min((group + 1) * GROUP_SIZE, list.numMembers); i++) {
        const Real4 first = list.gm_sorted[i], second = list.gm_sorted[place];
        if (i != place && first.x == second.x && first.y == second.y && first.z == second.z &&
            mayInteract(list, first.w, second.w) && !isExcluded(list, i, place))
            reportCoincidence(list, i, place);
    }
}

/** Look for coincidences within a group, and with its neighbors if one is so close that it may be one. */
__device__ __forceinline__ void lookForCoincidences(const PairList& list, const Seeker& seeker, const int* length) {
    // Of particles in one place r^2-range^2 is lower than this, even if they have the least allowance.
    const Real lowest = (Real) -0.99999 * (CARRIES > 0 ? list.cutoff * list.cutoff : list.range2);
    const bool mayCoincide = __any_sync(0xffffffff, seeker.closest < lowest);
    const int lane = threadIdx.x % 32, own = min(GROUP_SIZE, list.numMembers - seeker.group * GROUP_SIZE);
    const int numPlaces = own + (mayCoincide ? min(length[0], list.capacity) + min(length[1], list.capacity) : 0);
#pragma unroll 1
    for (int k = lane; k < numPlaces; k += 32) {
        const int entry = k - own, inSecond = entry - min(length[0], list.capacity);
        lookForCoincidence(list, seeker.group,
                           entry < 0      ? seeker.group * GROUP_SIZE + k
                           : inSecond < 0 ? getPlace(seeker.gm_list[0][entry])
                                          : getPlace(seeker.gm_list[1][inSecond]));
    }
}

__device__ __forceinline__ void storeLengths(const PairList& list, int group, const int* length) {
    const int numClusters = (list.numMembers + CLUSTER_SIZE - 1) / CLUSTER_SIZE;
#pragma unroll
    for (int c = 0; c < GROUP_CLUSTERS; c++) {
        const int cluster = group * GROUP_CLUSTERS + c;
        if (cluster >= numClusters)
            return;
        list.gm_numNeighbors[cluster] = length[c];
        if (length[c] > list.capacity) {
            atomicMax(&list.gm_state[STATE_MAX_NEIGHBORS], length[c]);
            list.report->neighborsNeeded = length[c];
        }
    }
}

/** Make the lists of all clusters, and look for particles in one place where they may have been put there. */
__device__ void findNeighbors(const PairList& list, bool looksForCoincidences) {
    __shared__ SearchMemory sm_memories[BUILD_WARPS];
    SearchMemory& sm_memory = sm_memories[threadIdx.x / 32];
    const int numGroups = (list.numMembers + GROUP_SIZE - 1) / GROUP_SIZE;
    for (int group = blockIdx.x * BUILD_WARPS + threadIdx.x / 32; group < numGroups; group += BUILD_WARPS * gridDim.x) {
        Seeker seeker;
        seeker.group = group;
        seeker.closest = 0;
        seeker.gm_list[0] = list.gm_neighbor + (size_t) group * GROUP_CLUSTERS * list.capacity;
        seeker.gm_list[1] = seeker.gm_list[0] + list.capacity;
        keepInRegisters(seeker.gm_list[0]);
        keepInRegisters(seeker.gm_list[1]);
        const Real4 position = loadMember(list, group, threadIdx.x % GROUP_SIZE);
        const Surroundings around = findGroupSurroundings(list, position);
        loadExclusions(list, group, sm_memory);
        int length[GROUP_CLUSTERS] = {};
        switch (prepareSeeker(list, position, seeker, sm_memory)) {
        case NoImages:
            makeLists<NoImages>(list, seeker, around, sm_memory, length);
            break;
        case NeighborImages:
            makeLists<NeighborImages>(list, seeker, around, sm_memory, length);
            break;
        default:
            makeLists<PairImages>(list, seeker, around, sm_memory, length);
        }
        if (looksForCoincidences)
            lookForCoincidences(list, seeker, length);
        if (threadIdx.x % 32 == 0)
            storeLengths(list, group, length);
        __syncwarp();
    }
}
