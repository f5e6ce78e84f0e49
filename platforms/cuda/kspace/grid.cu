// SPDX-License-Identifier: MIT
// The mesh on the device: what its kernels share. A grid has GRID_X x GRID_Y x GRID_Z points (x, y, z), z fastest, and is periodic; it is
// divided into TILES_X x TILES_Y x TILES_Z tiles of at most TILE_X x TILE_Y x TILE_Z points. Each stage has an arithmetic type of its own; the
// grid is stored in the type of the transforms.

#define NUM_TILES (TILES_X * TILES_Y * TILES_Z)
// Waves in a row along z; and points, with room for the waves in their place.
#define SPECTRUM_ROW (GRID_Z / 2 + 1)
#define GRID_ROW (2 * SPECTRUM_ROW)

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

/** What the kernels of a mesh are given. */
struct Mesh {
    int numSites;
    double rowX, rowXy, rowXz, rowY, rowYz, rowZ; // fractional coordinate = row . position, 1/nm
    double chargeScale;                           // fixed-point units per e
    SiteTable table, nextTable;                   // of this step and the next
    Site* __restrict__ gm_sites;
    GridSum* gm_sum;          // [GRID_X][GRID_Y][GRID_ROW], charge in fixed point; may be the same memory as gm_grid
    GridReal* gm_grid;        // [GRID_X][GRID_Y][GRID_ROW], charge, and later potential
    GridComplex* gm_spectrum; // [GRID_X][GRID_Y][SPECTRUM_ROW]; the same memory
    MeshReport* report;
};

static_assert(sizeof(Mesh) == SIZE_OF_MESH, "MeshLayout.h differs from grid.cu");

/** Bring a point between 0 and 2 num into the grid. */
__device__ __forceinline__ int wrapPoint(int point, int num) {
    return point < num ? point : point - num;
}

/** Get the place of a point in the grid. */
__device__ __forceinline__ int findPoint(int x, int y, int z) {
    return (x * GRID_Y + y) * GRID_ROW + z; // CudaReciprocalSpaceKernel limits the size
}
