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

// A row of a tile is padded so that the rows that a window covers begin in different banks.
#define TILE_ROW (TILE_Z | 1)

/** The charges that a warp works on: weights along each axis, the charge being a factor of those along x. */
struct SpreadBatch {
    SpreadReal weight[32][3 * WINDOW_ORDER];
};

/**
 * Add one charge of the batch to the tile, all lanes together: lanes differ in y and z, for which consecutive lanes are close.
 *
 * @param x, y, z  the window's first point, relative to the tile; may be negative
 */
__device__ __forceinline__ void spreadSite(GridCharge* sm_tile, const SpreadReal* sm_weight, int x, int y, int z,
                                           const TileAxis& ax, const TileAxis& ay, const TileAxis& az) {
    for (int k = threadIdx.x % 32; k < WINDOW_ORDER * WINDOW_ORDER; k += 32) {
        const int j = k / WINDOW_ORDER, i = k % WINDOW_ORDER;
        const int py = y + j, pz = z + i;
        if (py < 0 || py >= ay.size || pz < 0 || pz >= az.size)
            continue;
        const SpreadReal weight = sm_weight[WINDOW_ORDER + j] * sm_weight[2 * WINDOW_ORDER + i];
#pragma unroll
        for (int h = 0; h < WINDOW_ORDER; h++)
            if (x + h >= 0 && x + h < ax.size)
                addToTile(&sm_tile[((x + h) * TILE_Y + py) * TILE_ROW + pz], toFixedPoint(sm_weight[h] * weight));
    }
}

extern "C" __global__ void __launch_bounds__(SPREAD_THREADS) spreadCharges(Mesh mesh) {
    extern __shared__ __align__(16) unsigned char sm_spread[];
    SpreadBatch* sm_batch = reinterpret_cast<SpreadBatch*>(sm_spread); // one for each warp
    GridCharge* sm_tile = reinterpret_cast<GridCharge*>(sm_batch + SPREAD_THREADS / 32); // [TILE_X][TILE_Y][TILE_ROW]
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    SpreadBatch& sm_mine = sm_batch[warp];
    const int tz = blockIdx.x % mesh.tilesZ, ty = blockIdx.x / mesh.tilesZ % mesh.tilesY,
              tx = blockIdx.x / (mesh.tilesZ * mesh.tilesY);
    const TileAxis ax = getTileAxis(tx, mesh.tilesX, mesh.numX), ay = getTileAxis(ty, mesh.tilesY, mesh.numY),
                   az = getTileAxis(tz, mesh.tilesZ, mesh.numZ);
    for (int k = threadIdx.x; k < TILE_X * TILE_Y * TILE_ROW; k += SPREAD_THREADS)
        sm_tile[k] = 0;
    __syncthreads();
    for (int below = 0; below < 8; below++) {
        const int ux = below & 1 ? (tx > 0 ? tx : mesh.tilesX) - 1 : tx;
        const int uy = below & 2 ? (ty > 0 ? ty : mesh.tilesY) - 1 : ty;
        const int uz = below & 4 ? (tz > 0 ? tz : mesh.tilesZ) - 1 : tz;
        // Points of that tile are at negative places when seen from ours.
        const TileAxis bx = getTileAxis(ux, mesh.tilesX, mesh.numX), by = getTileAxis(uy, mesh.tilesY, mesh.numY),
                       bz = getTileAxis(uz, mesh.tilesZ, mesh.numZ);
        const int shiftX = bx.start + (below & 1 ? bx.size : 0), shiftY = by.start + (below & 2 ? by.size : 0),
                  shiftZ = bz.start + (below & 4 ? bz.size : 0);
        const int tile = (ux * mesh.tilesY + uy) * mesh.tilesZ + uz;
        const int end = mesh.gm_siteStart[tile + 1];
        for (int first = mesh.gm_siteStart[tile] + 32 * warp; first < end; first += SPREAD_THREADS) {
            int x = 0, y = 0, z = 0;
            bool reaches = false;
            if (first + lane < end) {
                const Site site = mesh.gm_sites[first + lane];
                x = site.ix - shiftX;
                y = site.iy - shiftY;
                z = site.iz - shiftZ;
                reaches = x + WINDOW_ORDER > 0 && y + WINDOW_ORDER > 0 && z + WINDOW_ORDER > 0 && site.charge != 0;
                if (reaches) {
                    SpreadReal weights[WINDOW_ORDER];
                    const SpreadReal scaledCharge = (SpreadReal) (site.charge * (SiteReal) mesh.chargeScale);
                    evaluateWindow((SpreadReal) site.fx, weights);
                    for (int j = 0; j < WINDOW_ORDER; j++)
                        sm_mine.weight[lane][j] = scaledCharge * weights[j];
                    evaluateWindow((SpreadReal) site.fy, weights);
                    for (int j = 0; j < WINDOW_ORDER; j++)
                        sm_mine.weight[lane][WINDOW_ORDER + j] = weights[j];
                    evaluateWindow((SpreadReal) site.fz, weights);
                    for (int j = 0; j < WINDOW_ORDER; j++)
                        sm_mine.weight[lane][2 * WINDOW_ORDER + j] = weights[j];
                }
            }
            __syncwarp();
            for (unsigned int votes = __ballot_sync(0xffffffff, reaches); votes != 0; votes &= votes - 1) {
                const int source = __ffs(votes) - 1;
                spreadSite(sm_tile, sm_mine.weight[source], __shfl_sync(0xffffffff, x, source),
                           __shfl_sync(0xffffffff, y, source), __shfl_sync(0xffffffff, z, source), ax, ay, az);
            }
            __syncwarp();
        }
    }
    __syncthreads();
    const SpreadReal unit = (SpreadReal) (1 / mesh.chargeScale);
    for (int k = threadIdx.x; k < ax.size * ay.size * az.size; k += SPREAD_THREADS) {
        const int z = k % az.size, y = k / az.size % ay.size, x = k / (az.size * ay.size);
        const GridCharge sum = sm_tile[(x * TILE_Y + y) * TILE_ROW + z];
        if (sum >= LARGEST_GRID_CHARGE || sum <= -LARGEST_GRID_CHARGE)
            mesh.report->crowded = 1;
        mesh.gm_grid[((size_t) (ax.start + x) * mesh.numY + ay.start + y) * mesh.numZ + az.start + z] =
            (GridReal) ((SpreadReal) sum * unit);
    }
}
