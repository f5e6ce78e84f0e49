// SPDX-License-Identifier: MIT
// Sums of the forces on a cluster, whose list LIST_THREADS threads go through.

// What threads sum forces in. The order of the sums depends on the list, so that determinism takes integers: the list of a run that
// was continued from a checkpoint is another one.
#if DETERMINISTIC
typedef FixedPoint ForceSum;
#else
typedef Real ForceSum;
#endif

__device__ __forceinline__ void addTo(Real& sum, Real a, Real b) {
    sum += a * b;
}

__device__ __forceinline__ void addTo(FixedPoint& sum, Real a, Real b) {
    sum += toFixedPoint(a * b);
}

__device__ __forceinline__ bool isTooLarge(Real force) {
    // The buffer ends at 2^31 kJ/mol/nm, for all forces of the System together. NaN compares false.
    return !(fabs(force) < (Real) (1 << 30));
}

__device__ __forceinline__ bool isTooLarge(FixedPoint force) {
    return isTooLarge((Real) (long long) force * (Real) 0x1p-32);
}

__device__ __forceinline__ void addForce(FixedPoint* gm_force, Real force) {
    addToSum(gm_force, toFixedPoint(force));
}

__device__ __forceinline__ void addForce(FixedPoint* gm_force, FixedPoint force) {
    addToSum(gm_force, force);
}

/** Make a position relative to an origin, at the image nearest to that. */
__device__ __forceinline__ void moveToOrigin(const PeriodicBox& box, const Real4& origin, Real4& position) {
    position.x -= origin.x;
    position.y -= origin.y;
    position.z -= origin.z;
    applyMinimumImage(box, position.x, position.y, position.z);
}

/**
 * Choose how to find the images of pairs within a distance of the particles of a cluster: for those of all threads of a warp. With NeighborImages
 * the particles are together, and their positions are then relative to the first one: they have more digits than at the other end of the box.
 */
__device__ __forceinline__ Images chooseImages(const PairList& list, Real distance, Real4* position, Real4& origin) {
    bool usesImages = false;
#pragma unroll
    for (int m = 0; m < CLUSTER_SIZE; m++)
        usesImages = usesImages || !isInterior(list.box, position[m], distance);
    if (!__any_sync(0xffffffff, usesImages))
        return NoImages;
#if DETERMINISTIC || !PERIODIC
    return PairImages; // which image is shared depends on which particles are in a cluster, and so does the rounding
#else
    Real extent = 0;
    Real4 moved[CLUSTER_SIZE];
    origin = position[0];
#pragma unroll
    for (int m = 0; m < CLUSTER_SIZE; m++) {
        moved[m] = position[m];
        moveToOrigin(list.box, origin, moved[m]);
        extent =
            max(extent, max(fabs(moved[m].x), max(fabs(moved[m].y), fabs(moved[m].z)))); // which NaN leaves as it is
    }
    // The image of a neighbor that is nearest to the origin must be the nearest to all of them.
    const Real room = (Real) 0.4999 * min(list.box.ax, min(list.box.by, list.box.cz)) - distance;
    if (!__all_sync(0xffffffff, extent <= room))
        return PairImages;
#pragma unroll
    for (int m = 0; m < CLUSTER_SIZE; m++)
        position[m] = moved[m];
    return NeighborImages;
#endif
}

/**
 * Get the first of the rounds of a block, in each of which it goes through the lists of perRound clusters. A block has its own stretch of
 * clusters, so that the positions around it stay in its cache; stretches differ by one round at most.
 */
__device__ __forceinline__ int getFirstRound(int numClusters, int perRound, int block) {
    const int numRounds = (numClusters + perRound - 1) / perRound;
    return (int) ((long long) block * numRounds / gridDim.x);
}

/**
 * Sum the forces on a cluster over the threads that share it. As long as there are several particles left, each step halves them: a thread
 * keeps one half and gives the other to its partner. Returns the particle that this thread has the sum of, in the first elements.
 */
__device__ __forceinline__ int sumOverGroup(ForceSum* force, int thread) {
    int member = 0;
#pragma unroll
    for (int half = CLUSTER_SIZE / 2, bit = 1; half > 0; half /= 2, bit *= 2) {
        const bool isUpper = thread & bit;
        member += isUpper ? half : 0;
#pragma unroll
        for (int k = 0; k < 3 * half; k++) {
            const ForceSum mine = isUpper ? force[k + 3 * half] : force[k];
            const ForceSum other = isUpper ? force[k] : force[k + 3 * half];
            force[k] = mine + __shfl_xor_sync(0xffffffff, other, bit);
        }
    }
#pragma unroll
    for (int bit = CLUSTER_SIZE; bit < LIST_THREADS; bit *= 2)
#pragma unroll
        for (int k = 0; k < 3; k++)
            force[k] += __shfl_xor_sync(0xffffffff, force[k], bit);
    return member;
}

/** Add the sums of a cluster, whose first particle is at place `first`, to the forces in the Context. Spends the sums. */
__device__ __forceinline__ void storeForces(const PairList& list, const ForceOutput& output, int first, ForceSum* force,
                                            bool exists, int thread) {
    const int place = first + sumOverGroup(force, thread);
    if (!exists || thread >= CLUSTER_SIZE || place >= list.numMembers)
        return;
    const int slot = list.gm_order[place];
#pragma unroll
    for (int k = 0; k < 3; k++) {
        if (isTooLarge(force[k]))
            list.report->overflowing = list.gm_atomIndex[slot] + 1;
        addForce(&output.gm_force[slot + k * output.paddedNumAtoms], force[k]);
    }
}
