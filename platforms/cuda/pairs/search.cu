// SPDX-License-Identifier: MIT
// Two clusters in search of their neighbors, and how far a particle is from them. neighbors.cu has the search.

#define GROUP_CLUSTERS 2
#define GROUP_SIZE (GROUP_CLUSTERS * CLUSTER_SIZE)
// Clusters in the queue of a warp: about as many as 32 runs of a liquid have.
#define QUEUE_CAPACITY 256

/** The number of a cluster, and a bit for each of its particles that is in a run. */
typedef unsigned int Candidate;

/** Two clusters in search of their neighbors. */
struct Seeker {
    int group; // the number of the first one, over GROUP_CLUSTERS
    ListEntry* gm_list[GROUP_CLUSTERS];
    Real4 origin; // the position of the first particle, from which all are measured
    // Of each particle i: -2x, -2y, -2z and x^2+y^2+z^2-range^2, which with a neighbor's position and square make r^2-range^2.
    Real4 form[GROUP_SIZE];
    Real closest; // the least r^2-range^2 of particles outside of the group
};

/** What the threads of a warp share. */
struct SearchMemory {
    Candidate queue[QUEUE_CAPACITY];
    Real4 form[GROUP_SIZE];
    Real type[GROUP_SIZE];
    ClusterExclusions excluded[GROUP_CLUSTERS];
};

/** Have the compiler keep an address rather than compute it in every round of a loop. */
__device__ __forceinline__ void keepInRegisters(ListEntry*& gm_list) {
    asm volatile("" : "+l"(gm_list));
}

// Two particles are neighbors if their reference positions are within the cutoff plus both allowances a and b. The square of that is at most
// cutoff^2 + margin(a) + margin(b), with margin(a) = 2 a (cutoff + a), which is a sum of what each brings; equal allowances make no difference.

/** Get what a particle of a group brings, cutoff included. */
__device__ __forceinline__ Real getOwnRange2(const PairList& list, const Real4& builtAt) {
#if CARRIES > 0
    // Keep a pair at the rounded edge rather than lose one, as range2 does.
    return fma((Real) 2 * builtAt.w, list.cutoff + builtAt.w, list.cutoff * list.cutoff + (Real) 1e-5 * list.range2);
#else
    return list.range2;
#endif
}

/** Get what a neighbor brings. */
__device__ __forceinline__ Real getMargin(const PairList& list, const Real4& builtAt) {
#if CARRIES > 0
    return (Real) 2 * builtAt.w * (list.cutoff + builtAt.w);
#else
    return 0;
#endif
}

/** Load the reference position of a particle of a group; NaN if there is none. */
__device__ __forceinline__ Real4 loadMember(const PairList& list, int group, int member) {
    const int place = group * GROUP_SIZE + member;
    const Real nan = (Real) __int_as_float(0x7fffffff);
    return place < list.numMembers ? list.gm_builtAt[place] : makeReal4(nan, nan, nan, 0);
}

/** Get the least or largest number of the GROUP_SIZE threads beside each other; NaN counts for nothing. */
__device__ __forceinline__ Real findLeast(Real value) {
#pragma unroll
    for (int bit = 1; bit < GROUP_SIZE; bit *= 2)
        value = min(value, __shfl_xor_sync(0xffffffff, value, bit));
    return value;
}

__device__ __forceinline__ Real findLargest(Real value) {
    return -findLeast(-value);
}

/** Find the surroundings of a group. Each thread is given one of its positions. */
__device__ __forceinline__ Surroundings findGroupSurroundings(const PairList& list, const Real4& position) {
    const CellGrid& grid = list.grid;
    const Real4 at = findCoordinates(grid, position);
    const Real4 reference = makeReal4(__shfl_sync(0xffffffff, at.x, 0), __shfl_sync(0xffffffff, at.y, 0),
                                      __shfl_sync(0xffffffff, at.z, 0), 0);
    const Real x = unfold(at.x, reference.x, grid.foldedX, grid.inverseFoldedX),
               y = unfold(at.y, reference.y, grid.foldedY, grid.inverseFoldedY),
               z = unfold(at.z, reference.z, grid.foldedZ, grid.inverseFoldedZ);
    Surroundings around;
    around.lowX = findLeast(x);
    around.lowY = findLeast(y);
    around.lowZ = findLeast(z);
    around.highX = findLargest(x);
    around.highY = findLargest(y);
    around.highZ = findLargest(z);
    const Real4 first = makeReal4(__shfl_sync(0xffffffff, position.x, 0), __shfl_sync(0xffffffff, position.y, 0),
                                  __shfl_sync(0xffffffff, position.z, 0), 0);
    chooseRows(list, first, around);
    return around;
}

/**
 * Set what a seeker compares with. Each thread is given one position of the group.
 *
 * @return how images of neighbors are found
 */
__device__ __forceinline__ Images prepareSeeker(const PairList& list, const Real4& position, Seeker& seeker,
                                                SearchMemory& sm_memory) {
    const int member = threadIdx.x % GROUP_SIZE;
    const Real range = sqrt(list.range2);
    seeker.origin = makeReal4(__shfl_sync(0xffffffff, position.x, 0), __shfl_sync(0xffffffff, position.y, 0),
                              __shfl_sync(0xffffffff, position.z, 0), 0);
    Real x = position.x - seeker.origin.x, y = position.y - seeker.origin.y, z = position.z - seeker.origin.z;
    applyMinimumImage(list.box, x, y, z);
    // Rounding of the terms is a few millionths of range2 for particles that are together.
    const Real square = fma(x, x, fma(y, y, z * z)) - getOwnRange2(list, position) - list.range2 * (Real) 5e-6;
    if (threadIdx.x % 32 < GROUP_SIZE) {
        sm_memory.form[member] = makeReal4(-2 * x, -2 * y, -2 * z, square);
        sm_memory.type[member] = position.w;
    }
    __syncwarp();
#pragma unroll
    for (int m = 0; m < GROUP_SIZE; m++)
        seeker.form[m] = sm_memory.form[m];
    const Real extent = findLargest(max(fabs(x), max(fabs(y), fabs(z))));
    if (extent > 2 * range)
        return PairImages;
    if (__all_sync(0xffffffff, isInterior(list.box, position, range) || !(position.x == position.x)))
        return NoImages;
#if PERIODIC
    // Is the image of a neighbor that is nearest to the first particle the nearest to all of them?
    if (extent > (Real) 0.4999 * min(list.box.ax, min(list.box.by, list.box.cz)) - range)
        return PairImages;
#endif
    return NeighborImages;
}

/** For each cluster get the least r^2-range^2 between a particle and those that it interacts with. */
template <Images Kind>
__device__ __forceinline__ void findNearest(const PairList& list, const Seeker& seeker, const SearchMemory& sm_memory,
                                            const Real4& neighbor, Real* nearest) {
    if (Kind == PairImages) { // particles far from each other, or a small box: one by one
#pragma unroll 1
        for (int m = 0; m < GROUP_SIZE; m++) {
            const int i = seeker.group * GROUP_SIZE + m;
            if (i >= list.numMembers)
                break;
            const Real4 position = list.gm_builtAt[i];
            Real x = position.x - neighbor.x, y = position.y - neighbor.y, z = position.z - neighbor.z;
            applyMinimumImage(list.box, x, y, z);
            const Real found = fma(x, x, fma(y, y, z * z)) - getOwnRange2(list, position) - getMargin(list, neighbor);
            if (mayInteract(list, position.w, neighbor.w))
                nearest[m / CLUSTER_SIZE] = min(nearest[m / CLUSTER_SIZE], found);
        }
        return;
    }
    Real x = neighbor.x - seeker.origin.x, y = neighbor.y - seeker.origin.y, z = neighbor.z - seeker.origin.z;
    if (Kind == NeighborImages)
        applyMinimumImage(list.box, x, y, z);
    const Real square = fma(x, x, fma(y, y, z * z)) - getMargin(list, neighbor);
#pragma unroll
    for (int k = 0; k < GROUP_CLUSTERS; k++) {
        Real least = 0;
#pragma unroll
        for (int m = k * CLUSTER_SIZE; m < (k + 1) * CLUSTER_SIZE; m++) {
            const Real4& form = seeker.form[m];
            const Real found = fma(form.x, x, fma(form.y, y, fma(form.z, z, form.w)));
#if NUM_TYPES > 1
            least = m == k * CLUSTER_SIZE ? 0 : least;
            if (mayInteract(list, sm_memory.type[m], neighbor.w))
                nearest[k] = min(nearest[k], found + square); // not NaN, of a dummy
#else
            least = m == k * CLUSTER_SIZE ? found : min(least, found); // not NaN, of a dummy
#endif
        }
#if NUM_TYPES == 1
        nearest[k] = min((Real) 0, least + square);
#endif
    }
}
