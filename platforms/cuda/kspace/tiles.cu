// SPDX-License-Identifier: MIT
// Tiles of the grid in shared memory. A block has a tile, and as much above it as the windows of the tile's charges reach: its halo.

#define HALO_X (TILE_X + WINDOW_ORDER - 1)
#define HALO_Y (TILE_Y + WINDOW_ORDER - 1)
#define HALO_Z (TILE_Z + WINDOW_ORDER - 1)
#define HALO_POINTS (HALO_X * HALO_Y * HALO_Z)

/** A tile along one axis. */
struct TileAxis {
    int start, size;
};

struct Tile {
    TileAxis x, y, z;
};

__device__ __forceinline__ int getTileStart(int tile, int numTiles, int num) {
    return tile * num / numTiles; // MeshProgram keeps this product small
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

__device__ __forceinline__ Tile getTile(const Mesh& mesh, int index) {
    Tile tile;
    tile.z = getTileAxis(index % mesh.tilesZ, mesh.tilesZ, mesh.numZ);
    tile.y = getTileAxis(index / mesh.tilesZ % mesh.tilesY, mesh.tilesY, mesh.numY);
    tile.x = getTileAxis(index / (mesh.tilesZ * mesh.tilesY), mesh.tilesX, mesh.numX);
    return tile;
}

/** Get the place in a block's shared memory where the window of one of its tile's charges begins. */
__device__ __forceinline__ int findCorner(const Tile& tile, const Site& site) {
    return ((site.ix - tile.x.start) * HALO_Y + site.iy - tile.y.start) * HALO_Z + site.iz - tile.z.start;
}

/** Call visit(place in shared memory, place in the grid) for each point of a tile and its halo. */
template <int Threads, class Visit>
__device__ __forceinline__ void visitHalo(const Mesh& mesh, const Tile& tile, Visit visit) {
    for (int k = threadIdx.x; k < HALO_POINTS; k += Threads) { // divisions by constants
        const int z = k % HALO_Z, y = k / HALO_Z % HALO_Y, x = k / (HALO_Z * HALO_Y);
        if (x < tile.x.size + WINDOW_ORDER - 1 && y < tile.y.size + WINDOW_ORDER - 1 &&
            z < tile.z.size + WINDOW_ORDER - 1)
            visit(k, (wrapPoint(tile.x.start + x, mesh.numX) * mesh.numY + wrapPoint(tile.y.start + y, mesh.numY)) *
                             mesh.numZ +
                         wrapPoint(tile.z.start + z, mesh.numZ)); // fits: PMESettings limits the number of points
    }
}

// Charges that a block sorts at a time.
#define ORDER_BATCH 1024
#define ORDER_ROWS (ORDER_BATCH / 32 * 5 / 4 + 2 + ORDER_BATCH / 32)

/**
 * In which order the threads of a block take charges. A warp takes a row of up to 32 charges, one per lane, whose windows begin in different
 * banks of shared memory: then all other points of the windows, which are at the same distances from the first, are in different banks too.
 * Random charges would share banks, and take 3.4 times as long.
 */
struct BankOrder {
    int count[32]; // charges that begin in a bank
    int numLeft;   // charges of banks that have too many for their column; their rows come last, and do have conflicts
    unsigned short place[ORDER_ROWS][32];
};

/** Get the number of charges that a lane takes at most before the rows of those that are left. */
__device__ __forceinline__ int getOrderHeight(int numCharges) {
    return numCharges / 32 * 5 / 4 + 2;
}

/**
 * Put charges in order. Called by all threads of a block.
 *
 * @param size       of the elements in shared memory, bytes
 * @param getCorner  gives where the window of charge i begins
 */
template <int Threads, int Size, class GetCorner>
__device__ __forceinline__ void orderCharges(BankOrder& sm_order, int numCharges, GetCorner getCorner) {
    const int numBanks = 128 / Size, lanesPerBank = 32 / numBanks, height = getOrderHeight(numCharges) * lanesPerBank;
    __syncthreads();
    if (threadIdx.x < 32)
        sm_order.count[threadIdx.x] = 0;
    if (threadIdx.x == 0)
        sm_order.numLeft = 0;
    __syncthreads();
    for (int i = threadIdx.x; i < numCharges; i += Threads) {
        const int bank = getCorner(i) % numBanks, rank = atomicAdd(&sm_order.count[bank], 1);
        if (rank < height)
            sm_order.place[rank / lanesPerBank][rank % lanesPerBank * numBanks + bank] = (unsigned short) i;
        else {
            const int left = atomicAdd(&sm_order.numLeft, 1);
            sm_order.place[height / lanesPerBank + left / 32][left % 32] = (unsigned short) i;
        }
    }
    __syncthreads();
}

/** Call take(i) for each charge i, in order. */
template <int Threads, int Size, class Take>
__device__ __forceinline__ void takeCharges(const BankOrder& sm_order, int numCharges, Take take) {
    const int numBanks = 128 / Size, lanesPerBank = 32 / numBanks, height = getOrderHeight(numCharges);
    const int lane = threadIdx.x % 32, bank = lane % numBanks, first = lane / numBanks;
    const int numRows = height + (sm_order.numLeft + 31) / 32;
    for (int row = threadIdx.x / 32; row < numRows; row += Threads / 32) {
        const bool taken = row < height ? row * lanesPerBank + first < sm_order.count[bank]
                                        : (row - height) * 32 + lane < sm_order.numLeft;
        if (taken)
            take((int) sm_order.place[row][lane]);
    }
}
