// SPDX-License-Identifier: MIT
// Charges to tiles. They are sorted only now and then: halos leave room for charges that have moved since by less than half a grid spacing, and
// what has moved further is handled without tiles until the next sorting. A tile's room is known before, so that one pass over the charges is
// enough. The order within a tile is that of arrival; nothing depends on it, since grids are summed in integers and forces are computed one charge
// at a time.

__device__ __forceinline__ SiteReal wrap(SiteReal fraction) {
    return fraction - floor(fraction);
}

/** Where a charge is, nm. */
struct Place {
    SiteReal x, y, z;
};

__device__ __forceinline__ Place loadPlace(const Mesh& mesh, int slot) {
    const Real4 position = mesh.gm_posq[slot];
    Place place = {(SiteReal) position.x, (SiteReal) position.y, (SiteReal) position.z};
#if HAS_POSITION_CORRECTION
    const Real4 correction = mesh.gm_correction[slot];
    place.x += (SiteReal) correction.x;
    place.y += (SiteReal) correction.y;
    place.z += (SiteReal) correction.z;
#endif
    return place;
}

/** Place a charge on the grid. */
__device__ __forceinline__ Site makeSite(const Mesh& mesh, const Member& member, const Place& place) {
    const BoxRows<SiteReal>& rows = getRows<SiteReal>(mesh);
    const SiteReal limit = (SiteReal) LARGEST_COORDINATE;
    SiteReal x = place.x, y = place.y, z = place.z;
    if (!(fabs(x) <= limit && fabs(y) <= limit && fabs(z) <= limit)) { // NaN compares false
        mesh.report->badParticle = mesh.gm_atomIndex[member.slot] + 1;
        x = y = z = 0; // any place will do: the host raises an exception
    }
    Site site;
    locate(wrap(rows.x * x + rows.xy * y + rows.xz * z) * GRID_X, GRID_X, site.ix, site.fx);
    locate(wrap(rows.y * y + rows.yz * z) * GRID_Y, GRID_Y, site.iy, site.fy);
    locate(wrap(rows.z * z) * GRID_Z, GRID_Z, site.iz, site.fz);
    site.charge = member.charge;
    site.slot = member.slot;
    site.unused = 0;
    return site;
}

/** Get the tile along an axis that has the point nearest to a charge. */
__device__ __forceinline__ int findNearestTile(int index, SiteReal f, int numTiles, int num) {
    return findTile(wrapPoint(f < (SiteReal) 0.5 ? index : index + 1, num), numTiles, num);
}

__device__ __forceinline__ TileRecord* getTable(const Mesh& mesh, int table) {
    return mesh.gm_tile + table * (NUM_TILES + 1);
}

/** Add one to the count of a tile, which other threads of the warp may add to as well, and get the value before. */
__device__ __forceinline__ int countTogether(TileRecord& gm_tile, int index) {
    const unsigned int peers = __match_any_sync(__activemask(), index);
    const int lane = threadIdx.x % 32, leader = __ffs(peers) - 1;
    int before = 0;
    if (lane == leader)
        before = atomicAdd(&gm_tile.count, __popc(peers));
    return __shfl_sync(peers, before, leader) + __popc(peers & ((1u << lane) - 1));
}

/** Find the place for one more charge of a tile. */
__device__ __forceinline__ int findRoom(TileRecord* gm_table, int index) {
    const int rank = countTogether(gm_table[index], index);
    if (rank < gm_table[index].room)
        return gm_table[index].start + rank;
    return gm_table[NUM_TILES].start + countTogether(gm_table[NUM_TILES], NUM_TILES);
}

/** Sort charges into the table that is not in use. Called by all threads of a grid. */
__device__ void sortIntoOther(const Mesh& mesh) {
    TileRecord* gm_table = getTable(mesh, 1 - mesh.state->table);
    for (int slot = blockIdx.x * blockDim.x + threadIdx.x; slot < mesh.numSites; slot += blockDim.x * gridDim.x) {
        Member member;
        member.charge = (SiteReal) mesh.gm_charge[mesh.gm_atomIndex[slot]];
        member.slot = slot;
        const Site site = makeSite(mesh, member, loadPlace(mesh, slot));
        const int index = (findNearestTile(site.ix, site.fx, TILES_X, GRID_X) * TILES_Y +
                           findNearestTile(site.iy, site.fy, TILES_Y, GRID_Y)) *
                              TILES_Z +
                          findNearestTile(site.iz, site.fz, TILES_Z, GRID_Z);
        mesh.gm_member[findRoom(gm_table, index)] = member;
    }
}

/** Get whether too many charges have left their tiles since they were sorted. Asked after charges are spread. */
__device__ __forceinline__ bool mustSort(const Mesh& mesh) {
    return mesh.state->numStray > mesh.mostStray;
}

/** Sort charges, when the host knows that they must be. */
extern "C" __global__ void __launch_bounds__(SORT_THREADS) sortCharges(Mesh mesh) {
    sortIntoOther(mesh);
}

/** Get the room for a tile that has had some charges: an eighth more, and 16, for what moves and what fluctuates. */
__device__ __forceinline__ int findRoomSize(int count) {
    return min(count + count / 8 + 16, MOST_MEMBERS);
}

/** Make room in a table for as many charges as another one has. Called by all threads of one block. */
template <int Threads>
__device__ void makeRoom(const TileRecord* gm_table, TileRecord* gm_other, int begin) {
    __shared__ int sm_sum[Threads / 32];
    const int perThread = (NUM_TILES + Threads - 1) / Threads, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int first = min(NUM_TILES, (int) threadIdx.x * perThread), end = min(NUM_TILES, first + perThread);
    int rooms = 0;
    for (int i = first; i < end; i++)
        rooms += findRoomSize(gm_table[i].count);
    int sum = rooms;
    for (int offset = 1; offset < 32; offset *= 2) {
        const int before = __shfl_up_sync(0xffffffff, sum, offset);
        if (lane >= offset)
            sum += before;
    }
    if (lane == 31)
        sm_sum[warp] = sum;
    __syncthreads();
    int start = begin + sum - rooms;
    for (int w = 0; w < warp; w++)
        start += sm_sum[w];
    for (int i = first; i < end; i++) {
        gm_other[i].start = start;
        gm_other[i].room = findRoomSize(gm_table[i].count);
        gm_other[i].count = 0;
        start += gm_other[i].room;
    }
    if (threadIdx.x == Threads - 1) {
        gm_other[NUM_TILES].start = start;
        gm_other[NUM_TILES].count = 0;
    }
}

/**
 * Prepare the next step, which is to use the table that charges were sorted into, if they were; the other one is made ready for the next sorting.
 * Called by all threads of one block.
 */
template <int Threads>
__device__ void finishSorting(const Mesh& mesh, bool sorted) {
    const int table = mesh.state->table, numStray = mesh.state->numStray;
    if (sorted)
        makeRoom<Threads>(getTable(mesh, 1 - table), getTable(mesh, table), table * mesh.memberCapacity);
    __syncthreads(); // all have read
    if (threadIdx.x == 0) {
        mesh.state->table = sorted ? 1 - table : table;
        mesh.state->lastNumStray = numStray;
        mesh.state->numStray = 0;
    }
}

extern "C" __global__ void __launch_bounds__(SORT_THREADS) finishSort(Mesh mesh) {
    finishSorting<SORT_THREADS>(mesh, true);
}
