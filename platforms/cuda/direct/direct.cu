// SPDX-License-Identifier: MIT
// Direct space: Lennard-Jones and the short-range part of Coulomb's potential, for pairs within the cutoff that are not excluded.

#if NUM_KINDS > 0
// Particles of few kinds: the list carries the number of the kind, and shared memory holds the parameters of each pair of kinds,
// {charge product, 48 epsilon sigma^12, 24 epsilon sigma^6}. That takes fewer instructions than to combine those of particles.
#define PARTICLE_PARAMETERS 0
#else
// The list carries charges, and where there is Lennard-Jones sigma/2 and 2 sqrt(epsilon): sums and products of two are those of a pair.
#define PARTICLE_PARAMETERS HAS_LENNARD_JONES
#endif

/** What a thread needs to go through the list of a cluster, and what it sums on the way. */
struct DirectWalk {
    int first;                    // place of the first particle of the cluster
    Real4 position[CLUSTER_SIZE]; // and what the list carries
#if NUM_KINDS > 0
    SharedAddress parameters[CLUSTER_SIZE]; // of pairs of this kind with each other one
#endif
#if PARTICLE_PARAMETERS
    Real2 lennardJones[CLUSTER_SIZE];
#endif
    ForceSum force[3 * CLUSTER_SIZE];
    FixedEnergy energy;
};

/** A particle from a list. */
struct DirectNeighbor {
    ListEntry entry;
    Real4 position; // and what the list carries
#if NUM_KINDS > 0
    SharedAddress offset; // of its kind in the parameters of others
#endif
#if PARTICLE_PARAMETERS
    Real2 lennardJones;
#endif
};

__device__ __forceinline__ DirectNeighbor loadNeighbor(const PairList& list, ListEntry entry) {
    DirectNeighbor neighbor;
    const int place = getPlace(entry);
    neighbor.entry = entry;
    neighbor.position = list.gm_sorted[place];
#if NUM_KINDS > 0
    neighbor.offset = (SharedAddress) neighbor.position.w * (SharedAddress) sizeof(Real4);
#endif
#if PARTICLE_PARAMETERS
    neighbor.lennardJones = list.gm_sortedLennardJones[place];
#endif
    return neighbor;
}

/** Get the force over distance of a pair, kJ/mol/nm^2, and its energy. */
template <bool WithEnergy>
__device__ __forceinline__ Real findPairForce(const DirectWalk& walk, int m, const DirectNeighbor& neighbor, Real r2,
                                              Real& energy) {
    const Real z = getProlateVariable(r2), inverseR = getInverseRoot(r2), inverseR2 = inverseR * inverseR;
#if NUM_KINDS > 0
    const Real4 parameters = loadShared(walk.parameters[m] + neighbor.offset);
    const Real charges = parameters.x;
#else
    const Real charges = walk.position[m].w * neighbor.position.w;
#endif
    const Real coulomb = charges * inverseR;
    LennardJones pair = {0, 0};
#if HAS_LENNARD_JONES
#if NUM_KINDS > 0
    pair = getLennardJonesOfPowers(inverseR2, parameters.y, parameters.z);
#else
    pair = getLennardJones(inverseR, walk.lennardJones[m].x + neighbor.lennardJones.x,
                           walk.lennardJones[m].y * neighbor.lennardJones.y);
#endif
    switchOff(r2, inverseR, pair);
#endif
    if (WithEnergy)
        energy = coulomb - charges * getLongRangeEnergy(z) + pair.energy;
    return fma(inverseR2, coulomb + pair.force, -charges * getLongRangeForce(z));
}

/** Let a particle act on those of a cluster. */
template <bool WithEnergy, Images Kind>
__device__ __forceinline__ void addPairs(const PairList& list, DirectWalk& walk, DirectNeighbor neighbor) {
    Real4& other = neighbor.position;
    if (Kind == NeighborImages)
        moveNextTo(list.box, walk.position[0], other);
#pragma unroll
    for (int m = 0; m < CLUSTER_SIZE; m++) {
        const Real4& position = walk.position[m];
        Real x = position.x - other.x, y = position.y - other.y, z = position.z - other.z;
        if (Kind == PairImages)
            applyMinimumImage(list.box, x, y, z);
        const Real r2 = fma(x, x, fma(y, y, z * z)); // spelt out, so that it is rounded alike with and without images
        // The distance to a dummy is NaN: it is not within the cutoff.
        const bool counts = r2 < (Real) (CUTOFF * CUTOFF) && formsPair(neighbor.entry, walk.first, m);
        Real energy = 0;
        const Real found = findPairForce<WithEnergy>(walk, m, neighbor, r2, energy);
        const Real force = counts ? found : 0;
        addTo(walk.force[3 * m], force, x);
        addTo(walk.force[3 * m + 1], force, y);
        addTo(walk.force[3 * m + 2], force, z);
#if DETERMINISTIC
        if (force * force * r2 >= (Real) 0x1p60) // before it can wrap around
            list.report->overflowing = list.gm_sortedIndex[walk.first + m] + 1;
#endif
        if (WithEnergy && counts) {
            walk.energy.add((Real) 0.5 * energy); // each pair is met from both sides
            if (r2 == 0)
                reportCoincidence(list, walk.first + m, getPlace(neighbor.entry));
        }
    }
}

/** Go through the list of a cluster, each thread a part of it, two entries at a time so that their positions are under way together. */
template <bool WithEnergy, Images Kind>
__device__ __forceinline__ void walkList(const PairList& list, DirectWalk& walk, int cluster, int length, int thread) {
    const ListEntry* gm_list = list.gm_neighbor + (size_t) cluster * list.capacity;
    int k = thread;
    for (; k + LIST_THREADS < length; k += 2 * LIST_THREADS) {
        const ListEntry entry1 = loadOnce(gm_list + k), entry2 = loadOnce(gm_list + k + LIST_THREADS);
        const DirectNeighbor neighbor1 = loadNeighbor(list, entry1), neighbor2 = loadNeighbor(list, entry2);
        addPairs<WithEnergy, Kind>(list, walk, neighbor1);
        addPairs<WithEnergy, Kind>(list, walk, neighbor2);
    }
    if (k < length)
        addPairs<WithEnergy, Kind>(list, walk, loadNeighbor(list, loadOnce(gm_list + k)));
}

/** Go through all particles around a cluster, where lists do not fit: slower, and as exact. */
template <bool WithEnergy>
__device__ __forceinline__ void walkSurroundings(const PairList& list, DirectWalk& walk, int cluster, int thread) {
    Real4 builtAt[CLUSTER_SIZE];
    loadCluster(list.gm_builtAt, list.numMembers, cluster, builtAt);
    const Surroundings around = findSurroundings(list, builtAt);
    const ClusterExclusions excluded = loadExclusions(list, cluster);
    for (int run = 0; run < getNumRuns(around); run++) {
        int start, end;
        getRun(list, around, run, start, end);
        for (int place = start + thread; place < end; place += LIST_THREADS) {
            DirectNeighbor neighbor = loadNeighbor(list, place);
            neighbor.entry = makeEntry(list, excluded, cluster, place);
            addPairs<WithEnergy, PairImages>(list, walk, neighbor);
        }
    }
}

/** Begin with a cluster. The parameters of pairs of kinds are at an address in shared memory. */
__device__ __forceinline__ void startCluster(const PairList& list, DirectWalk& walk, int cluster,
                                             SharedAddress parameters) {
    walk.first = cluster * CLUSTER_SIZE;
    loadCluster(list.gm_sorted, list.numMembers, cluster, walk.position);
#pragma unroll
    for (int m = 0; m < CLUSTER_SIZE; m++) {
#if NUM_KINDS > 0
        walk.parameters[m] =
            parameters + (SharedAddress) walk.position[m].w * (SharedAddress) (NUM_KINDS * sizeof(Real4));
#endif
#if PARTICLE_PARAMETERS
        walk.lennardJones[m] = list.gm_sortedLennardJones[min(walk.first + m, list.numMembers - 1)];
#endif
        walk.force[3 * m] = walk.force[3 * m + 1] = walk.force[3 * m + 2] = 0;
    }
}

/** Get whether one image of a neighbor does for all particles of a cluster, for those of all threads of a warp. Then they are together. */
__device__ __forceinline__ bool canShareImages(const PairList& list, DirectWalk& walk) {
#if DETERMINISTIC
    return false; // that image depends on which particles are in the cluster, and so does the rounding
#else
    return __all_sync(0xffffffff, gatherCluster(list, walk.position, (Real) CUTOFF));
#endif
}

template <bool WithEnergy>
__device__ __forceinline__ void addClusterForces(const PairList& list, DirectWalk& walk, int cluster, bool exists,
                                                 int thread) {
    if (!listsFit(list)) {
        if (exists)
            walkSurroundings<WithEnergy>(list, walk, cluster, thread);
        return;
    }
    const int length = exists ? list.gm_numNeighbors[cluster] : 0;
    bool usesImages = false;
#pragma unroll
    for (int m = 0; m < CLUSTER_SIZE; m++)
        usesImages = usesImages || !isInterior(list.box, walk.position[m], (Real) CUTOFF);
    // The same way for all threads of a warp.
    if (!__any_sync(0xffffffff, usesImages))
        walkList<WithEnergy, NoImages>(list, walk, cluster, length, thread);
    else if (canShareImages(list, walk))
        walkList<WithEnergy, NeighborImages>(list, walk, cluster, length, thread);
    else
        walkList<WithEnergy, PairImages>(list, walk, cluster, length, thread);
}

/** @param gm_parameters  [NUM_KINDS][NUM_KINDS] */
template <bool WithEnergy>
__device__ __forceinline__ void computeDirect(const PairList& list, const Real4* gm_parameters,
                                              const ForceOutput& output) {
    DirectWalk walk;
    walk.energy = {0, 0};
    SharedAddress parameters = 0;
#if NUM_KINDS > 0
    __shared__ Real4 sm_parameters[NUM_KINDS * NUM_KINDS];
    for (int k = threadIdx.x; k < NUM_KINDS * NUM_KINDS; k += DIRECT_THREADS)
        sm_parameters[k] = gm_parameters[k];
    __syncthreads();
    parameters = getSharedAddress(sm_parameters);
#endif
    const int thread = threadIdx.x % LIST_THREADS, perRound = DIRECT_THREADS / LIST_THREADS;
    const int numClusters = (list.numMembers + CLUSTER_SIZE - 1) / CLUSTER_SIZE;
    const int endRound = getFirstRound(numClusters, perRound, blockIdx.x + 1);
    for (int round = getFirstRound(numClusters, perRound, blockIdx.x); round < endRound; round++) {
        const int cluster = round * perRound + threadIdx.x / LIST_THREADS;
        const bool exists = cluster < numClusters;
        startCluster(list, walk, cluster, parameters);
        addClusterForces<WithEnergy>(list, walk, cluster, exists, thread);
        __syncwarp();
        storeForces(list, output, walk.first, walk.force, exists, thread);
    }
    if (WithEnergy)
        addEnergy(output.energy, walk.energy);
}

extern "C" __global__ void __launch_bounds__(DIRECT_THREADS, DIRECT_BLOCKS)
    computeDirectForces(PairList list, const Real4* gm_parameters, ForceOutput output) {
    computeDirect<false>(list, gm_parameters, output);
}

extern "C" __global__ void __launch_bounds__(DIRECT_THREADS)
    computeDirectForcesAndEnergy(PairList list, const Real4* gm_parameters, ForceOutput output) {
    computeDirect<true>(list, gm_parameters, output);
}
