// SPDX-License-Identifier: MIT
// Clusters: CLUSTER_SIZE particles, neighbors in cell order, that share a list. One position that is gathered then serves all of them.

/**
 * A list holds places of particles that are within the range of at least one of the cluster, its own particles among them: whoever goes
 * through it tests the distance of each pair, and leaves out the pairs of a particle with itself. Where there are exclusions an entry also says
 * by a bit for each particle of the cluster whether the pair counts; that of a particle with itself does not.
 */
typedef unsigned int ListEntry;

#define PLACE_BITS 28 // CudaPairList refuses more particles

__device__ __forceinline__ int getPlace(ListEntry entry) {
#if HAS_EXCLUSIONS
    return (int) (entry & ((1u << PLACE_BITS) - 1));
#else
    return (int) entry;
#endif
}

/** Get whether an entry of a cluster's list forms a pair with one of the cluster, whose first particle is at place `first`. */
__device__ __forceinline__ bool formsPair(ListEntry entry, int first, int member) {
#if HAS_EXCLUSIONS
    return entry & (1u << (PLACE_BITS + member));
#else
    return (int) entry != first + member;
#endif
}

/** How the periodic box is taken account of. */
enum Images {
    NoImages,       // a cluster is far from the faces of the box
    NeighborImages, // a neighbor is moved next to the cluster, whose particles are together: once for all of them
    PairImages      // each pair has an image of its own
};

/** Load the positions of a cluster, NaN with type 0 where the last one has fewer particles. All comparisons with those are false. */
__device__ __forceinline__ void loadCluster(const Real4* gm_position, int numMembers, int cluster, Real4* position) {
#pragma unroll
    for (int m = 0; m < CLUSTER_SIZE; m++) {
        const int place = cluster * CLUSTER_SIZE + m;
        const Real nan = (Real) __int_as_float(0x7fffffff);
        position[m] = place < numMembers ? gm_position[place] : makeReal4(nan, nan, nan, 0);
    }
}

/**
 * Move the particles of a cluster to the images next to its first one, if they are then so close together that the image of any other particle
 * nearest to the first is the nearest to all of them, as far as it is within a distance. Else returns false, and leaves them where they are.
 */
__device__ __forceinline__ bool gatherCluster(const PairList& list, Real4* position, Real distance) {
#if PERIODIC
    const Real room = (Real) 0.4999 * min(list.box.ax, min(list.box.by, list.box.cz)) - distance;
    Real extent = 0;
    Real4 moved[CLUSTER_SIZE];
#pragma unroll
    for (int m = 0; m < CLUSTER_SIZE; m++) {
        moved[m] = position[m];
        moveNextTo(list.box, position[0], moved[m]);
        extent = max(extent, fabs(moved[m].x - position[0].x)); // which NaN leaves as it is
        extent = max(extent, fabs(moved[m].y - position[0].y));
        extent = max(extent, fabs(moved[m].z - position[0].z));
    }
    if (extent > room)
        return false;
#pragma unroll
    for (int m = 0; m < CLUSTER_SIZE; m++)
        position[m] = moved[m];
#endif
    return true;
}

__device__ __forceinline__ bool mayInteract(const PairList& list, Real type1, Real type2) {
#if NUM_TYPES > 1
    return list.gm_interacts[(int) type1 * NUM_TYPES + (int) type2];
#else
    return true;
#endif
}

/** Get whether two particles, given by their places, are excluded from interacting. */
__device__ bool isExcluded(const PairList& list, int i, int j) {
#if HAS_EXCLUSIONS
    const int first = list.gm_sortedIndex[i], second = list.gm_sortedIndex[j];
    for (int k = list.gm_exclusionStart[first]; k < list.gm_exclusionStart[first + 1]; k++)
        if (list.gm_exclusion[k] == second)
            return true;
#endif
    return false;
}

/** The range of original indices of a particle and those it is excluded from: nearly all neighbors are outside. */
struct ExclusionRange {
    int lowest;
    unsigned int span;
    bool isSparse; // some in the range are not excluded; in small molecules all are
};

__device__ __forceinline__ ExclusionRange findExclusionRange(const PairList& list, int place) {
    const int original = list.gm_sortedIndex[place];
    const int start = list.gm_exclusionStart[original], end = list.gm_exclusionStart[original + 1];
    ExclusionRange range;
    range.lowest = start < end ? min(original, list.gm_exclusion[start]) : original;
    range.span = (start < end ? max(original, list.gm_exclusion[end - 1]) : original) - range.lowest;
    range.isSparse = end - start < range.span;
    return range;
}

/** What the particles of a cluster are excluded from, and bits of those as they are in entries. */
struct ClusterExclusions {
#if HAS_EXCLUSIONS
    int lowest[CLUSTER_SIZE];
    unsigned int span[CLUSTER_SIZE];
    ListEntry allBits;    // of all that exist
    ListEntry sparseBits; // of those with a sparse range
#endif
};

__device__ __forceinline__ ClusterExclusions loadExclusions(const PairList& list, int cluster) {
    ClusterExclusions excluded = {};
#if HAS_EXCLUSIONS
#pragma unroll
    for (int m = 0; m < CLUSTER_SIZE; m++) {
        const int i = cluster * CLUSTER_SIZE + m;
        if (i >= list.numMembers)
            continue; // the range holds but index 0
        const ExclusionRange range = findExclusionRange(list, i);
        excluded.lowest[m] = range.lowest;
        excluded.span[m] = range.span;
        excluded.allBits |= 1u << (PLACE_BITS + m);
        excluded.sparseBits |= (range.isSparse ? 1u : 0u) << (PLACE_BITS + m);
    }
#endif
    return excluded;
}

/** Load what makeEntry() compares of a particle: its original index, or that of the first one of its clique. */
__device__ __forceinline__ int loadExclusionMark(const PairList& list, int place) {
#if EXCLUSION_CLIQUES
    return list.gm_sortedClique[place];
#elif HAS_EXCLUSIONS
    return list.gm_sortedIndex[place];
#else
    return 0;
#endif
}

/** Make the entry of the particle at a place, with that mark, in the list of a cluster. */
__device__ __forceinline__ ListEntry makeEntry(const PairList& list, const ClusterExclusions& excluded, int cluster,
                                               int place, int mark) {
    ListEntry entry = place;
#if EXCLUSION_CLIQUES
#pragma unroll
    for (int m = 0; m < CLUSTER_SIZE; m++)
        entry |= mark != excluded.lowest[m] ? 1u << (PLACE_BITS + m) : 0;
    entry &= excluded.allBits | ((1u << PLACE_BITS) - 1);
#elif HAS_EXCLUSIONS
    ListEntry without = 0; // bits of particles that it forms no pair with
#pragma unroll
    for (int m = 0; m < CLUSTER_SIZE; m++)
        if ((unsigned int) (mark - excluded.lowest[m]) <= excluded.span[m])
            without |= 1u << (PLACE_BITS + m);
    if (without & excluded.sparseBits)
#pragma unroll 1
        for (int m = 0; m < CLUSTER_SIZE; m++) {
            const ListEntry bit = 1u << (PLACE_BITS + m);
            const int i = cluster * CLUSTER_SIZE + m;
            if ((without & excluded.sparseBits & bit) && i != place && !isExcluded(list, i, place))
                without &= ~bit;
        }
    entry |= excluded.allBits & ~without;
#endif
    return entry;
}

__device__ __forceinline__ ListEntry makeEntry(const PairList& list, const ClusterExclusions& excluded, int cluster,
                                               int place) {
    return makeEntry(list, excluded, cluster, place, loadExclusionMark(list, place));
}
