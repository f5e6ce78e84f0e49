// SPDX-License-Identifier: MIT
// Charges to grid. A block sums the charges of a tile over the tile and its halo in shared memory, and adds that to the grid. All sums are in
// fixed point, so that they do not depend on the order.

// Shared memory adds 32-bit integers natively, and 64-bit ones by slow compare-and-swap loops: in double a value is therefore two integers,
// high*2^LIMB_BITS + low with 0 <= low < 2^LIMB_BITS, which leaves room for 2^(31-LIMB_BITS) terms.
#define LIMB_BITS 22
// A tile holds sums up to this, 64 times what one charge can add, and the grid four times as much; eight tiles can meet at a point. A physical
// system stays far below.
#define TILE_LIMIT (1 << 28)

/** Get a product in fixed point. */
__device__ __forceinline__ GridSum multiplyToFixed(SpreadReal a, SpreadReal b) {
#if SPREAD_DOUBLE
    return __double2ll_rn(a * b);
#else
    // Adding 1.5*2^23 leaves the nearest integer in the low bits, as long as that is below 2^22; conversions are slower.
    return __float_as_int(__fmaf_rn(a, b, 12582912.0f)) - 0x4b400000;
#endif
}

/** Add to a point of a block's tile: one int, and another HALO_POINTS further in double. */
__device__ __forceinline__ void addToTile(int* sm_point, GridSum value) {
#if SPREAD_DOUBLE
    atomicAdd(sm_point, (int) (value >> LIMB_BITS));
    atomicAdd(sm_point + HALO_POINTS, (int) (value & ((1 << LIMB_BITS) - 1)));
#else
    atomicAdd(sm_point, value);
#endif
}

/** Get the value of a sum, and report one that comes near to what integers hold. */
__device__ __forceinline__ GridSum readTile(const int* sm_point, MeshReport* report) {
    const int high = *sm_point;
    bool crowded = high >= TILE_LIMIT || high <= -TILE_LIMIT;
#if SPREAD_DOUBLE
    const unsigned int low = sm_point[HALO_POINTS];
    crowded |= low >= 1u << 31;
    const GridSum value = (GridSum) high * (1 << LIMB_BITS) + low;
#else
    const GridSum value = high;
#endif
    if (crowded)
        report->crowded = 1;
    return value;
}

__device__ __forceinline__ void addToGrid(GridSum* gm_point, GridSum value) {
#if SPREAD_DOUBLE
    atomicAdd(reinterpret_cast<unsigned long long*>(gm_point), (unsigned long long) value);
#else
    atomicAdd(gm_point, value);
#endif
}

/** Get the weights of a charge along the axes; those of x contain the charge in fixed-point units. */
__device__ __forceinline__ void getSpreadWeights(const Mesh& mesh, const Site& site, SpreadReal wx[WINDOW_ORDER],
                                                 SpreadReal wy[WINDOW_ORDER], SpreadReal wz[WINDOW_ORDER]) {
    evaluateWindow((SpreadReal) site.fx, wx);
    evaluateWindow((SpreadReal) site.fy, wy);
    evaluateWindow((SpreadReal) site.fz, wz);
    const SpreadReal charge = (SpreadReal) (site.charge * (SiteReal) mesh.chargeScale);
#pragma unroll
    for (int h = 0; h < WINDOW_ORDER; h++)
        wx[h] *= charge;
}

/** Add a charge of the block's tile. */
__device__ __forceinline__ void spreadToTile(const Mesh& mesh, const Tile& tile, const Site& site, int* sm_tile) {
    SpreadReal wx[WINDOW_ORDER], wy[WINDOW_ORDER], wz[WINDOW_ORDER];
    getSpreadWeights(mesh, site, wx, wy, wz);
    int* sm_corner = sm_tile + findCorner(tile, site);
#pragma unroll
    for (int h = 0; h < WINDOW_ORDER; h++)
#pragma unroll
        for (int j = 0; j < WINDOW_ORDER; j++) {
            const SpreadReal weight = wx[h] * wy[j];
#pragma unroll
            for (int k = 0; k < WINDOW_ORDER; k++)
                addToTile(&sm_corner[(h * HALO_Y + j) * HALO_ROW + k], multiplyToFixed(weight, wz[k]));
        }
}

/** Add the charges that found no room in the table, directly to the grid: a thread takes a plane of constant x of one charge. */
__device__ void spreadRest(const Mesh& mesh, int numBlocks) {
    const int numPlanes = mesh.table.gm_count[NUM_TILES] * WINDOW_ORDER;
    const Site* gm_rest = mesh.gm_sites + mesh.table.gm_start[NUM_TILES];
    for (int i = (blockIdx.x - NUM_TILES) * SPREAD_THREADS + threadIdx.x; i < numPlanes;
         i += numBlocks * SPREAD_THREADS) {
        const Site site = gm_rest[i / WINDOW_ORDER];
        const int plane = i % WINDOW_ORDER;
        SpreadReal wx[WINDOW_ORDER], wy[WINDOW_ORDER], wz[WINDOW_ORDER];
        getSpreadWeights(mesh, site, wx, wy, wz);
        SpreadReal weightX = 0;
#pragma unroll
        for (int h = 0; h < WINDOW_ORDER; h++)
            weightX = h == plane ? wx[h] : weightX;
        GridSum* gm_plane = mesh.gm_sum + findPoint(wrapPoint(site.ix + plane, GRID_X), 0, 0);
#pragma unroll
        for (int j = 0; j < WINDOW_ORDER; j++) {
            const SpreadReal weight = weightX * wy[j];
            GridSum* gm_row = gm_plane + findPoint(0, wrapPoint(site.iy + j, GRID_Y), 0);
#pragma unroll
            for (int k = 0; k < WINDOW_ORDER; k++)
                addToGrid(&gm_row[wrapPoint(site.iz + k, GRID_Z)], multiplyToFixed(weight, wz[k]));
        }
    }
}

/** A block for each tile, and REST_BLOCKS for what found no room. */
extern "C" __global__ void __launch_bounds__(SPREAD_THREADS) spreadCharges(Mesh mesh) {
    extern __shared__ int sm_tile[]; // [HALO_POINTS], twice in double
    __shared__ BankOrder sm_order;
    if (blockIdx.x >= NUM_TILES) {
        spreadRest(mesh, REST_BLOCKS);
        return;
    }
    const Tile tile = getTile(blockIdx.x);
    const int start = mesh.table.gm_start[blockIdx.x],
              numSites = min(mesh.table.gm_count[blockIdx.x], mesh.table.gm_start[blockIdx.x + 1] - start);
    if (numSites == 0)
        return;
    for (int k = threadIdx.x; k < HALO_POINTS * (SPREAD_DOUBLE ? 2 : 1); k += SPREAD_THREADS)
        sm_tile[k] = 0;
    for (int first = 0; first < numSites; first += ORDER_BATCH) {
        const Site* gm_batch = mesh.gm_sites + start + first;
        const int count = min(ORDER_BATCH, numSites - first);
        orderCharges<SPREAD_THREADS, sizeof(int)>(sm_order, count,
                                                  [&](int i) { return findCorner(tile, gm_batch[i]); });
        takeCharges<SPREAD_THREADS, sizeof(int)>(sm_order, count,
                                                 [&](int i) { spreadToTile(mesh, tile, gm_batch[i], sm_tile); });
    }
    __syncthreads();
    visitHalo<SPREAD_THREADS>(tile, [&](int place, int point) {
        const GridSum value = readTile(&sm_tile[place], mesh.report);
        if (value != 0)
            addToGrid(&mesh.gm_sum[point], value);
    });
}

template <class T>
struct __align__(16) Four {
    T value[4];
};

/** Sums to charges; and the table of the next step, which could be made at any other time. */
extern "C" __global__ void __launch_bounds__(READ_THREADS) readSums(Mesh mesh) {
    if (blockIdx.x == gridDim.x - 1) {
        makeRoom<READ_THREADS>(mesh);
        return;
    }
    const int numPoints = GRID_X * GRID_Y * GRID_ROW; // those after the end of a row, which nobody reads, are 0
    const GridSum limit = (GridSum) (4 * (long long) TILE_LIMIT) << (SPREAD_DOUBLE ? LIMB_BITS : 0);
    const SpreadReal unit = (SpreadReal) (1 / mesh.chargeScale);
    for (int i = blockIdx.x * READ_THREADS + threadIdx.x; i < (numPoints - 1) / 4 + 1;
         i += (gridDim.x - 1) * READ_THREADS) { // buffers are multiples of 4 points
        const Four<GridSum> sums = reinterpret_cast<const Four<GridSum>*>(mesh.gm_sum)[i];
        Four<GridReal> charges;
        bool crowded = false;
#pragma unroll
        for (int k = 0; k < 4; k++) {
            crowded |= sums.value[k] >= limit || sums.value[k] <= -limit;
            charges.value[k] = (GridReal) ((SpreadReal) sums.value[k] * unit);
        }
        reinterpret_cast<Four<GridReal>*>(mesh.gm_grid)[i] = charges;
        if (crowded)
            mesh.report->crowded = 1;
    }
}
