// SPDX-License-Identifier: MIT
// Tiles of the grid in shared memory. A block has a tile, and as much around it as the windows of the tile's charges reach: its halo. A charge
// belongs to the tile of the point nearest to it when it was sorted; until it has moved by half a grid spacing, its window begins at a point of the
// tile, or at one below.

#define HALO_X (TILE_X + WINDOW_ORDER)
#define HALO_Y (TILE_Y + WINDOW_ORDER)
// Threads read and write pairs of points along z, if the grid has whole pairs. A halo then begins at an even point, and has an even number of them.
#define POINTS_TOGETHER (GRID_Z % 2 == 0 ? 2 : 1)
#define HALO_Z ((TILE_Z + WINDOW_ORDER + 2) / 2 * 2)
// A row in shared memory is an odd number of pairs, so that windows may begin in any bank.
#define HALO_ROW ((HALO_Z / 2 | 1) * 2)
#define HALO_POINTS (HALO_X * HALO_Y * HALO_ROW)

static_assert(HALO_POINTS < NO_CORNER, "places in a halo are kept in 16 bits");

/** A tile along one axis. */
struct TileAxis {
    int start, size;
};

struct Tile {
    TileAxis x, y, z;
};

__device__ __forceinline__ int getTileStart(int tile, int numTiles, int num) {
    return tile * num / numTiles;
}

/** The tile that holds a point: the inverse of getTileStart(). */
__device__ __forceinline__ int findTile(int point, int numTiles, int num) {
    return ((point + 1) * numTiles - 1) / num;
}

__device__ __forceinline__ TileAxis getTileAxis(int tile, int numTiles, int num) {
    TileAxis axis;
    axis.start = getTileStart(tile, numTiles, num);
    axis.size = getTileStart(tile + 1, numTiles, num) - axis.start;
    return axis;
}

__device__ __forceinline__ Tile getTile(int index) {
    Tile tile;
    tile.z = getTileAxis(index % TILES_Z, TILES_Z, GRID_Z);
    tile.y = getTileAxis(index / TILES_Z % TILES_Y, TILES_Y, GRID_Y);
    tile.x = getTileAxis(index / (TILES_Z * TILES_Y), TILES_X, GRID_X);
    return tile;
}

/** Get the first point of a halo along z: the one below the tile, or two below. */
__device__ __forceinline__ int getHaloStart(const TileAxis& z) {
    return POINTS_TOGETHER == 2 ? (z.start - 1) & ~1 : z.start - 1;
}

/** Get the place along an axis, from the point below the tile on, where a window begins; more than the tile's size if the halo does not hold it. */
__device__ __forceinline__ unsigned int findOffset(const TileAxis& axis, int index, int num) {
    const int offset = index - axis.start + 1;
    return offset < 0 ? offset + num : offset < num ? offset : offset - num;
}

/** Get the place in a block's shared memory where the window of a charge begins, or NO_CORNER if it is not in there. */
__device__ __forceinline__ unsigned int findCorner(const Tile& tile, const Site& site) {
    const unsigned int x = findOffset(tile.x, site.ix, GRID_X), y = findOffset(tile.y, site.iy, GRID_Y),
                       z = findOffset(tile.z, site.iz, GRID_Z);
    if (x > tile.x.size || y > tile.y.size || z > tile.z.size)
        return NO_CORNER;
    return (x * HALO_Y + y) * HALO_ROW + tile.z.start - 1 - getHaloStart(tile.z) + z;
}

// A thread goes along x, through this part of a halo.
#define HALO_PARTS 2
#define HALO_LENGTH ((HALO_X + HALO_PARTS - 1) / HALO_PARTS)

/**
 * Call visit(place in shared memory, place in the grid) for each point of a tile and its halo, or for the first of each POINTS_TOGETHER, whatever
 * the last one is.
 */
template <int Threads, class Visit>
__device__ __forceinline__ void visitHalo(const Tile& tile, Visit visit) {
    const int numSteps = HALO_Z / POINTS_TOGETHER, startZ = getHaloStart(tile.z), endX = tile.x.size + WINDOW_ORDER,
              endZ = tile.z.start + tile.z.size + WINDOW_ORDER - 1;
    for (int k = threadIdx.x; k < HALO_PARTS * HALO_Y * numSteps; k += Threads) { // divisions by constants
        const int z = k % numSteps * POINTS_TOGETHER, y = k / numSteps % HALO_Y,
                  first = k / (numSteps * HALO_Y) * HALO_LENGTH;
        if (y >= tile.y.size + WINDOW_ORDER || startZ + z >= endZ)
            continue;
        const int row = findPoint(0, wrapPoint(tile.y.start - 1 + y, GRID_Y), wrapPoint(startZ + z, GRID_Z));
#pragma unroll
        for (int i = 0; i < HALO_LENGTH; i++)
            if (first + i < endX)
                visit(((first + i) * HALO_Y + y) * HALO_ROW + z,
                      findPoint(wrapPoint(tile.x.start - 1 + first + i, GRID_X), 0, row));
    }
}

/**
 * Where the sites of a tile begin in Mesh::gm_site. There is room for twice as many as members, since rows may have holes, and for two more rows of
 * each batch that they can be.
 *
 * @param start  of the tile's members in its table
 */
__device__ __forceinline__ int findFirstSite(int index, int start) {
    return 2 * start + 64 * (index + start / ORDER_BATCH);
}

/**
 * In which order the threads of a block take charges. A warp takes a row of 32 charges, one per lane, whose windows begin in different banks of
 * shared memory: then all other points of the windows, which are at the same distances from the first, are in different banks too. Lane b takes
 * charges that begin in bank b; what a bank has too many is left for some rows at the end, whose charges share banks. Random charges would take
 * 3.4 times as long.
 */
struct BankOrder {
    int count[32];                                                  // charges that begin in a bank
    int numLeft;                                                    // charges of banks that have too many
    unsigned short place[ORDER_BATCH / 32 * 32], left[ORDER_BATCH]; // number in the batch
};

__device__ __forceinline__ void clearOrder(BankOrder& sm_order) {
    if (threadIdx.x < 32)
        sm_order.count[threadIdx.x] = 0;
    if (threadIdx.x == 32)
        sm_order.numLeft = 0;
}

/** Add charge i of a batch, which has a number of full rows. */
__device__ __forceinline__ void addToOrder(BankOrder& sm_order, int height, unsigned int corner, int i) {
    const int bank = corner % 32, rank = atomicAdd(&sm_order.count[bank], 1);
    if (rank < height)
        sm_order.place[rank * 32 + bank] = (unsigned short) i;
    else
        sm_order.left[atomicAdd(&sm_order.numLeft, 1)] = (unsigned short) i;
}

__device__ __forceinline__ int countRows(const BankOrder& sm_order, int height) {
    return height + (sm_order.numLeft + 31) / 32;
}

/** Get the charge that a lane takes in a row, or -1. */
__device__ __forceinline__ int getCharge(const BankOrder& sm_order, int height, int row, int lane) {
    if (row < height)
        return row < sm_order.count[lane] ? sm_order.place[row * 32 + lane] : -1;
    const int k = (row - height) * 32 + lane;
    return k < sm_order.numLeft ? sm_order.left[k] : -1;
}
