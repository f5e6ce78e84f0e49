// SPDX-License-Identifier: MIT
// Charges to sites, sorted by tile: a counting sort, whose stages are the kernels below in this order. The order within a tile is that of
// arrival; nothing depends on it, since grids are summed in integers and forces are computed one charge at a time.

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

extern "C" __global__ void locateSites(Mesh mesh, const Real4* __restrict__ gm_posq,
                                       const Real4* __restrict__ gm_correction, const int* __restrict__ gm_atomIndex,
                                       const double* __restrict__ gm_charge) {
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
        locate(wrap(rowX * x + rowXy * y + rowXz * z) * mesh.numX, mesh.numX, site.ix, site.fx);
        locate(wrap(rowY * y + rowYz * z) * mesh.numY, mesh.numY, site.iy, site.fy);
        locate(wrap(rowZ * z) * mesh.numZ, mesh.numZ, site.iz, site.fz);
        site.charge = (SiteReal) gm_charge[gm_atomIndex[slot]];
        site.unused = 0;
        site.slot = slot;
        const int tile =
            (findTile(site.ix, mesh.tilesX, mesh.numX) * mesh.tilesY + findTile(site.iy, mesh.tilesY, mesh.numY)) *
                mesh.tilesZ +
            findTile(site.iz, mesh.tilesZ, mesh.numZ);
        mesh.gm_unsorted[slot] = site;
        mesh.gm_siteTile[slot] = tile;
        mesh.gm_siteRank[slot] = countTogether(mesh.gm_siteCount, tile);
    }
}

/** Exclusive sum of the counts, and zero them for the next step. One block. */
extern "C" __global__ void __launch_bounds__(SCAN_THREADS) scanTiles(Mesh mesh) {
    __shared__ int sm_sum[SCAN_THREADS / 32];
    const int numTiles = mesh.tilesX * mesh.tilesY * mesh.tilesZ, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    int base = 0;
    for (int first = 0; first < numTiles; first += SCAN_THREADS) {
        const int tile = first + threadIdx.x;
        const int count = tile < numTiles ? mesh.gm_siteCount[tile] : 0;
        int sum = count;
        for (int offset = 1; offset < 32; offset *= 2) {
            const int other = __shfl_up_sync(0xffffffff, sum, offset);
            if (lane >= offset)
                sum += other;
        }
        if (lane == 31)
            sm_sum[warp] = sum;
        __syncthreads();
        int before = base;
        for (int w = 0; w < warp; w++)
            before += sm_sum[w];
        int total = 0;
        for (int w = 0; w < SCAN_THREADS / 32; w++)
            total += sm_sum[w];
        if (tile < numTiles) {
            mesh.gm_siteStart[tile] = before + sum - count;
            mesh.gm_siteCount[tile] = 0;
        }
        base += total;
        __syncthreads();
    }
    if (threadIdx.x == 0)
        mesh.gm_siteStart[numTiles] = base;
}

extern "C" __global__ void sortSites(Mesh mesh) {
    for (int slot = blockIdx.x * blockDim.x + threadIdx.x; slot < mesh.numSites; slot += blockDim.x * gridDim.x)
        mesh.gm_sites[mesh.gm_siteStart[mesh.gm_siteTile[slot]] + mesh.gm_siteRank[slot]] = mesh.gm_unsorted[slot];
}
