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

// Sums in fixed point. Shared memory adds 32-bit integers natively, and 64-bit ones by slow compare-and-swap loops: in double a value
// is therefore two integers, high*2^LIMB_BITS + low with 0 <= low < 2^LIMB_BITS, which leaves room for 2^(31-LIMB_BITS) terms.
#define LIMB_BITS 22

struct TileSum {
    int high;
#if SPREAD_DOUBLE
    unsigned int low;
#endif
};

__device__ __forceinline__ void addToTile(TileSum* sm_point, SpreadReal value) {
#if SPREAD_DOUBLE
    const long long fixed = __double2ll_rn(value);
    atomicAdd(&sm_point->low, (unsigned int) fixed & ((1u << LIMB_BITS) - 1));
    atomicAdd(&sm_point->high, (int) (fixed >> LIMB_BITS));
#else
    atomicAdd(&sm_point->high, __float2int_rn(value));
#endif
}

/** Get the value of a sum, and report one that comes near to what integers hold. A physical system stays far below. */
__device__ __forceinline__ SpreadReal readTile(const TileSum& sum, MeshReport* report) {
    const int limit = 1 << 30;
    bool crowded = sum.high >= limit || sum.high <= -limit;
#if SPREAD_DOUBLE
    crowded |= sum.low >= 2u * limit;
    const SpreadReal value = (double) sum.high * (1 << LIMB_BITS) + sum.low;
#else
    const SpreadReal value = (float) sum.high;
#endif
    if (crowded)
        report->crowded = 1;
    return value;
}

// A row of a tile is padded, so that neighboring rows begin in different banks.
#define TILE_ROW (TILE_Z | 1)
#define TILE_POINTS (TILE_X * TILE_Y * TILE_ROW)
// Charges that a block looks at between two synchronizations.
#define SPREAD_BATCH 1024

/** A charge whose window reaches into the tile: where it begins relative to the tile, which may be at a negative place. */
struct Visitor {
    int site;
    short x, y, z;
};

/** One of the eight tiles whose charges may reach into the block's: itself and those below it, around the box. */
struct Source {
    int firstSite;
    int firstCandidate; // number of charges in the sources before this one
    short x, y, z;      // point that is at 0 of the block's tile, or would be but for the periodicity
};

/** The tile of a block. */
struct SpreadTile {
    TileAxis ax, ay, az;
};

/** Find one source: its bits say whether it is the tile below along x, y and z. */
__device__ Source findSource(const Mesh& mesh, int bits) {
    const int ownZ = blockIdx.x % mesh.tilesZ, ownY = blockIdx.x / mesh.tilesZ % mesh.tilesY,
              ownX = blockIdx.x / (mesh.tilesZ * mesh.tilesY);
    const int tx = bits & 1 ? (ownX > 0 ? ownX : mesh.tilesX) - 1 : ownX;
    const int ty = bits & 2 ? (ownY > 0 ? ownY : mesh.tilesY) - 1 : ownY;
    const int tz = bits & 4 ? (ownZ > 0 ? ownZ : mesh.tilesZ) - 1 : ownZ;
    const int tile = (tx * mesh.tilesY + ty) * mesh.tilesZ + tz;
    Source source;
    source.firstSite = mesh.gm_siteStart[tile];
    source.firstCandidate = mesh.gm_siteStart[tile + 1] - source.firstSite; // summed up later
    source.x = (short) getTileStart(tx + (bits & 1), mesh.tilesX, mesh.numX);
    source.y = (short) getTileStart(ty + (bits >> 1 & 1), mesh.tilesY, mesh.numY);
    source.z = (short) getTileStart(tz + (bits >> 2 & 1), mesh.tilesZ, mesh.numZ);
    return source;
}

/** Append a charge to the visitors if it reaches into the tile. */
__device__ __forceinline__ void appendVisitor(const Mesh& mesh, const Source* sm_sources, int candidate,
                                              Visitor* sm_visitors, int* sm_count) {
    int k = 0;
#pragma unroll
    for (int next = 1; next < 8; next++)
        k += candidate >= sm_sources[next].firstCandidate;
    const Source& source = sm_sources[k];
    const int i = source.firstSite + candidate - source.firstCandidate;
    const Site& site = mesh.gm_sites[i];
    const int x = site.ix - source.x, y = site.iy - source.y, z = site.iz - source.z;
    if (x + WINDOW_ORDER > 0 && y + WINDOW_ORDER > 0 && z + WINDOW_ORDER > 0) {
        Visitor& visitor = sm_visitors[atomicAdd(sm_count, 1)];
        visitor.site = i;
        visitor.x = (short) x;
        visitor.y = (short) y;
        visitor.z = (short) z;
    }
}

/** Add to the tile what one charge has for one plane of constant x. */
__device__ __forceinline__ void spreadPlane(const Mesh& mesh, const SpreadTile& tile, const Visitor& visitor, int plane,
                                            TileSum* sm_tile) {
    const int x = visitor.x + plane;
    if ((unsigned int) x >= tile.ax.size)
        return;
    const Site& site = mesh.gm_sites[visitor.site];
    SpreadReal wx[WINDOW_ORDER], wy[WINDOW_ORDER], wz[WINDOW_ORDER];
    evaluateWindow((SpreadReal) site.fx, wx);
    evaluateWindow((SpreadReal) site.fy, wy);
    evaluateWindow((SpreadReal) site.fz, wz);
    SpreadReal weightX = 0;
#pragma unroll
    for (int h = 0; h < WINDOW_ORDER; h++)
        weightX = h == plane ? wx[h] : weightX;
    weightX *= (SpreadReal) (site.charge * (SiteReal) mesh.chargeScale);
#pragma unroll
    for (int j = 0; j < WINDOW_ORDER; j++) {
        if ((unsigned int) (visitor.y + j) >= tile.ay.size)
            continue;
        const SpreadReal weight = weightX * wy[j];
        TileSum* sm_row = sm_tile + (x * TILE_Y + visitor.y + j) * TILE_ROW + visitor.z;
#pragma unroll
        for (int k = 0; k < WINDOW_ORDER; k++)
            if ((unsigned int) (visitor.z + k) < tile.az.size)
                addToTile(&sm_row[k], weight * wz[k]);
    }
}

/** Write the tile to the grid. */
__device__ void writeTile(const Mesh& mesh, const SpreadTile& tile, const TileSum* sm_tile) {
    const SpreadReal unit = (SpreadReal) (1 / mesh.chargeScale);
    for (int k = threadIdx.x; k < TILE_X * TILE_Y * TILE_Z; k += SPREAD_THREADS) { // divisions by constants
        const int z = k % TILE_Z, y = k / TILE_Z % TILE_Y, x = k / (TILE_Z * TILE_Y);
        if (x >= tile.ax.size || y >= tile.ay.size || z >= tile.az.size)
            continue;
        const SpreadReal value = readTile(sm_tile[(x * TILE_Y + y) * TILE_ROW + z], mesh.report);
        mesh.gm_grid[((size_t) (tile.ax.start + x) * mesh.numY + tile.ay.start + y) * mesh.numZ + tile.az.start + z] =
            (GridReal) (value * unit);
    }
}

extern "C" __global__ void __launch_bounds__(SPREAD_THREADS) spreadCharges(Mesh mesh) {
    __shared__ TileSum sm_tile[TILE_POINTS];
    __shared__ Visitor sm_visitors[SPREAD_BATCH];
    __shared__ Source sm_sources[8];
    __shared__ int sm_count, sm_numCandidates;
    SpreadTile tile;
    tile.az = getTileAxis(blockIdx.x % mesh.tilesZ, mesh.tilesZ, mesh.numZ);
    tile.ay = getTileAxis(blockIdx.x / mesh.tilesZ % mesh.tilesY, mesh.tilesY, mesh.numY);
    tile.ax = getTileAxis(blockIdx.x / (mesh.tilesZ * mesh.tilesY), mesh.tilesX, mesh.numX);
    for (int k = threadIdx.x; k < TILE_POINTS; k += SPREAD_THREADS)
        sm_tile[k] = TileSum();
    if (threadIdx.x < 8)
        sm_sources[threadIdx.x] = findSource(mesh, threadIdx.x);
    __syncthreads();
    if (threadIdx.x == 0) {
        int sum = 0;
        for (int k = 0; k < 8; k++) {
            const int count = sm_sources[k].firstCandidate;
            sm_sources[k].firstCandidate = sum;
            sum += count;
        }
        sm_numCandidates = sum;
        sm_count = 0;
    }
    __syncthreads();
    const int numCandidates = sm_numCandidates;
    for (int batch = 0; batch < numCandidates; batch += SPREAD_BATCH) {
        const int end = min(numCandidates, batch + SPREAD_BATCH);
        for (int candidate = batch + threadIdx.x; candidate < end; candidate += SPREAD_THREADS)
            appendVisitor(mesh, sm_sources, candidate, sm_visitors, &sm_count);
        __syncthreads();
        const int numPlanes = sm_count * WINDOW_ORDER;
        for (int k = threadIdx.x; k < numPlanes; k += SPREAD_THREADS)
            spreadPlane(mesh, tile, sm_visitors[k / WINDOW_ORDER], k % WINDOW_ORDER, sm_tile);
        __syncthreads();
        if (threadIdx.x == 0)
            sm_count = 0;
        __syncthreads();
    }
    writeTile(mesh, tile, sm_tile);
}
