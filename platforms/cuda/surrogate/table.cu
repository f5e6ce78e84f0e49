// SPDX-License-Identifier: MIT
// Forces and energies from tables; see PairTable.h for the form.

/** The tables of all pairs of types, as PackedTables.h describes them. */
struct TableSet {
    int numCells;
    Real cutoff2;                       // nm^2
    const Real4* __restrict__ gm_cells; // [numCells], coefficients c0..c3, kJ/mol
    const Real4* __restrict__ gm_grids; // [numTypes][numTypes], 1/spacing, -origin/spacing, number of the first cell, 0
};

struct ForceOutput {
    unsigned long long* __restrict__ gm_force; // [3][paddedNumAtoms], fixed point
    int paddedNumAtoms;
    EnergySum* __restrict__ gm_energy; // one element per block is added to
};

static_assert(sizeof(TableSet) == SIZE_OF_TABLE_SET && sizeof(ForceOutput) == SIZE_OF_FORCE_OUTPUT,
              "TableLayout.h differs from table.cu");

/** What a thread sums over the neighbors of its particle. */
struct ParticleSum {
    Real fx, fy, fz;
    EnergySum energy;
};

/** Interact with one neighbor. */
template <bool WithEnergy>
__device__ __forceinline__ void addPair(const PairList& list, const TableSet& tables, const Real4* cells,
                                        const Real4& position, int i, int j, ParticleSum& sum) {
    const Real4 neighbor = list.gm_sorted[j];
    Real x = position.x - neighbor.x, y = position.y - neighbor.y, z = position.z - neighbor.z;
    applyMinimumImage(list.box, x, y, z);
    const Real r2 = x * x + y * y + z * z;
    if (!(r2 < tables.cutoff2))
        return;
    if (r2 == 0) {
        list.report->coincident1 = list.gm_atomIndex[list.gm_order[i]] + 1;
        list.report->coincident2 = list.gm_atomIndex[list.gm_order[j]] + 1;
        return;
    }
#if NUM_TYPES > 1
    const int pair = (int) position.w * NUM_TYPES + (int) neighbor.w;
#else
    const int pair = 0;
#endif
    const Real4 grid = tables.gm_grids[pair];
    const Real u = r2 * grid.x + grid.y;
    const int cell = (int) u;
    const Real t = u - (Real) cell;
    const Real4 c = cells[(int) grid.z + cell];
    const Real force = -2 * grid.x * (c.y + t * (2 * c.z + t * (3 * c.w)));
    sum.fx += force * x;
    sum.fy += force * y;
    sum.fz += force * z;
    if (WithEnergy)
        sum.energy += c.x + t * (c.y + t * (c.z + t * c.w));
}

/** Sum over the THREADS_PER_PARTICLE neighboring threads that share a particle. */
template <class T>
__device__ __forceinline__ T sumOverGroup(T value) {
    for (int offset = THREADS_PER_PARTICLE / 2; offset > 0; offset /= 2)
        value += __shfl_xor_sync(0xffffffff, value, offset);
    return value;
}

/** Add the energies of a block's threads to the element of the buffer that belongs to the block. */
__device__ void addBlockEnergy(EnergySum energy, const ForceOutput& output) {
    __shared__ EnergySum sm_energy[BLOCK_SIZE];
    sm_energy[threadIdx.x] = energy;
    for (int half = BLOCK_SIZE / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half)
            sm_energy[threadIdx.x] += sm_energy[threadIdx.x + half];
    }
    if (threadIdx.x == 0)
        output.gm_energy[blockIdx.x] += (EnergySum) 0.5 * sm_energy[0]; // each pair is met from both sides
}

template <bool WithEnergy>
__device__ void computeTable(const PairList& list, const TableSet& tables, const ForceOutput& output) {
#if TABLE_IN_SHARED_MEMORY
    __shared__ Real4 sm_cells[NUM_TABLE_CELLS];
    for (int k = threadIdx.x; k < NUM_TABLE_CELLS; k += BLOCK_SIZE)
        sm_cells[k] = tables.gm_cells[k];
    __syncthreads();
    const Real4* cells = sm_cells;
#else
    const Real4* cells = tables.gm_cells;
#endif
    // Where a list did not fit, the cells are searched instead, this once: slower, and as exact. The host then grows the lists.
    const bool listFits = list.gm_state[STATE_MAX_NEIGHBORS] <= list.capacity;
    const int group = (blockIdx.x * BLOCK_SIZE + threadIdx.x) / THREADS_PER_PARTICLE,
              thread = threadIdx.x % THREADS_PER_PARTICLE;
    const int numGroups = gridDim.x * BLOCK_SIZE / THREADS_PER_PARTICLE;
    const int numRounds = (list.numMembers + numGroups - 1) / numGroups; // the same for all threads of a warp
    EnergySum energy = 0;
    for (int round = 0; round < numRounds; round++) {
        const int i = round * numGroups + group;
        const bool isMember = i < list.numMembers;
        ParticleSum sum = {0, 0, 0, 0};
        if (isMember) {
            const Real4 position = list.gm_sorted[i];
            if (listFits) {
                const int count = list.gm_numNeighbors[i];
                const int* gm_list = list.gm_neighbor + (size_t) i * list.capacity;
                for (int k = thread; k < count; k += THREADS_PER_PARTICLE)
                    addPair<WithEnergy>(list, tables, cells, position, i, gm_list[k], sum);
            } else
                forEachRangeAround(list, findCell(list.grid, list.gm_builtAt[i]), [&](int start, int end) {
                    for (int j = start + thread; j < end; j += THREADS_PER_PARTICLE)
                        if (isNeighbor(list, position, i, j))
                            addPair<WithEnergy>(list, tables, cells, position, i, j, sum);
                });
        }
        sum.fx = sumOverGroup(sum.fx);
        sum.fy = sumOverGroup(sum.fy);
        sum.fz = sumOverGroup(sum.fz);
        energy += sum.energy;
        if (isMember && thread == 0) {
            const int slot = list.gm_order[i];
            // The buffer ends at 2^31 kJ/mol/nm, for all forces of the System together. NaN compares false.
            const Real limit = (Real) (1 << 30);
            if (!(fabs(sum.fx) < limit && fabs(sum.fy) < limit && fabs(sum.fz) < limit))
                list.report->overflowing = list.gm_atomIndex[slot] + 1;
            addForce(&output.gm_force[slot], sum.fx);
            addForce(&output.gm_force[slot + output.paddedNumAtoms], sum.fy);
            addForce(&output.gm_force[slot + 2 * output.paddedNumAtoms], sum.fz);
        }
    }
    if (WithEnergy)
        addBlockEnergy(energy, output);
    if (blockIdx.x == 0 && threadIdx.x == 0)
        list.gm_state[STATE_REBUILD] = 0; // nothing reads it until the next step
}

extern "C" __global__ void __launch_bounds__(BLOCK_SIZE)
    computeTableForces(PairList list, TableSet tables, ForceOutput output) {
    computeTable<false>(list, tables, output);
}

extern "C" __global__ void __launch_bounds__(BLOCK_SIZE)
    computeTableForcesAndEnergy(PairList list, TableSet tables, ForceOutput output) {
    computeTable<true>(list, tables, output);
}
