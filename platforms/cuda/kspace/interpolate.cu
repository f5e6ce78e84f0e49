// SPDX-License-Identifier: MIT
// Potential on the grid to forces. A block reads its tile, and as much above it as the windows of its charges reach, into shared memory;
// each of its threads then takes a charge.

#define HALO_X (TILE_X + WINDOW_ORDER - 1)
#define HALO_Y (TILE_Y + WINDOW_ORDER - 1)
#define HALO_Z ((TILE_Z + WINDOW_ORDER - 1) | 1)

__device__ __forceinline__ int wrapPoint(int point, int num) {
    return point < num ? point : point - num; // a halo is shorter than the axis
}

extern "C" __global__ void __launch_bounds__(INTERPOLATE_THREADS)
    interpolateForces(Mesh mesh, unsigned long long* __restrict__ gm_force, int paddedNumAtoms,
                      const int* __restrict__ gm_atomIndex) {
    extern __shared__ __align__(16) unsigned char sm_bytes[];
    GridReal* sm_potential = reinterpret_cast<GridReal*>(sm_bytes); // [HALO_X][HALO_Y][HALO_Z]
    const int tz = blockIdx.x % mesh.tilesZ, ty = blockIdx.x / mesh.tilesZ % mesh.tilesY,
              tx = blockIdx.x / (mesh.tilesZ * mesh.tilesY);
    const TileAxis ax = getTileAxis(tx, mesh.tilesX, mesh.numX), ay = getTileAxis(ty, mesh.tilesY, mesh.numY),
                   az = getTileAxis(tz, mesh.tilesZ, mesh.numZ);
    const int begin = mesh.gm_siteStart[blockIdx.x], end = mesh.gm_siteStart[blockIdx.x + 1];
    if (begin == end)
        return;
    for (int k = threadIdx.x; k < HALO_X * HALO_Y * HALO_Z; k += INTERPOLATE_THREADS) { // divisions by constants
        const int z = k % HALO_Z, y = k / HALO_Z % HALO_Y, x = k / (HALO_Z * HALO_Y);
        if (x < ax.size + WINDOW_ORDER - 1 && y < ay.size + WINDOW_ORDER - 1 && z < az.size + WINDOW_ORDER - 1)
            sm_potential[k] = mesh.gm_grid[((size_t) wrapPoint(ax.start + x, mesh.numX) * mesh.numY +
                                            wrapPoint(ay.start + y, mesh.numY)) *
                                               mesh.numZ +
                                           wrapPoint(az.start + z, mesh.numZ)];
    }
    __syncthreads();
    for (int i = begin + threadIdx.x; i < end; i += INTERPOLATE_THREADS) {
        const Site site = mesh.gm_sites[i];
        GatherReal wx[WINDOW_ORDER], wy[WINDOW_ORDER], wz[WINDOW_ORDER];
        GatherReal sx[WINDOW_ORDER], sy[WINDOW_ORDER], sz[WINDOW_ORDER];
        evaluateWindow((GatherReal) site.fx, wx);
        evaluateWindow((GatherReal) site.fy, wy);
        evaluateWindow((GatherReal) site.fz, wz);
        evaluateWindowSlope((GatherReal) site.fx, sx);
        evaluateWindowSlope((GatherReal) site.fy, sy);
        evaluateWindowSlope((GatherReal) site.fz, sz);
        const GridReal* sm_corner =
            sm_potential + ((site.ix - ax.start) * HALO_Y + site.iy - ay.start) * HALO_Z + site.iz - az.start;
        GatherReal gx = 0, gy = 0, gz = 0; // derivatives of the potential with respect to grid coordinates
#pragma unroll
        for (int h = 0; h < WINDOW_ORDER; h++)
#pragma unroll
            for (int j = 0; j < WINDOW_ORDER; j++) {
                GatherReal value = 0, slope = 0;
#pragma unroll
                for (int k = 0; k < WINDOW_ORDER; k++) {
                    const GatherReal potential = sm_corner[(h * HALO_Y + j) * HALO_Z + k];
                    value += potential * wz[k];
                    slope += potential * sz[k];
                }
                gx += sx[h] * wy[j] * value;
                gy += wx[h] * sy[j] * value;
                gz += wx[h] * wy[j] * slope;
            }
        gx *= -(GatherReal) site.charge * (GatherReal) mesh.numX;
        gy *= -(GatherReal) site.charge * (GatherReal) mesh.numY;
        gz *= -(GatherReal) site.charge * (GatherReal) mesh.numZ;
        const GatherReal fx = (GatherReal) mesh.rowX * gx;
        const GatherReal fy = (GatherReal) mesh.rowXy * gx + (GatherReal) mesh.rowY * gy;
        const GatherReal fz = (GatherReal) mesh.rowXz * gx + (GatherReal) mesh.rowYz * gy + (GatherReal) mesh.rowZ * gz;
        addMeshForce(gm_force, mesh, site, gm_atomIndex, fx);
        addMeshForce(gm_force + paddedNumAtoms, mesh, site, gm_atomIndex, fy);
        addMeshForce(gm_force + 2 * paddedNumAtoms, mesh, site, gm_atomIndex, fz);
    }
}
