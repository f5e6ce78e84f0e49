// SPDX-License-Identifier: MIT
// Charges to grid. A block owns a tile of the grid in shared memory, and visits the charges whose windows reach into it: those of its
// own tile and of the tiles below it. Each grid point is thus written once, by one block, and needs no atomic addition to global memory;
// sums are in fixed point, so that they do not depend on the order.

/** A tile, or one of those below it, along one axis. */
struct TileAxis {
    int start, size;
};

__device__ __forceinline__ TileAxis getTileAxis(int tile, int numTiles, int num) {
    TileAxis axis;
    axis.start = getTileStart(tile, numTiles, num);
    axis.size = getTileStart(tile + 1, numTiles, num) - axis.start;
    return axis;
}

__device__ __forceinline__ void addToTile(GridCharge* sm_point, GridCharge value) {
#if SPREAD_DOUBLE
    atomicAdd((unsigned long long*) sm_point, (unsigned long long) value);
#else
    atomicAdd(sm_point, value);
#endif
}

__device__ __forceinline__ GridCharge toFixedPoint(float value) {
    return (GridCharge) __float2int_rn(value);
}

__device__ __forceinline__ long long toFixedPoint(double value) {
    return __double2ll_rn(value);
}

// Half of what the sums can hold: a physical system stays far below, and one that approaches it is told of.
#if SPREAD_DOUBLE
#define LARGEST_GRID_CHARGE (1LL << 62)
#else
#define LARGEST_GRID_CHARGE (1 << 30)
#endif

// A row of a tile is padded, so that neighboring rows begin in different banks.
#define TILE_ROW (TILE_Z | 1)
#define TILE_POINTS (TILE_X * TILE_Y * TILE_ROW)
// Charges that a block takes at a time.
#define SPREAD_BATCH (2 * SPREAD_THREADS)

/** A charge whose window reaches into the tile: where it begins relative to the tile, which may be at a negative place. */
struct Visitor {
    int site;
    short x, y, z;
};

/** The tile of a block. */
struct SpreadTile {
    int tx, ty, tz;
    TileAxis ax, ay, az;
};

/**
 * Append the charges of one tile, the block's own or one below it, that reach into the block's. All threads of the block call it.
 *
 * @param below     bit by bit whether the tile is the one below along x, y and z; that may be the same tile, around the box
 * @param first     the first charge of the tile to look at, a multiple of SPREAD_THREADS
 * @return whether there are charges beyond first + SPREAD_THREADS
 */
__device__ bool appendVisitors(const Mesh& mesh, const SpreadTile& own, int below, int first, Visitor* sm_visitors,
                               int* sm_count) {
    const int tx = below & 1 ? (own.tx > 0 ? own.tx : mesh.tilesX) - 1 : own.tx;
    const int ty = below & 2 ? (own.ty > 0 ? own.ty : mesh.tilesY) - 1 : own.ty;
    const int tz = below & 4 ? (own.tz > 0 ? own.tz : mesh.tilesZ) - 1 : own.tz;
    const int tile = (tx * mesh.tilesY + ty) * mesh.tilesZ + tz;
    const int i = mesh.gm_siteStart[tile] + first + threadIdx.x, end = mesh.gm_siteStart[tile + 1];
    if (i < end) {
        const Site& site = mesh.gm_sites[i];
        const TileAxis ax = getTileAxis(tx, mesh.tilesX, mesh.numX), ay = getTileAxis(ty, mesh.tilesY, mesh.numY),
                       az = getTileAxis(tz, mesh.tilesZ, mesh.numZ);
        const int x = site.ix - ax.start - (below & 1 ? ax.size : 0), y = site.iy - ay.start - (below & 2 ? ay.size : 0),
                  z = site.iz - az.start - (below & 4 ? az.size : 0);
        if (x + WINDOW_ORDER > 0 && y + WINDOW_ORDER > 0 && z + WINDOW_ORDER > 0) {
            Visitor& visitor = sm_visitors[atomicAdd(sm_count, 1)];
            visitor.site = i;
            visitor.x = (short) x;
            visitor.y = (short) y;
            visitor.z = (short) z;
        }
    }
    return mesh.gm_siteStart[tile] + first + SPREAD_THREADS < end;
}

/** Add a charge to the tile. */
__device__ void spreadSite(const Mesh& mesh, const SpreadTile& tile, const Visitor& visitor, GridCharge* sm_tile) {
    const Site& site = mesh.gm_sites[visitor.site];
    SpreadReal wx[WINDOW_ORDER], wy[WINDOW_ORDER], wz[WINDOW_ORDER];
    evaluateWindow((SpreadReal) site.fx, wx);
    evaluateWindow((SpreadReal) site.fy, wy);
    evaluateWindow((SpreadReal) site.fz, wz);
    const SpreadReal charge = (SpreadReal) (site.charge * (SiteReal) mesh.chargeScale);
#pragma unroll
    for (int h = 0; h < WINDOW_ORDER; h++) {
        if ((unsigned int) (visitor.x + h) >= tile.ax.size)
            continue;
        const SpreadReal weightX = charge * wx[h];
#pragma unroll
        for (int j = 0; j < WINDOW_ORDER; j++) {
            if ((unsigned int) (visitor.y + j) >= tile.ay.size)
                continue;
            const SpreadReal weight = weightX * wy[j];
            GridCharge* sm_row = sm_tile + ((visitor.x + h) * TILE_Y + visitor.y + j) * TILE_ROW + visitor.z;
#pragma unroll
            for (int k = 0; k < WINDOW_ORDER; k++)
                if ((unsigned int) (visitor.z + k) < tile.az.size)
                    addToTile(&sm_row[k], toFixedPoint(weight * wz[k]));
        }
    }
}

__device__ void spreadVisitors(const Mesh& mesh, const SpreadTile& tile, const Visitor* sm_visitors, int* sm_count,
                               GridCharge* sm_tile) {
    __syncthreads();
    const int count = *sm_count;
    for (int k = threadIdx.x; k < count; k += SPREAD_THREADS)
        spreadSite(mesh, tile, sm_visitors[k], sm_tile);
    __syncthreads();
    if (threadIdx.x == 0)
        *sm_count = 0;
    __syncthreads();
}

/** Write the tile to the grid. */
__device__ void writeTile(const Mesh& mesh, const SpreadTile& tile, const GridCharge* sm_tile) {
    const SpreadReal unit = (SpreadReal) (1 / mesh.chargeScale);
    for (int k = threadIdx.x; k < TILE_X * TILE_Y * TILE_Z; k += SPREAD_THREADS) { // divisions by constants
        const int z = k % TILE_Z, y = k / TILE_Z % TILE_Y, x = k / (TILE_Z * TILE_Y);
        if (x >= tile.ax.size || y >= tile.ay.size || z >= tile.az.size)
            continue;
        const GridCharge sum = sm_tile[(x * TILE_Y + y) * TILE_ROW + z];
        if (sum >= LARGEST_GRID_CHARGE || sum <= -LARGEST_GRID_CHARGE)
            mesh.report->crowded = 1;
        mesh.gm_grid[((size_t) (tile.ax.start + x) * mesh.numY + tile.ay.start + y) * mesh.numZ + tile.az.start + z] =
            (GridReal) ((SpreadReal) sum * unit);
    }
}

extern "C" __global__ void __launch_bounds__(SPREAD_THREADS) spreadCharges(Mesh mesh) {
    __shared__ GridCharge sm_tile[TILE_POINTS];
    __shared__ Visitor sm_visitors[SPREAD_BATCH];
    __shared__ int sm_count;
    SpreadTile tile;
    tile.tz = blockIdx.x % mesh.tilesZ;
    tile.ty = blockIdx.x / mesh.tilesZ % mesh.tilesY;
    tile.tx = blockIdx.x / (mesh.tilesZ * mesh.tilesY);
    tile.ax = getTileAxis(tile.tx, mesh.tilesX, mesh.numX);
    tile.ay = getTileAxis(tile.ty, mesh.tilesY, mesh.numY);
    tile.az = getTileAxis(tile.tz, mesh.tilesZ, mesh.numZ);
    for (int k = threadIdx.x; k < TILE_POINTS; k += SPREAD_THREADS)
        sm_tile[k] = 0;
    if (threadIdx.x == 0)
        sm_count = 0;
    __syncthreads();
    for (int below = 0; below < 8; below++) {
        bool more = true; // the same for all threads
        for (int first = 0; more; first += SPREAD_THREADS) {
            more = appendVisitors(mesh, tile, below, first, sm_visitors, &sm_count);
            __syncthreads();
            const bool full = sm_count > SPREAD_BATCH - SPREAD_THREADS;
            __syncthreads();
            if (full)
                spreadVisitors(mesh, tile, sm_visitors, &sm_count, sm_tile);
        }
    }
    spreadVisitors(mesh, tile, sm_visitors, &sm_count, sm_tile);
    writeTile(mesh, tile, sm_tile);
}
