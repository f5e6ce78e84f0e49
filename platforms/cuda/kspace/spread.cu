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

/**
 * Add to a point of the grid. In single two points are added to together, as one number of 64 bits; readSums() takes them apart.
 *
 * @param point  an even one for addPairToGrid()
 */
__device__ __forceinline__ void addToGrid(GridSum* gm_sum, int point, GridSum value) {
#if SPREAD_DOUBLE
    atomicAdd(reinterpret_cast<unsigned long long*>(gm_sum + point), (unsigned long long) value);
#else
    atomicAdd(reinterpret_cast<unsigned long long*>(gm_sum) + point / 2,
              (unsigned long long) (long long) value << (point % 2 * 32));
#endif
}

__device__ __forceinline__ void addPairToGrid(GridSum* gm_sum, int point, GridSum first, GridSum second) {
#if SPREAD_DOUBLE
    if (first != 0)
        addToGrid(gm_sum, point, first);
    if (second != 0)
        addToGrid(gm_sum, point + 1, second);
#else
    if (first != 0 || second != 0)
        atomicAdd(reinterpret_cast<unsigned long long*>(gm_sum) + point / 2,
                  (unsigned long long) first + ((unsigned long long) second << 32));
#endif
}

/** Get the weights of a charge along the axes; those of x contain the charge, in fixed-point units. */
__device__ __forceinline__ void getSpreadWeights(SiteReal fx, SiteReal fy, SiteReal fz, SpreadReal charge,
                                                 SpreadReal wx[WINDOW_ORDER], SpreadReal wy[WINDOW_ORDER],
                                                 SpreadReal wz[WINDOW_ORDER]) {
    evaluateWindow((SpreadReal) fx, wx);
    evaluateWindow((SpreadReal) fy, wy);
    evaluateWindow((SpreadReal) fz, wz);
#pragma unroll
    for (int h = 0; h < WINDOW_ORDER; h++)
        wx[h] *= charge;
}

/** Add a charge of the block's tile. */
__device__ __forceinline__ void spreadToTile(const TileSite& site, SpreadReal charge, int* sm_tile) {
    SpreadReal wx[WINDOW_ORDER], wy[WINDOW_ORDER], wz[WINDOW_ORDER];
    getSpreadWeights(site.fx, site.fy, site.fz, charge, wx, wy, wz);
    int* sm_corner = sm_tile + site.corner;
#pragma unroll UNROLLED_PLANES
    for (int h = 0; h < WINDOW_ORDER; h++)
#pragma unroll
        for (int j = 0; j < WINDOW_ORDER; j++) {
            const SpreadReal weight = wx[h] * wy[j];
#pragma unroll
            for (int k = 0; k < WINDOW_ORDER; k++)
                addToTile(&sm_corner[(h * HALO_Y + j) * HALO_ROW + k], multiplyToFixed(weight, wz[k]));
        }
}

/** Add a charge that is not in a tile directly to the grid, and keep it for the interpolation. */
__device__ __noinline__ void spreadStray(const Mesh& mesh, Site site) {
    mesh.gm_stray[atomicAdd(&mesh.state->numStray, 1)] = site;
    SpreadReal wx[WINDOW_ORDER], wy[WINDOW_ORDER], wz[WINDOW_ORDER];
    getSpreadWeights(site.fx, site.fy, site.fz, (SpreadReal) (site.charge * (SiteReal) mesh.chargeScale), wx, wy, wz);
#pragma unroll 1
    for (int h = 0; h < WINDOW_ORDER; h++) {
        const int plane = findPoint(wrapPoint(site.ix + h, GRID_X), 0, 0);
        SpreadReal weightX = 0;
#pragma unroll
        for (int i = 0; i < WINDOW_ORDER; i++)
            weightX = i == h ? wx[i] : weightX;
#pragma unroll
        for (int j = 0; j < WINDOW_ORDER; j++) {
            const SpreadReal weight = weightX * wy[j];
            const int row = findPoint(0, wrapPoint(site.iy + j, GRID_Y), plane);
#pragma unroll
            for (int k = 0; k < WINDOW_ORDER; k++)
                addToGrid(mesh.gm_sum, row + wrapPoint(site.iz + k, GRID_Z), multiplyToFixed(weight, wz[k]));
        }
    }
}

/** Add the charges that found no room when they were sorted. */
__device__ __noinline__ void spreadRest(const Mesh& mesh) {
    const TileRecord rest = getTable(mesh, mesh.state->table)[NUM_TILES];
    const Member* gm_rest = mesh.gm_member + rest.start;
    for (int i = blockIdx.x * SPREAD_THREADS + threadIdx.x; i < rest.count; i += REST_BLOCKS * SPREAD_THREADS)
        spreadStray(mesh, makeSite(mesh, gm_rest[i], loadPlace(mesh, gm_rest[i].slot)));
}

/** What a block of the spreading has in shared memory beside the sums. */
struct SpreadBatch {
    TileSite site[ORDER_BATCH];
    SpreadReal charge[ORDER_BATCH]; // fixed-point units
    BankOrder order;
    bool hasStray; // charges that have left the tile
};

__device__ __forceinline__ void clearBatch(SpreadBatch& sm_batch) {
    clearOrder(sm_batch.order);
    if (threadIdx.x == 33)
        sm_batch.hasStray = false;
}

/** Add charge i to the batch of a tile, or mark it as having left the tile. */
__device__ __forceinline__ void addToBatch(const Mesh& mesh, const Tile& tile, const Site& site, int member, int i,
                                           int height, SpreadBatch& sm_batch) {
    const unsigned int corner = findCorner(tile, site);
    TileSite placed = {site.fx, site.fy, site.fz, (unsigned short) corner, (unsigned short) member};
    sm_batch.site[i] = placed;
    sm_batch.charge[i] = (SpreadReal) (site.charge * (SiteReal) mesh.chargeScale);
    if (corner == NO_CORNER)
        sm_batch.hasStray = true;
    else
        addToOrder(sm_batch.order, height, corner, i);
}

/** Some of a tile's charges, as a thread loads them: what it waits for is loaded together. */
struct LoadedMembers {
    static constexpr int Num = (ORDER_BATCH + SPREAD_THREADS - 1) / SPREAD_THREADS;
    Member member[Num];
    Place place[Num];
    __device__ __forceinline__ void loadMembers(const Member* gm_member, int count) {
#pragma unroll
        for (int k = 0; k < Num; k++)
            member[k] = gm_member[min((int) threadIdx.x + k * SPREAD_THREADS, count - 1)];
    }
    __device__ __forceinline__ void loadPlaces(const Mesh& mesh) {
#pragma unroll
        for (int k = 0; k < Num; k++)
            place[k] = loadPlace(mesh, member[k].slot);
    }
};

__device__ __noinline__ void spreadStrays(const Mesh& mesh, const Member* gm_member, int count,
                                          const SpreadBatch& sm_batch) {
    for (int i = threadIdx.x; i < count; i += SPREAD_THREADS)
        if (sm_batch.site[i].corner == NO_CORNER)
            spreadStray(mesh, makeSite(mesh, gm_member[i], loadPlace(mesh, gm_member[i].slot)));
}

/**
 * Spread a batch of a tile's charges, and write them down for the interpolation. The rows that share banks come first, so that others are there to
 * do while they wait.
 *
 * @return the rows that the charges fill
 */
__device__ __forceinline__ int spreadBatch(const SpreadBatch& sm_batch, int height, int* sm_tile, TileSite* gm_site) {
    const int lane = threadIdx.x % 32, numRows = countRows(sm_batch.order, height);
    for (int row = threadIdx.x / 32; row < numRows; row += SPREAD_THREADS / 32) {
        const int i = getCharge(sm_batch.order, height, numRows - 1 - row, lane);
        if (i >= 0) {
            const TileSite site = sm_batch.site[i];
            gm_site[row * 32 + lane] = site;
            spreadToTile(site, sm_batch.charge[i], sm_tile);
        } else
            gm_site[row * 32 + lane].corner = NO_CORNER;
    }
    return numRows;
}

/** Load the record of a tile from the table in use; both at once, since it takes as long to learn which that is. */
__device__ __forceinline__ TileRecord loadRecord(const Mesh& mesh, int index, int& table) {
    const TileRecord first = getTable(mesh, 0)[index], second = getTable(mesh, 1)[index];
    table = mesh.state->table;
    return table == 0 ? first : second;
}

/** REST_BLOCKS for what found no room, which are done at once and so come first; and a block for each tile. */
extern "C" __global__ void __launch_bounds__(SPREAD_THREADS, SPREAD_BLOCKS)
    spreadCharges(const __grid_constant__ Mesh mesh) {
    extern __shared__ __align__(16) int sm_tile[]; // [HALO_POINTS], twice in double
    __shared__ SpreadBatch sm_batch;
    if (blockIdx.x < REST_BLOCKS) {
        spreadRest(mesh);
        return;
    }
    int table;
    const int index = blockIdx.x - REST_BLOCKS;
    const TileRecord record = loadRecord(mesh, index, table);
    const Tile tile = getTile(index);
    const Member* gm_member = mesh.gm_member + record.start;
    const int numMembers = min(record.count, record.room),
              firstSite = findFirstSite(index, record.start - table * mesh.memberCapacity);
    int numRows = 0;
    const int numBatches = (numMembers + ORDER_BATCH - 1) / ORDER_BATCH;
    for (int batch = 0; batch < numBatches; batch++) {
        const int first = batch * numMembers / numBatches, count = (batch + 1) * numMembers / numBatches - first,
                  height = (count + 31) / 32;
        LoadedMembers loaded;
        loaded.loadMembers(gm_member + first, count);
        if (batch == 0)
            for (int k = threadIdx.x; k < HALO_POINTS * (SPREAD_DOUBLE ? 2 : 1) / 2; k += SPREAD_THREADS)
                reinterpret_cast<int2*>(sm_tile)[k] = make_int2(0, 0);
        else
            __syncthreads(); // all have done with the batch before
        loaded.loadPlaces(mesh);
        clearBatch(sm_batch);
        __syncthreads();
#pragma unroll
        for (int k = 0; k < LoadedMembers::Num; k++) {
            const int i = threadIdx.x + k * SPREAD_THREADS;
            if (i < count)
                addToBatch(mesh, tile, makeSite(mesh, loaded.member[k], loaded.place[k]), first + i, i, height,
                           sm_batch);
        }
        __syncthreads();
        if (sm_batch.hasStray)
            spreadStrays(mesh, gm_member + first, count, sm_batch);
        numRows += spreadBatch(sm_batch, height, sm_tile, mesh.gm_site + firstSite + 32 * numRows);
    }
    if (threadIdx.x == 0)
        mesh.gm_rows[index] = {firstSite, numRows, record.start, 0};
    if (numMembers == 0)
        return;
    __syncthreads();
    visitHalo<SPREAD_THREADS>(tile, [&](int place, int point) {
        const GridSum first = readTile(&sm_tile[place], mesh.report);
        if (POINTS_TOGETHER == 2)
            addPairToGrid(mesh.gm_sum, point, first, readTile(&sm_tile[place + 1], mesh.report));
        else if (first != 0)
            addToGrid(mesh.gm_sum, point, first);
    });
}

template <class T>
struct __align__(16) Four {
    T value[4];
};

/** Sums to charges. And, if it is time, charges are sorted for the next step. */
extern "C" __global__ void __launch_bounds__(READ_THREADS) readSums(Mesh mesh) {
    const int numPoints = GRID_X * GRID_Y * GRID_ROW; // those after the end of a row, which nobody reads, are 0
    const GridSum limit = (GridSum) (4 * (long long) TILE_LIMIT) << (SPREAD_DOUBLE ? LIMB_BITS : 0);
    const SpreadReal unit = (SpreadReal) mesh.chargeUnit;
    const bool sorting = mustSort(mesh);
    for (int i = blockIdx.x * READ_THREADS + threadIdx.x; i < (numPoints - 1) / 4 + 1;
         i += gridDim.x * READ_THREADS) { // buffers are multiples of 4 points
        Four<GridSum> sums = reinterpret_cast<const Four<GridSum>*>(mesh.gm_sum)[i];
#if !SPREAD_DOUBLE // the first of two has taken one from the second if it is negative
        sums.value[1] += sums.value[0] < 0;
        sums.value[3] += sums.value[2] < 0;
#endif
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
    if (sorting)
        sortIntoOther(mesh);
}
