// SPDX-License-Identifier: MIT
// Collecting pairs within the cutoff until a batch is full. Each warp does so on its own: it goes through the lists of its particles, 32
// neighbors at a time, and queues those that are near enough.

/** Pairs that wait to be evaluated, at most one batch less one and 32 more. A ring. */
struct PairQueue {
    static constexpr int Size = 64;
    Real x[Size], y[Size], z[Size]; // displacement, from the second to the first particle
    int first[Size], second[Size];  // places in cell order
};

/** Where a warp is in the lists of its particles, or in the cells around them where a list did not fit. The same for all lanes. */
struct PairWalk {
    int particle, stride;
    Real4 position;
    int range, next, end; // neighbors that are left: entries of the list, or places
};

// Runs of places around a cell: three rows of cells in each of three layers, each in two parts where it crosses the boundary of the box.
#define MAX_RANGES 18

/** Get run `number` of those that forEachRangeAround() visits; an empty one if there is none of this number. */
__device__ __forceinline__ void getRangeAround(const PairList& list, const int3& cell, int number, int& start,
                                               int& end) {
    const CellGrid& grid = list.grid;
    const int numX = min(3, grid.foldedX), firstX = fold(cell.x - 1, grid.foldedX),
              beforeWrap = min(numX, grid.foldedX - firstX);
    const bool isWrapped = number % 2;
    const int dy = number / 2 % 3, dz = number / 6;
    start = end = 0;
    if (dy >= grid.foldedY || dz >= grid.foldedZ || (isWrapped && beforeWrap == numX))
        return;
    const int row = getCellIndex(grid, 0, fold(cell.y - 1 + dy, grid.foldedY), fold(cell.z - 1 + dz, grid.foldedZ));
    const int first = isWrapped ? row : row + firstX;
    const int last = first + (isWrapped ? numX - beforeWrap : beforeWrap) - 1;
    start = getCellStart(list, first);
    end = getCellStart(list, last) + list.gm_count[last];
}

/**
 * Each pair is in two lists; half of them is wanted. Choosing by the parity of the two places divides the pairs of a particle evenly, which
 * the smaller place would not: particles at the low boundary of the box would get all of theirs.
 */
__device__ __forceinline__ bool ownsPair(int i, int j) {
    return ((i ^ j) & 1) ? i < j : i > j;
}

/** Find neighbors that are left. Returns false when there are none in any list of this warp. */
__device__ __forceinline__ bool findNext(const PairList& list, bool listFits, PairWalk& walk) {
    while (walk.next >= walk.end) {
        if (!listFits && walk.range < MAX_RANGES) {
            getRangeAround(list, findCell(list.grid, list.gm_builtAt[walk.particle]), walk.range++, walk.next,
                           walk.end);
            continue;
        }
        walk.particle += walk.stride;
        if (walk.particle >= list.numMembers)
            return false;
        walk.position = list.gm_sorted[walk.particle];
        walk.range = 0;
        walk.next = 0;
        walk.end = listFits ? list.gm_numNeighbors[walk.particle] : 0;
    }
    return true;
}

/** Look at the next 32 neighbors, and queue the pairs that interact by a network. Returns how many. */
__device__ __forceinline__ int queuePairs(const PairList& list, const NetworkSet& networks, int network, bool listFits,
                                          PairWalk& walk, PairQueue& queue, int tail, int lane) {
    const int i = walk.particle, place = walk.next + lane;
    int j = i;
    if (place < walk.end)
        j = listFits ? list.gm_neighbor[(size_t) i * list.capacity + place] : place;
    walk.next += 32;
    const Real4 neighbor = list.gm_sorted[j];
    Real x = walk.position.x - neighbor.x, y = walk.position.y - neighbor.y, z = walk.position.z - neighbor.z;
    applyMinimumImage(list.box, x, y, z);
    const Real r2 = x * x + y * y + z * z;
    bool isWanted = ownsPair(i, j) && r2 < networks.cutoff2;
    if (!listFits)
        isWanted = isWanted && isNeighbor(list, walk.position, i, j);
#if NUM_TYPES > 1
    isWanted = isWanted && networks.gm_networkOfTypes[(int) walk.position.w * NUM_TYPES + (int) neighbor.w] == network;
#endif
    if (isWanted && r2 == 0) {
        list.report->coincident1 = list.gm_atomIndex[list.gm_order[i]] + 1;
        list.report->coincident2 = list.gm_atomIndex[list.gm_order[j]] + 1;
        isWanted = false;
    }
    const unsigned int votes = __ballot_sync(0xffffffff, isWanted);
    if (isWanted) {
        const int slot = (tail + __popc(votes & ((1u << lane) - 1))) % PairQueue::Size;
        queue.x[slot] = x;
        queue.y[slot] = y;
        queue.z[slot] = z;
        queue.first[slot] = i;
        queue.second[slot] = j;
    }
    return __popc(votes);
}
