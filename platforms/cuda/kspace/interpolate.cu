// SPDX-License-Identifier: MIT
// Potential on the grid to forces. A block reads a tile and its halo into shared memory; each of its threads then takes a charge.

/** Add to a force buffer of OpenMM. */
__device__ __forceinline__ void addMeshForce(unsigned long long* gm_force, const Mesh& mesh, int slot,
                                             GatherReal force) {
    if (!(fabs(force) < (GatherReal) (1 << 30))) // NaN compares false
        mesh.report->overflowing = mesh.gm_atomIndex[slot] + 1;
    atomicAdd(&gm_force[slot], toFixedPoint(force));
}

/** Begin to copy POINTS_TOGETHER numbers from global to shared memory. finishCopies() waits for all that a thread has begun. */
__device__ __forceinline__ void beginCopy(GridReal* sm_target, const GridReal* gm_source) {
    asm volatile("{ .reg .u64 address; .reg .u32 target; cvta.to.shared.u64 address, %0; cvt.u32.u64 target, address;\n"
                 "cp.async.ca.shared.global [target], [%1], %2; }"
                 :
                 : "l"(sm_target), "l"(gm_source), "n"((int) sizeof(GridReal) * POINTS_TOGETHER)
                 : "memory");
}

__device__ __forceinline__ void finishCopies() {
    asm volatile("cp.async.wait_all;" : : : "memory");
}

/** Where forces go. */
struct MeshForceOutput {
    unsigned long long* __restrict__ gm_force;
    int paddedNumAtoms;
};

/**
 * Compute and add the force on one charge. Fused operations are written out, so that the result is the same wherever the potential comes from.
 *
 * @param site       TileSite or Site
 * @param potential  gives the potential at the point (h, j, k) of the window
 */
template <int Unroll, class AnySite, class Potential>
__device__ __forceinline__ void interpolateForce(const Mesh& mesh, AnySite site, Member member,
                                                 const MeshForceOutput& output, Potential potential) {
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
    gx *= -(GatherReal) member.charge * (GatherReal) GRID_X;
    gy *= -(GatherReal) member.charge * (GatherReal) GRID_Y;
    gz *= -(GatherReal) member.charge * (GatherReal) GRID_Z;
    const BoxRows<GatherReal>& rows = getRows<GatherReal>(mesh);
    const GatherReal fx = rows.x * gx;
    const GatherReal fy = fma(rows.xy, gx, rows.y * gy);
    const GatherReal fz = fma(rows.xz, gx, fma(rows.yz, gy, rows.z * gz));
    addMeshForce(output.gm_force, mesh, member.slot, fx);
    addMeshForce(output.gm_force + output.paddedNumAtoms, mesh, member.slot, fy);
    addMeshForce(output.gm_force + 2 * output.paddedNumAtoms, mesh, member.slot, fz);
}

/** Forces on the charges that are not in a tile, from the grid itself. */
__device__ __noinline__ void interpolateStray(const Mesh& mesh, const MeshForceOutput& output) {
    for (int i = blockIdx.x * INTERPOLATE_THREADS + threadIdx.x; i < mesh.state->lastNumStray;
         i += REST_BLOCKS * INTERPOLATE_THREADS) {
        const Site site = mesh.gm_stray[i];
        Member member;
        member.charge = site.charge;
        member.slot = site.slot;
        interpolateForce<1>(mesh, site, member, output, [&](int h, int j, int k) {
            return mesh.gm_grid[findPoint(wrapPoint(site.ix + h, GRID_X), wrapPoint(site.iy + j, GRID_Y),
                                          wrapPoint(site.iz + k, GRID_Z))];
        });
    }
}

/** Set the sums of charge to 0 for the next step, 16 bytes at a time: the buffer is a multiple of that. Called by all threads of the grid. */
__device__ __forceinline__ void clearSums(const Mesh& mesh) {
    const int perVector = 16 / sizeof(GridSum), numVectors = (GRID_X * GRID_Y * GRID_ROW - 1) / perVector + 1;
    for (int i = blockIdx.x * INTERPOLATE_THREADS + threadIdx.x; i < numVectors; i += INTERPOLATE_THREADS * gridDim.x)
        reinterpret_cast<int4*>(mesh.gm_sum)[i] = make_int4(0, 0, 0, 0);
}

/** REST_BLOCKS for what is in no tile, and a block for each tile. */
extern "C" __global__ void __launch_bounds__(INTERPOLATE_THREADS, INTERPOLATE_BLOCKS)
    interpolateForces(const __grid_constant__ Mesh mesh, unsigned long long* __restrict__ gm_force,
                      int paddedNumAtoms) {
    extern __shared__ __align__(16) unsigned char sm_bytes[];
    GridReal* sm_potential = reinterpret_cast<GridReal*>(sm_bytes); // [HALO_POINTS]
    const MeshForceOutput output = {gm_force, paddedNumAtoms};
    if (blockIdx.x < REST_BLOCKS) {
        clearSums(mesh);
        interpolateStray(mesh, output);
        return;
    }
    const int index = blockIdx.x - REST_BLOCKS;
    const TileRows rows = mesh.gm_rows[index];
    visitHalo<INTERPOLATE_THREADS>(
        getTile(index), [&](int place, int point) { beginCopy(&sm_potential[place], &mesh.gm_grid[point]); });
    clearSums(mesh); // which nobody waits for
    const int numWarps = INTERPOLATE_THREADS / 32;
    const TileSite* gm_site = mesh.gm_site + rows.firstSite + threadIdx.x % 32;
    const Member* gm_member = mesh.gm_member + rows.firstMember;
    int row = threadIdx.x / 32;
    TileSite next; // loaded before it is needed
    if (row < rows.numRows)
        next = gm_site[32 * row];
    finishCopies();
    __syncthreads();
    for (; row < rows.numRows; row += numWarps) {
        const TileSite site = next;
        if (row + numWarps < rows.numRows)
            next = gm_site[32 * (row + numWarps)];
        if (site.corner == NO_CORNER)
            continue;
        const GridReal* sm_corner = sm_potential + site.corner;
        interpolateForce<UNROLLED_PLANES>(mesh, site, gm_member[site.member], output, [&](int h, int j, int k) {
            return sm_corner[(h * HALO_Y + j) * HALO_ROW + k];
        });
    }
}
