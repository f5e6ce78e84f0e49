// SPDX-License-Identifier: MIT
// The mesh on the device: what its kernels share. A grid point is (x, y, z) with z fastest; grids are periodic.
// Each stage has an arithmetic type of its own; the grid is stored in the type of the transforms.

#if SPREAD_DOUBLE
typedef double SpreadReal;
#else
typedef float SpreadReal;
#endif
#if FFT_DOUBLE
typedef double GridReal;
#else
typedef float GridReal;
#endif
#if CONVOLUTION_DOUBLE
typedef double ConvolutionReal;
#else
typedef float ConvolutionReal;
#endif
#if INTERPOLATION_DOUBLE
typedef double GatherReal;
#else
typedef float GatherReal;
#endif
// Positions on the grid are kept in the more precise of the two stages that use them.
#if SPREAD_DOUBLE || INTERPOLATION_DOUBLE
typedef double SiteReal;
#else
typedef float SiteReal;
#endif
// The charge at a grid point is summed in fixed point, so that it does not depend on the order.
#if SPREAD_DOUBLE
typedef long long GridSum;
#else
typedef int GridSum;
#endif

struct __align__(8) GridComplex {
    GridReal re, im;
};

/** A charge on the grid. The window covers the points index .. index+WINDOW_ORDER-1 along each axis. */
struct __align__(16) Site {
    SiteReal fx, fy, fz; // place of the charge between grid points, in [0, 1)
    SiteReal charge;     // e, or what stands for it
    short ix, iy, iz;    // first point of the window, in [0, num)
    short unused;
    int slot; // in the Context's order
};

/** Where kernels tell the host of trouble: host memory mapped into the device, written only when something is wrong. */
struct MeshReport {
    int badParticle; // index + 1 of a particle whose position is not finite or far too large
    int overflowing; // index + 1 of a particle whose force fixed point cannot hold
    int crowded;     // 1 if charges pile up beyond what fixed point can hold
};

/**
 * Where the charges of each tile are. A tile has room for somewhat more charges than it had in the step before; what finds no room stands
 * after the tiles. The results do not depend on who that is.
 */
struct SiteTable {
    int* __restrict__ gm_start; // [tiles + 1], where the room of a tile begins, and where that of the last ends
    int* __restrict__ gm_count; // [tiles + 1], charges whose window begins in a tile, and those that found no room
};

/** The grid and its tiles. Along an axis, tile t holds the points getTileStart(t) .. getTileStart(t+1)-1. */
struct Mesh {
    int numX, numY, numZ; // grid points
    int tilesX, tilesY, tilesZ;
    int numSites;
    double rowX, rowXy, rowXz, rowY, rowYz, rowZ; // fractional coordinate = row . position, 1/nm
    double chargeScale;                           // fixed-point units per e
    SiteTable table, nextTable;                   // of this step and the next
    Site* __restrict__ gm_sites;
    GridSum* __restrict__ gm_sum;          // [numX][numY][numZ], charge in fixed point
    GridReal* __restrict__ gm_grid;        // [numX][numY][numZ], charge, and then potential
    GridComplex* __restrict__ gm_spectrum; // [numX][numY][numZ/2+1]
    MeshReport* report;
};

static_assert(sizeof(Mesh) == SIZE_OF_MESH, "MeshLayout.h differs from grid.cu");

__device__ __forceinline__ int countTiles(const Mesh& mesh) {
    return mesh.tilesX * mesh.tilesY * mesh.tilesZ;
}

/** Bring a point between 0 and 2 num into the grid. */
__device__ __forceinline__ int wrapPoint(int point, int num) {
    return point < num ? point : point - num;
}
