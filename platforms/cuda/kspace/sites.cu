// SPDX-License-Identifier: MIT
// Charges to sites, sorted by tile. A tile's room for sites is known before the step, so that one pass over the charges is enough. The order
// within a tile is that of arrival; nothing depends on it, since grids are summed in integers and forces are computed one charge at a time.

__device__ __forceinline__ SiteReal wrap(SiteReal fraction) {
    return fraction - floor(fraction);
}

/** Add one to a counter that other threads of the warp may add to as well, and get the value before. */
__device__ __forceinline__ int countTogether(int* gm_count, int index) {
    const unsigned int peers = __match_any_sync(__activemask(), index);
    const int lane = threadIdx.x % 32, leader = __ffs(peers) - 1;
    int before = 0;
    if (lane == leader)
        before = atomicAdd(&gm_count[index], __popc(peers));
    return __shfl_sync(peers, before, leader) + __popc(peers & ((1u << lane) - 1));
}

/** Set the sums of charge to 0, 16 bytes at a time: the buffer is a multiple of that. */
__device__ __forceinline__ void clearSums(const Mesh& mesh) {
    const int perVector = 16 / sizeof(GridSum), numVectors = (GRID_X * GRID_Y * GRID_ROW - 1) / perVector + 1;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < numVectors; i += blockDim.x * gridDim.x)
        reinterpret_cast<int4*>(mesh.gm_sum)[i] = make_int4(0, 0, 0, 0);
}

/** Find the place in the table for one more charge of a tile. */
__device__ __forceinline__ int findRoom(const Mesh& mesh, int tile) {
    const int rank = countTogether(mesh.table.gm_count, tile);
    const int start = mesh.table.gm_start[tile];
    if (rank < mesh.table.gm_start[tile + 1] - start)
        return start + rank;
    return mesh.table.gm_start[NUM_TILES] + countTogether(mesh.table.gm_count, NUM_TILES);
}

extern "C" __global__ void __launch_bounds__(LOCATE_THREADS)
    locateSites(Mesh mesh, const Real4* __restrict__ gm_posq, const Real4* __restrict__ gm_correction,
                const int* __restrict__ gm_atomIndex, const double* __restrict__ gm_charge) {
    const SiteReal rowX = (SiteReal) mesh.rowX, rowXy = (SiteReal) mesh.rowXy, rowXz = (SiteReal) mesh.rowXz,
                   rowY = (SiteReal) mesh.rowY, rowYz = (SiteReal) mesh.rowYz, rowZ = (SiteReal) mesh.rowZ;
    for (int slot = blockIdx.x * blockDim.x + threadIdx.x; slot < mesh.numSites; slot += blockDim.x * gridDim.x) {
        const Real4 position = gm_posq[slot];
        SiteReal x = position.x, y = position.y, z = position.z;
#if HAS_POSITION_CORRECTION
        const Real4 correction = gm_correction[slot];
        x += (SiteReal) correction.x;
        y += (SiteReal) correction.y;
        z += (SiteReal) correction.z;
#endif
        const SiteReal limit = (SiteReal) LARGEST_COORDINATE;
        if (!(fabs(x) <= limit && fabs(y) <= limit && fabs(z) <= limit)) { // NaN compares false
            mesh.report->badParticle = gm_atomIndex[slot] + 1;
            x = y = z = 0; // any place will do: the host raises an exception
        }
        Site site;
        locate(wrap(rowX * x + rowXy * y + rowXz * z) * GRID_X, GRID_X, site.ix, site.fx);
        locate(wrap(rowY * y + rowYz * z) * GRID_Y, GRID_Y, site.iy, site.fy);
        locate(wrap(rowZ * z) * GRID_Z, GRID_Z, site.iz, site.fz);
        site.charge = (SiteReal) gm_charge[gm_atomIndex[slot]];
        site.unused = 0;
        site.slot = slot;
        const int tile = (findTile(site.ix, TILES_X, GRID_X) * TILES_Y + findTile(site.iy, TILES_Y, GRID_Y)) * TILES_Z +
                         findTile(site.iz, TILES_Z, GRID_Z);
        mesh.gm_sites[findRoom(mesh, tile)] = site;
    }
    clearSums(mesh);
}

/**
 * Make the table of the next step: room for an eighth more charges than there are, and for 16, which covers what moves and what
 * fluctuates. Called by all threads of one block.
 */
template <int Threads>
__device__ void makeRoom(const Mesh& mesh) {
    __shared__ int sm_sum[Threads / 32];
    const int perThread = (NUM_TILES + Threads - 1) / Threads, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const int begin = min(NUM_TILES, (int) threadIdx.x * perThread), end = min(NUM_TILES, begin + perThread);
    int room = 0;
    for (int tile = begin; tile < end; tile++) {
        const int count = mesh.table.gm_count[tile];
        room += count + count / 8 + 16;
    }
    int sum = room;
    for (int offset = 1; offset < 32; offset *= 2) {
        const int other = __shfl_up_sync(0xffffffff, sum, offset);
        if (lane >= offset)
            sum += other;
    }
    if (lane == 31)
        sm_sum[warp] = sum;
    __syncthreads();
    int start = sum - room;
    for (int w = 0; w < warp; w++)
        start += sm_sum[w];
    for (int tile = begin; tile < end; tile++) {
        const int count = mesh.table.gm_count[tile];
        mesh.nextTable.gm_start[tile] = start;
        mesh.nextTable.gm_count[tile] = 0;
        start += count + count / 8 + 16;
    }
    if (threadIdx.x == Threads - 1) {
        mesh.nextTable.gm_start[NUM_TILES] = start;
        mesh.nextTable.gm_count[NUM_TILES] = 0;
    }
}
