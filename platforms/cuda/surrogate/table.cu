// SPDX-License-Identifier: MIT
// Forces and energies from tables; see PairTable.h for the form, and TableRows.h for that of the rows.

#if DOUBLE_PRECISION
typedef Real4 ForceRow; // a0, a1, a2 and a number that is not used
#else
// a0, and a word that is a1 as it stands: its lowest 12 bits are the highest of a2, and part of a1, too. TableRows takes account of that. Rows of
// half the size need little more than half the passes of shared memory, which are what this kernel is short of.
typedef Real2 ForceRow;
#endif

/** The tables of all pairs of types. */
struct TableSet {
    Real2 grid; // of the pair of types, where there is but one type; see gm_grids
    Real end;   // x beyond the cutoff, where all tables have but rows of zeros, nm^2
    int numRows;
    const ForceRow* __restrict__ gm_forceRows; // [numRows], of -2 dU/dx = a0 + t (a1 + t a2), kJ/mol/nm^2
    const Real4* __restrict__ gm_energyRows;   // [numRows], a0..a3 of U = a0 + t (a1 + t (a2 + t a3)), kJ/mol
    // [numTypes][numTypes], {scale, shift}: x = r^2 has u = scale x + shift, row round(u), and t = u - round(u). Both are 0 for types that do not
    // interact, and row 0 is zero.
    const Real2* __restrict__ gm_grids;
};

static_assert(sizeof(TableSet) == SIZE_OF_TABLE_SET, "TableLayout.h differs from table.cu");

#if TABLE_IN_SHARED_MEMORY
typedef SharedAddress RowAddress;
typedef SharedAddress GridAddress;

/** Get the address of row 0, less the bias of row numbers. In a register: the compiler would add the two parts at each use. */
__device__ __forceinline__ RowAddress getFirstRow(const ForceRow* sm_rows) {
    RowAddress first;
    asm volatile("mov.u32 %0, %1;"
                 : "=r"(first)
                 : "r"(getSharedAddress(sm_rows) - ROUNDING_BIAS * (RowAddress) sizeof(ForceRow)));
    return first;
}

__device__ __forceinline__ ForceRow loadRow(RowAddress first, int biasedRow) {
    const SharedAddress address = first + (RowAddress) biasedRow * (RowAddress) sizeof(ForceRow);
#if DOUBLE_PRECISION
    return loadShared(address);
#else
    return loadSharedPair(address);
#endif
}

__device__ __forceinline__ Real2 loadGrid(GridAddress address) {
    return loadSharedPair(address);
}
#else
typedef const ForceRow* RowAddress;
typedef const char* GridAddress;

__device__ __forceinline__ RowAddress getFirstRow(const ForceRow* gm_rows) {
    return gm_rows;
}

__device__ __forceinline__ ForceRow loadRow(RowAddress first, int biasedRow) {
    return first[biasedRow - ROUNDING_BIAS];
}

__device__ __forceinline__ Real2 loadGrid(GridAddress address) {
    return *(const Real2*) address;
}
#endif

__device__ __forceinline__ Real evaluateRow(const ForceRow& row, Real t) {
#if DOUBLE_PRECISION
    const Real slope = row.y, curvature = row.z;
#else
    const Real slope = row.y, curvature = __uint_as_float(__float_as_uint(row.y) << 20);
#endif
    return row.x + t * (slope + t * curvature);
}

/** Get u - round(u) of a row that was found for u = scale x + shift. */
__device__ __forceinline__ Real findVariable(Real x, const Real2& grid, Real u) {
#if NUM_TYPES > 1
    return fma(x, grid.x,
               grid.y - roundTurns(u)); // all rows are numbered together: u has digits to spare for a row, not for t
#else
    return u - roundTurns(u);
#endif
}

/** What a thread needs to go through the list of a cluster, and what it sums on the way. */
struct TableWalk {
    RowAddress forceRows;
    int first; // place of the first particle of the cluster
    Real4 position[CLUSTER_SIZE], origin;
#if NUM_TYPES > 1
    GridAddress grids[CLUSTER_SIZE]; // of pairs of this type with each other one
#endif
    ForceSum force[3 * CLUSTER_SIZE];
    FixedEnergy energy;
};

/** Let a particle act on those of a cluster. With NeighborImages positions in the cluster are relative to an origin. */
template <bool WithEnergy, Images Kind>
__device__ __forceinline__ void addPairs(const PairList& list, const TableSet& tables, TableWalk& walk, ListEntry entry,
                                         Real4 neighbor) {
    if (Kind == NeighborImages)
        moveToOrigin(list.box, walk.origin, neighbor);
#if NUM_TYPES > 1
    const unsigned int gridOffset = (unsigned int) neighbor.w * (unsigned int) sizeof(Real2);
#endif
#pragma unroll
    for (int m = 0; m < CLUSTER_SIZE; m++) {
        const Real4& position = walk.position[m];
        Real x = position.x - neighbor.x, y = position.y - neighbor.y, z = position.z - neighbor.z;
        if (Kind == PairImages)
            applyMinimumImage(list.box, x, y, z);
        const Real r2 = fma(x, x, fma(y, y, z * z)); // spelt out, so that it is rounded alike with and without images
#if NUM_TYPES > 1
        const Real2 grid = loadGrid(walk.grids[m] + gridOffset);
#else
        const Real2& grid = tables.grid;
#endif
        // Pairs out of range read zeros at the end of a table: cheaper than a branch. So do those of dummies, whose r2 is NaN.
        Real inTable = min(r2, tables.end);
#if HAS_EXCLUSIONS
        inTable = formsPair(entry, walk.first, m) ? inTable : tables.end;
#endif
        const Real u = fma(inTable, grid.x, grid.y), t = findVariable(inTable, grid, u);
        const int row = roundBiased(u);
        const Real force =
            evaluateRow(loadRow(walk.forceRows, row), t); // of a particle on itself it is multiplied by 0 below
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
            if (r2 == 0 && grid.x != 0)
                reportCoincidence(list, walk.first + m, getPlace(entry));
        }
    }
}

/** Go through the list of a cluster, each thread a part of it, two entries at a time so that their positions are under way together. */
template <bool WithEnergy, Images Kind>
__device__ __forceinline__ void walkList(const PairList& list, const TableSet& tables, TableWalk& walk, int cluster,
                                         int length, int thread) {
    const ListEntry* gm_entry = list.gm_neighbor + (size_t) cluster * list.capacity + thread;
    int left = length - thread;
    for (; left > LIST_THREADS; left -= 2 * LIST_THREADS, gm_entry += 2 * LIST_THREADS) {
        const ListEntry entry1 = loadOnce(gm_entry), entry2 = loadOnce(gm_entry + LIST_THREADS);
        const Real4 neighbor1 = list.gm_sorted[getPlace(entry1)], neighbor2 = list.gm_sorted[getPlace(entry2)];
        addPairs<WithEnergy, Kind>(list, tables, walk, entry1, neighbor1);
        addPairs<WithEnergy, Kind>(list, tables, walk, entry2, neighbor2);
    }
    if (left > 0) {
        const ListEntry entry = loadOnce(gm_entry);
        addPairs<WithEnergy, Kind>(list, tables, walk, entry, list.gm_sorted[getPlace(entry)]);
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
            addPairs<WithEnergy, PairImages>(list, tables, walk, makeEntry(list, excluded, cluster, place),
                                             list.gm_sorted[place]);
    }
}

/** Begin with a cluster. */
__device__ __forceinline__ void startCluster(const PairList& list, TableWalk& walk, int cluster, GridAddress grids) {
    walk.first = cluster * CLUSTER_SIZE;
    loadCluster(list.gm_sorted, list.numMembers, cluster, walk.position);
#pragma unroll
    for (int m = 0; m < CLUSTER_SIZE; m++) {
#if NUM_TYPES > 1
        walk.grids[m] = grids + (unsigned int) walk.position[m].w * (unsigned int) (NUM_TYPES * sizeof(Real2));
#endif
        walk.force[3 * m] = walk.force[3 * m + 1] = walk.force[3 * m + 2] = 0;
    }
}

template <bool WithEnergy>
__device__ __forceinline__ void addClusterForces(const PairList& list, const TableSet& tables, TableWalk& walk,
                                                 int cluster, bool exists, int thread) {
    if (!listsFit(list)) {
        if (exists)
            walkSurroundings<WithEnergy>(list, tables, walk, cluster, thread);
        return;
    }
    const int length = exists ? list.gm_numNeighbors[cluster] : 0;
    // The same way for all threads of a warp.
    switch (chooseImages(list, list.cutoff, walk.position, walk.origin)) {
    case NoImages:
        walkList<WithEnergy, NoImages>(list, tables, walk, cluster, length, thread);
        break;
    case NeighborImages:
        walkList<WithEnergy, NeighborImages>(list, tables, walk, cluster, length, thread);
        break;
    case PairImages:
        walkList<WithEnergy, PairImages>(list, tables, walk, cluster, length, thread);
    }
}

template <bool WithEnergy>
__device__ __forceinline__ void computeTable(const PairList& list, const TableSet& tables, const ForceOutput& output) {
    TableWalk walk;
#if TABLE_IN_SHARED_MEMORY
    extern __shared__ ForceRow sm_forceRows[];
    Real2* sm_grids = (Real2*) (sm_forceRows + tables.numRows);
    for (int k = threadIdx.x; k < tables.numRows; k += TABLE_THREADS)
        sm_forceRows[k] = tables.gm_forceRows[k];
    for (int k = threadIdx.x; k < NUM_TYPES * NUM_TYPES; k += TABLE_THREADS)
        sm_grids[k] = tables.gm_grids[k];
    __syncthreads();
    walk.forceRows = getFirstRow(sm_forceRows);
    const GridAddress grids = getSharedAddress(sm_grids);
#else
    walk.forceRows = getFirstRow(tables.gm_forceRows);
    const GridAddress grids = (GridAddress) tables.gm_grids;
#endif
    walk.energy = {0, 0};
    const int thread = threadIdx.x % LIST_THREADS, perWarp = 32 / LIST_THREADS;
    const int numClusters = (list.numMembers + CLUSTER_SIZE - 1) / CLUSTER_SIZE;
    const int endRound = getFirstRound(numClusters, perWarp, blockIdx.x + 1);
    // Each warp on its own: with rounds of a whole block some blocks would have a quarter more of them than others.
    for (int round = getFirstRound(numClusters, perWarp, blockIdx.x) + threadIdx.x / 32; round < endRound;
         round += TABLE_THREADS / 32) {
        const int cluster = round * perWarp + threadIdx.x % 32 / LIST_THREADS;
        const bool exists = cluster < numClusters;
        startCluster(list, walk, cluster, grids);
        addClusterForces<WithEnergy>(list, tables, walk, cluster, exists, thread);
        __syncwarp();
        storeForces(list, output, walk.first, walk.force, exists, thread);
    }
    if (WithEnergy)
        addEnergy(output.energy, walk.energy);
}

extern "C" __global__ void __launch_bounds__(TABLE_THREADS, 1)
    computeTableForces(PairList list, TableSet tables, ForceOutput output) {
    computeTable<false>(list, tables, output);
}

extern "C" __global__ void __launch_bounds__(TABLE_THREADS)
    computeTableForcesAndEnergy(PairList list, TableSet tables, ForceOutput output) {
    computeTable<true>(list, tables, output);
}
