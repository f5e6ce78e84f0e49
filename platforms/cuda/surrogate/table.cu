// SPDX-License-Identifier: MIT
// Forces and energies from tables; see PairTable.h for the form, and TableRows.h for that of the rows.

/** The tables of all pairs of types. */
struct TableSet {
    Real4 grid;                              // of the pair of types, where there is but one type; see gm_grids
    const Real4* __restrict__ gm_forceRows;  // [NUM_TABLE_ROWS], a0..a2 of -2 dU/dx, kJ/mol/nm^2
    const Real4* __restrict__ gm_energyRows; // [NUM_TABLE_ROWS], a0..a3 of U, kJ/mol
    // [numTypes][numTypes], {scale, shift, first, last}: x = r^2 has row first + round(u), u = min(scale x + shift, last), and u - round(u)
    // is the variable of its polynomials. The last row of each table, and row 0, are zero. First is 0 where there is but one type.
    const Real4* __restrict__ gm_grids;
};

struct TableOutput {
    FixedPoint* __restrict__ gm_force; // [3][paddedNumAtoms]
    int paddedNumAtoms;
    EnergyOutput energy;
};

static_assert(sizeof(TableSet) == SIZE_OF_TABLE_SET && sizeof(TableOutput) == SIZE_OF_TABLE_OUTPUT,
              "TableLayout.h differs from table.cu");

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
    atomicAdd(gm_force, toFixedPoint(force));
}

__device__ __forceinline__ void addForce(FixedPoint* gm_force, FixedPoint force) {
    atomicAdd(gm_force, force);
}

#if TABLE_COPIES > 0
// Shared memory holds TABLE_COPIES of each row side by side, of which each thread reads its own. A 32-bit address that SPLIT_BIAS is part of
// takes one instruction to find where an index takes three.
typedef unsigned int RowAddress;

__device__ __forceinline__ RowAddress getFirstRow(const Real4* sm_rows) {
    return (RowAddress) __cvta_generic_to_shared(sm_rows) - SPLIT_BIAS * (RowAddress) (TABLE_COPIES * sizeof(Real4));
}

__device__ __forceinline__ Real4 loadRow(RowAddress first, int biasedRow) {
    const RowAddress address = first + (RowAddress) biasedRow * (RowAddress) (TABLE_COPIES * sizeof(Real4));
    Real4 row;
#if DOUBLE_PRECISION
    asm("ld.shared.v2.f64 {%0, %1}, [%2];" : "=d"(row.x), "=d"(row.y) : "r"(address));
    asm("ld.shared.f64 %0, [%1+16];" : "=d"(row.z) : "r"(address));
    row.w = 0;
#else
    asm("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];" : "=f"(row.x), "=f"(row.y), "=f"(row.z), "=f"(row.w) : "r"(address));
#endif
    return row;
}
#else
typedef const Real4* RowAddress;

__device__ __forceinline__ RowAddress getFirstRow(const Real4* gm_rows) {
    return gm_rows;
}

__device__ __forceinline__ Real4 loadRow(RowAddress first, int biasedRow) {
    return first[biasedRow - SPLIT_BIAS];
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
        Real t;
        int row = splitNumber(u, t);
#if NUM_TYPES > 1
        row += (int) grid.z;
#endif
        const Real4 a = loadRow(walk.forceRows, row);
        const Real force = a.x + t * (a.y + t * a.z); // that of a particle on itself is multiplied by 0 below
        addTo(walk.force[3 * m], force, x);
        addTo(walk.force[3 * m + 1], force, y);
        addTo(walk.force[3 * m + 2], force, z);
#if DETERMINISTIC
        if (force * force * r2 >= (Real) 0x1p60) // before it can wrap around
            list.report->overflowing = list.gm_atomIndex[list.gm_order[walk.first + m]] + 1;
#endif
        if (WithEnergy && formsPair(entry, walk.first, m) && walk.first + m < list.numMembers) {
            const Real4 e = tables.gm_energyRows[row - SPLIT_BIAS];
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
    for (int run = 0; run < getNumRuns(around); run++) {
        int start, end;
        getRun(list, around, run, start, end);
        for (int place = start + thread; place < end; place += LIST_THREADS)
            addPairs<WithEnergy, true>(list, tables, walk, makeEntry(list, cluster, place), list.gm_sorted[place]);
    }
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

/** Add the sums of a cluster to the forces in the Context. */
__device__ __forceinline__ void storeForces(const PairList& list, const TableOutput& output, TableWalk& walk,
                                            bool exists, int thread) {
    const int place = walk.first + sumOverGroup(walk.force, thread);
    if (!exists || thread >= CLUSTER_SIZE || place >= list.numMembers)
        return;
    const int slot = list.gm_order[place];
#pragma unroll
    for (int k = 0; k < 3; k++) {
        if (isTooLarge(walk.force[k]))
            list.report->overflowing = list.gm_atomIndex[slot] + 1;
        addForce(&output.gm_force[slot + k * output.paddedNumAtoms], walk.force[k]);
    }
}

template <bool WithEnergy>
__device__ __forceinline__ void computeTable(const PairList& list, const TableSet& tables, const TableOutput& output) {
    TableWalk walk;
#if TABLE_COPIES > 0
    // As many copies of a row as make one pass of the shared memory: threads that read at once then never meet in a bank.
    extern __shared__ Real4 sm_forceRows[];
    for (int k = threadIdx.x; k < NUM_TABLE_ROWS * TABLE_COPIES; k += TABLE_THREADS)
        sm_forceRows[k] = tables.gm_forceRows[k / TABLE_COPIES];
    __syncthreads();
    walk.forceRows = getFirstRow(sm_forceRows + threadIdx.x % TABLE_COPIES);
#else
    walk.forceRows = getFirstRow(tables.gm_forceRows);
#endif
    walk.energy = {0, 0};
    const bool fits = listsFit(list);
    const int thread = threadIdx.x % LIST_THREADS, perRound = TABLE_THREADS / LIST_THREADS;
    // Each block has its own stretch of clusters, so that the positions around it stay in its cache.
    const int numClusters = (list.numMembers + CLUSTER_SIZE - 1) / CLUSTER_SIZE;
    const int numRounds = (numClusters + gridDim.x * perRound - 1) / (gridDim.x * perRound);
    for (int round = 0; round < numRounds; round++) {
        const int cluster = (blockIdx.x * numRounds + round) * perRound + threadIdx.x / LIST_THREADS;
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
        storeForces(list, output, walk, exists, thread);
    }
    if (WithEnergy)
        addEnergy(output.energy, walk.energy);
}

extern "C" __global__ void __launch_bounds__(TABLE_THREADS, TABLE_BLOCKS)
    computeTableForces(PairList list, TableSet tables, TableOutput output) {
    computeTable<false>(list, tables, output);
}

extern "C" __global__ void __launch_bounds__(TABLE_THREADS)
    computeTableForcesAndEnergy(PairList list, TableSet tables, TableOutput output) {
    computeTable<true>(list, tables, output);
}
