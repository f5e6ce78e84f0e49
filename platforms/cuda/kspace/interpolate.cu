// SPDX-License-Identifier: MIT
// Potential on the grid to forces. A block reads a tile and its halo into shared memory; each of its threads then takes a charge.

/** Add to a force buffer of OpenMM. */
__device__ __forceinline__ void addMeshForce(unsigned long long* gm_force, const Mesh& mesh, const Site& site,
                                             const int* gm_atomIndex, GatherReal force) {
    if (!(fabs(force) < (GatherReal) (1 << 30))) // NaN compares false
        mesh.report->overflowing = gm_atomIndex[site.slot] + 1;
    atomicAdd(&gm_force[site.slot], toFixedPoint(force));
}

/** Begin to copy a number from global to shared memory. finishCopies() waits for all that a thread has begun. */
__device__ __forceinline__ void beginCopy(GridReal* sm_target, const GridReal* gm_source) {
    asm volatile("{ .reg .u64 address; .reg .u32 target; cvta.to.shared.u64 address, %0; cvt.u32.u64 target, address;\n"
                 "cp.async.ca.shared.global [target], [%1], %2; }"
                 :
                 : "l"(sm_target), "l"(gm_source), "n"((int) sizeof(GridReal))
                 : "memory");
}

__device__ __forceinline__ void finishCopies() {
    asm volatile("cp.async.wait_all;" : : : "memory");
}

/** Where forces go. */
struct MeshForceOutput {
    unsigned long long* __restrict__ gm_force;
    int paddedNumAtoms;
    const int* __restrict__ gm_atomIndex;
};

/**
 * Compute and add the force on one charge. Fused operations are written out, so that the result is the same wherever the potential comes from.
 *
 * @param potential  gives the potential at the point (h, j, k) of the window
 */
template <int Unroll, class Potential>
__device__ __forceinline__ void interpolateForce(const Mesh& mesh, const Site& site, const MeshForceOutput& output,
                                                 Potential potential) {
    GatherReal wx[WINDOW_ORDER], wy[WINDOW_ORDER], wz[WINDOW_ORDER];
    GatherReal sx[WINDOW_ORDER], sy[WINDOW_ORDER], sz[WINDOW_ORDER];
    evaluateWindow((GatherReal) site.fx, wx);
    evaluateWindow((GatherReal) site.fy, wy);
    evaluateWindow((GatherReal) site.fz, wz);
    evaluateWindowSlope((GatherReal) site.fx, sx);
    evaluateWindowSlope((GatherReal) site.fy, sy);
    evaluateWindowSlope((GatherReal) site.fz, sz);
    GatherReal gx = 0, gy = 0, gz = 0; // derivatives of the potential with respect to grid coordinates
#pragma unroll Unroll
    for (int h = 0; h < WINDOW_ORDER; h++) {
        GatherReal value = 0, slopeY = 0, slopeZ = 0; // of the plane
#pragma unroll
        for (int j = 0; j < WINDOW_ORDER; j++) {
            GatherReal rowValue = 0, rowSlope = 0;
#pragma unroll
            for (int k = 0; k < WINDOW_ORDER; k++) {
                const GatherReal here = potential(h, j, k);
                rowValue = fma(here, wz[k], rowValue);
                rowSlope = fma(here, sz[k], rowSlope);
            }
            value = fma(wy[j], rowValue, value);
            slopeY = fma(sy[j], rowValue, slopeY);
            slopeZ = fma(wy[j], rowSlope, slopeZ);
        }
        gx = fma(sx[h], value, gx);
        gy = fma(wx[h], slopeY, gy);
        gz = fma(wx[h], slopeZ, gz);
    }
    gx *= -(GatherReal) site.charge * (GatherReal) GRID_X;
    gy *= -(GatherReal) site.charge * (GatherReal) GRID_Y;
    gz *= -(GatherReal) site.charge * (GatherReal) GRID_Z;
    const GatherReal fx = (GatherReal) mesh.rowX * gx;
    const GatherReal fy = fma((GatherReal) mesh.rowXy, gx, (GatherReal) mesh.rowY * gy);
    const GatherReal fz =
        fma((GatherReal) mesh.rowXz, gx, fma((GatherReal) mesh.rowYz, gy, (GatherReal) mesh.rowZ * gz));
    addMeshForce(output.gm_force, mesh, site, output.gm_atomIndex, fx);
    addMeshForce(output.gm_force + output.paddedNumAtoms, mesh, site, output.gm_atomIndex, fy);
    addMeshForce(output.gm_force + 2 * output.paddedNumAtoms, mesh, site, output.gm_atomIndex, fz);
}

/** Forces on the charges that found no room in the table, from the grid itself. */
__device__ __noinline__ void interpolateRest(const Mesh& mesh, const MeshForceOutput& output, int numBlocks) {
    const int numRest = mesh.table.gm_count[NUM_TILES];
    const Site* gm_rest = mesh.gm_sites + mesh.table.gm_start[NUM_TILES];
    for (int i = (blockIdx.x - NUM_TILES) * INTERPOLATE_THREADS + threadIdx.x; i < numRest;
         i += numBlocks * INTERPOLATE_THREADS) {
        const Site site = gm_rest[i];
        interpolateForce<1>(mesh, site, output, [&](int h, int j, int k) {
            return mesh.gm_grid[findPoint(wrapPoint(site.ix + h, GRID_X), wrapPoint(site.iy + j, GRID_Y),
                                          wrapPoint(site.iz + k, GRID_Z))];
        });
    }
}

/** A block for each tile, and REST_BLOCKS for what found no room. */
extern "C" __global__ void __launch_bounds__(INTERPOLATE_THREADS, INTERPOLATE_BLOCKS)
    interpolateForces(Mesh mesh, unsigned long long* __restrict__ gm_force, int paddedNumAtoms,
                      const int* __restrict__ gm_atomIndex) {
    extern __shared__ __align__(16) unsigned char sm_bytes[];
    GridReal* sm_potential = reinterpret_cast<GridReal*>(sm_bytes); // [HALO_POINTS]
    __shared__ BankOrder sm_order;
    const MeshForceOutput output = {gm_force, paddedNumAtoms, gm_atomIndex};
    if (blockIdx.x >= NUM_TILES) {
        interpolateRest(mesh, output, REST_BLOCKS);
        return;
    }
    const Tile tile = getTile(blockIdx.x);
    const int start = mesh.table.gm_start[blockIdx.x],
              numSites = min(mesh.table.gm_count[blockIdx.x], mesh.table.gm_start[blockIdx.x + 1] - start);
    if (numSites == 0)
        return;
    visitHalo<INTERPOLATE_THREADS>(
        tile, [&](int place, int point) { beginCopy(&sm_potential[place], &mesh.gm_grid[point]); });
    for (int first = 0; first < numSites; first += ORDER_BATCH) {
        const Site* gm_batch = mesh.gm_sites + start + first;
        const int count = min(ORDER_BATCH, numSites - first);
        orderCharges<INTERPOLATE_THREADS, sizeof(GridReal)>(sm_order, count,
                                                            [&](int i) { return findCorner(tile, gm_batch[i]); });
        finishCopies();
        __syncthreads();
        takeCharges<INTERPOLATE_THREADS, sizeof(GridReal)>(sm_order, count, [&](int i) {
            const Site site = gm_batch[i];
            const GridReal* sm_corner = sm_potential + findCorner(tile, site);
            interpolateForce<WINDOW_ORDER>(
                mesh, site, output, [&](int h, int j, int k) { return sm_corner[(h * HALO_Y + j) * HALO_ROW + k]; });
        });
    }
}
