// SPDX-License-Identifier: MIT
// Tiles of the grid in shared memory. A block has a tile, and as much above it as the windows of the tile's charges reach: its halo.

#define HALO_X (TILE_X + WINDOW_ORDER - 1)
#define HALO_Y (TILE_Y + WINDOW_ORDER - 1)
#define HALO_Z (TILE_Z + WINDOW_ORDER - 1)
// A row in shared memory is odd, so that windows may begin in any bank.
#define HALO_ROW (HALO_Z | 1)
#define HALO_POINTS (HALO_X * HALO_Y * HALO_ROW)

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

/** Get the place in a block's shared memory where the window of one of its tile's charges begins. */
__device__ __forceinline__ int findCorner(const Tile& tile, const Site& site) {
    return ((site.ix - tile.x.start) * HALO_Y + site.iy - tile.y.start) * HALO_ROW + site.iz - tile.z.start;
}

// A thread goes along x, through this part of a halo.
#define HALO_PARTS 4
#define HALO_LENGTH ((HALO_X + HALO_PARTS - 1) / HALO_PARTS)

/** Call visit(place in shared memory, place in the grid) for each point of a tile and its halo. */
template <int Threads, class Visit>
__device__ __forceinline__ void visitHalo(const Tile& tile, Visit visit) {
    const int endX = tile.x.size + WINDOW_ORDER - 1;
    for (int k = threadIdx.x; k < HALO_PARTS * HALO_Y * HALO_Z; k += Threads) { // divisions by constants
        const int z = k % HALO_Z, y = k / HALO_Z % HALO_Y, first = k / (HALO_Z * HALO_Y) * HALO_LENGTH;
        if (y >= tile.y.size + WINDOW_ORDER - 1 || z >= tile.z.size + WINDOW_ORDER - 1)
            continue;
        const int row = findPoint(0, wrapPoint(tile.y.start + y, GRID_Y), wrapPoint(tile.z.start + z, GRID_Z));
#pragma unroll
        for (int i = 0; i < HALO_LENGTH; i++)
            if (first + i < endX)
                visit(((first + i) * HALO_Y + y) * HALO_ROW + z,
                      findPoint(wrapPoint(tile.x.start + first + i, GRID_X), 0, row));
    }
}

// Charges that a block sorts at a time.
#define ORDER_BATCH 1024

/**
 * In which order the threads of a block take charges. A warp takes a row of 32 charges, one per lane, most of which have windows that begin
 * in different banks of shared memory: then all other points of the windows, which are at the same distances from the first, are in different
 * banks too. Random charges would share banks, and take 3.4 times as long.
 */
struct BankOrder {
    int count[32]; // charges that begin in a bank
    int holes[32]; // places of lanes before this one that have no charge of their own bank
    int numLeft;   // charges of banks that have too many
    unsigned short place[ORDER_BATCH / 32][32], left[ORDER_BATCH];
};

/** Get how many charges of its own bank a lane has. */
template <int NumBanks>
__device__ __forceinline__ int countOwn(const BankOrder& sm_order, int lane, int height) {
    const int lanesPerBank = 32 / NumBanks;
    return min(height, (sm_order.count[lane % NumBanks] - lane / NumBanks + lanesPerBank - 1) / lanesPerBank);
}

/**
 * Put charges in order. Called by all threads of a block.
 *
 * @param size       of the elements in shared memory, bytes
 * @param getCorner  gives where the window of charge i begins
 */
template <int Threads, int Size, class GetCorner>
__device__ __forceinline__ void orderCharges(BankOrder& sm_order, int numCharges, GetCorner getCorner) {
    const int numBanks = 128 / Size, lanesPerBank = 32 / numBanks, height = (numCharges + 31) / 32;
    __syncthreads();
    if (threadIdx.x < 32)
        sm_order.count[threadIdx.x] = 0;
    if (threadIdx.x == 0)
        sm_order.numLeft = 0;
    __syncthreads();
    for (int i = threadIdx.x; i < numCharges; i += Threads) {
        const int bank = getCorner(i) % numBanks, rank = atomicAdd(&sm_order.count[bank], 1);
        if (rank < height * lanesPerBank)
            sm_order.place[rank / lanesPerBank][rank % lanesPerBank * numBanks + bank] = (unsigned short) i;
        else
            sm_order.left[atomicAdd(&sm_order.numLeft, 1)] = (unsigned short) i;
    }
    __syncthreads();
    if (threadIdx.x < 32) {
        const int lane = threadIdx.x, holes = height - countOwn<numBanks>(sm_order, lane, height);
        int sum = holes;
#pragma unroll
        for (int offset = 1; offset < 32; offset *= 2) {
            const int other = __shfl_up_sync(0xffffffff, sum, offset);
            if (lane >= offset)
                sum += other;
        }
        sm_order.holes[lane] = sum - holes;
    }
    __syncthreads();
}

/** Call take(i) for each charge i, in order. */
template <int Threads, int Size, class Take>
__device__ __forceinline__ void takeCharges(const BankOrder& sm_order, int numCharges, Take take) {
    const int lane = threadIdx.x % 32, height = (numCharges + 31) / 32;
    const int own = countOwn<128 / Size>(sm_order, lane, height);
    for (int row = threadIdx.x / 32; row < height; row += Threads / 32) {
        int i = -1;
        if (row < own)
            i = sm_order.place[row][lane];
        else {
            const int hole = sm_order.holes[lane] + row - own;
            if (hole < sm_order.numLeft)
                i = sm_order.left[hole];
        }
        if (i >= 0)
            take(i);
    }
}
