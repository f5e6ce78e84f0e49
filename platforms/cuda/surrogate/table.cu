// SPDX-License-Identifier: MIT
// Forces and energies from tables; see PairTable.h for the form, and TableRows.h for that of the rows.

/** The tables of all pairs of types. */
struct TableSet {
    Real4 grid;                             // of the pair of types, where there is but one type; see gm_grids
    const Real4* __restrict__ gm_forceRows; // [numRows], a0..a2 of -2 dU/dx, kJ/mol/nm^2, and the number of the row in its table
    const Real4* __restrict__ gm_energyRows; // [numRows], a0..a3 of U, kJ/mol
    // [numTypes][numTypes], {scale, shift, first, last}: x = r^2 has row first + round(u), u = min(scale x + shift, last), and u - round(u)
    // is the variable of its polynomials. The last row of each table, and row 0, are zero. First is 0 where there is but one type.
    const Real4* __restrict__ gm_grids;
    int numRows;
};

static_assert(sizeof(TableSet) == SIZE_OF_TABLE_SET, "TableLayout.h differs from table.cu");

#if TABLE_IN_SHARED_MEMORY
typedef SharedAddress RowAddress;

__device__ __forceinline__ RowAddress getFirstRow(const Real4* sm_rows) {
    return getSharedAddress(sm_rows) - ROUNDING_BIAS * (RowAddress) sizeof(Real4);
}

__device__ __forceinline__ Real4 loadRow(RowAddress first, int biasedRow) {
    return loadShared(first + (RowAddress) biasedRow * (RowAddress) sizeof(Real4));
}
#else
typedef const Real4* RowAddress;

__device__ __forceinline__ RowAddress getFirstRow(const Real4* gm_rows) {
    return gm_rows;
}

__device__ __forceinline__ Real4 loadRow(RowAddress first, int biasedRow) {
    return first[biasedRow - ROUNDING_BIAS];
}
#endif

/** What a thread needs to go through the list of a cluster, and what it sums on the way. */
struct TableWalk {
    RowAddress forceRows;
    int first; // place of the first particle of the cluster
    Real4 position[CLUSTER_SIZE];
    ForceSum force[3 * CLUSTER_SIZE];
    FixedEnergy energy;
};

/** Let a particle act on those of a cluster. */
template <bool WithEnergy, bool UsesImages>
__device__ __forceinline__ void addPairs(const PairList& list, const TableSet& tables, TableWalk& walk, ListEntry entry,
                                         const Real4& neighbor) {
#pragma unroll
    for (int m = 0; m < CLUSTER_SIZE; m++) {
        const Real4& position = walk.position[m];
        Real x = position.x - neighbor.x, y = position.y - neighbor.y, z = position.z - neighbor.z;
        if (UsesImages)
            applyMinimumImage(list.box, x, y, z);
        const Real r2 = fma(x, x, fma(y, y, z * z)); // spelt out, so that it is rounded alike with and without images
#if NUM_TYPES > 1
        const Real4 grid = tables.gm_grids[(int) position.w * NUM_TYPES + (int) neighbor.w];
#else
        const Real4& grid = tables.grid;
#endif
        // Pairs out of range read the zeros of the last row: cheaper than a branch. So do those of dummies, whose r2 is NaN.
        Real u = min(r2 * grid.x + grid.y, grid.w);
#if HAS_EXCLUSIONS
        u = formsPair(entry, walk.first, m) ? u : grid.w;
#endif
        int row = roundBiased(u);
#if NUM_TYPES > 1
        row += (int) grid.z;
#endif
        const Real4 a = loadRow(walk.forceRows, row);
        const Real t = u - a.w;
        const Real force = a.x + t * (a.y + t * a.z); // that of a particle on itself is multiplied by 0 below
        addTo(walk.force[3 * m], force, x);
        addTo(walk.force[3 * m + 1], force, y);
        addTo(walk.force[3 * m + 2], force, z);
#if DETERMINISTIC
        if (force * force * r2 >= (Real) 0x1p60) // before it can wrap around
            list.report->overflowing = list.gm_atomIndex[list.gm_order[walk.first + m]] + 1;
#endif
        if (WithEnergy && formsPair(entry, walk.first, m) && walk.first + m < list.numMembers) {
            const Real4 e = tables.gm_energyRows[row - ROUNDING_BIAS];
            walk.energy.add((Real) 0.5 * (e.x + t * (e.y + t * (e.z + t * e.w)))); // each pair is met from both sides
            if (r2 == 0 && u < grid.w)
                reportCoincidence(list, walk.first + m, getPlace(entry));
        }
    }
}

/** Go through the list of a cluster, each thread a part of it, two entries at a time so that their positions are under way together. */
template <bool WithEnergy, bool UsesImages>
__device__ __forceinline__ void walkList(const PairList& list, const TableSet& tables, TableWalk& walk, int cluster,
                                         int length, int thread) {
    const ListEntry* gm_list = list.gm_neighbor + (size_t) cluster * list.capacity;
    int k = thread;
    for (; k + LIST_THREADS < length; k += 2 * LIST_THREADS) {
        const ListEntry entry1 = loadOnce(gm_list + k), entry2 = loadOnce(gm_list + k + LIST_THREADS);
        const Real4 neighbor1 = list.gm_sorted[getPlace(entry1)], neighbor2 = list.gm_sorted[getPlace(entry2)];
        addPairs<WithEnergy, UsesImages>(list, tables, walk, entry1, neighbor1);
        addPairs<WithEnergy, UsesImages>(list, tables, walk, entry2, neighbor2);
    }
    if (k < length) {
        const ListEntry entry = loadOnce(gm_list + k);
        addPairs<WithEnergy, UsesImages>(list, tables, walk, entry, list.gm_sorted[getPlace(entry)]);
    }
}

/** Go through all particles around a cluster, where lists do not fit: slower, and as exact. */
template <bool WithEnergy>
__device__ __forceinline__ void walkSurroundings(const PairList& list, const TableSet& tables, TableWalk& walk,
                                                 int cluster, int thread) {
    Real4 builtAt[CLUSTER_SIZE];
    loadCluster(list.gm_builtAt, list.numMembers, cluster, builtAt);
    const Surroundings around = findSurroundings(list, builtAt);
    const ClusterExclusions excluded = loadExclusions(list, cluster);
    for (int run = 0; run < getNumRuns(around); run++) {
        int start, end;
        getRun(list, around, run, start, end);
        for (int place = start + thread; place < end; place += LIST_THREADS)
            addPairs<WithEnergy, true>(list, tables, walk, makeEntry(list, excluded, cluster, place),
                                       list.gm_sorted[place]);
    }
}

template <bool WithEnergy>
__device__ __forceinline__ void computeTable(const PairList& list, const TableSet& tables, const ForceOutput& output) {
    TableWalk walk;
#if TABLE_IN_SHARED_MEMORY
    extern __shared__ Real4 sm_forceRows[];
    for (int k = threadIdx.x; k < tables.numRows; k += TABLE_THREADS)
        sm_forceRows[k] = tables.gm_forceRows[k];
    __syncthreads();
    walk.forceRows = getFirstRow(sm_forceRows);
#else
    walk.forceRows = getFirstRow(tables.gm_forceRows);
#endif
    walk.energy = {0, 0};
    const bool fits = listsFit(list);
    const int thread = threadIdx.x % LIST_THREADS, perRound = TABLE_THREADS / LIST_THREADS;
    const int numClusters = (list.numMembers + CLUSTER_SIZE - 1) / CLUSTER_SIZE;
    const int endRound = getFirstRound(numClusters, perRound, blockIdx.x + 1);
    for (int round = getFirstRound(numClusters, perRound, blockIdx.x); round < endRound; round++) {
        const int cluster = round * perRound + threadIdx.x / LIST_THREADS;
        const bool exists = cluster < numClusters;
        const int length = exists ? list.gm_numNeighbors[cluster] : 0;
        walk.first = cluster * CLUSTER_SIZE;
        loadCluster(list.gm_sorted, list.numMembers, cluster, walk.position);
        bool usesImages = false;
#pragma unroll
        for (int m = 0; m < CLUSTER_SIZE; m++) {
            walk.force[3 * m] = walk.force[3 * m + 1] = walk.force[3 * m + 2] = 0;
            usesImages = usesImages || !isInterior(list.box, walk.position[m], list.cutoff);
        }
        if (!fits) {
            if (exists)
                walkSurroundings<WithEnergy>(list, tables, walk, cluster, thread);
        } else if (__any_sync(0xffffffff, usesImages))
            walkList<WithEnergy, true>(list, tables, walk, cluster, length, thread);
        else
            walkList<WithEnergy, false>(list, tables, walk, cluster, length, thread);
        __syncwarp();
        storeForces(list, output, walk.first, walk.force, exists, thread);
    }
    if (WithEnergy)
        addEnergy(output.energy, walk.energy);
}

extern "C" __global__ void __launch_bounds__(TABLE_THREADS, TABLE_BLOCKS)
    computeTableForces(PairList list, TableSet tables, ForceOutput output) {
    computeTable<false>(list, tables, output);
}

extern "C" __global__ void __launch_bounds__(TABLE_THREADS)
    computeTableForcesAndEnergy(PairList list, TableSet tables, ForceOutput output) {
    computeTable<true>(list, tables, output);
}
