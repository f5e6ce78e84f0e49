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
 * The grid and its tiles. Along an axis, tile t holds the points firstOf(t) .. firstOf(t+1)-1; every tile has at least
 * WINDOW_ORDER-1 points, so that a window reaches into one further tile at most.
 */
struct Mesh {
    int numX, numY, numZ; // grid points
    int tilesX, tilesY, tilesZ;
    int numSites;
    double rowX, rowXy, rowXz, rowY, rowYz, rowZ; // fractional coordinate = row . position, 1/nm
    double chargeScale;                           // fixed-point units per e
    int* __restrict__ gm_siteCount;               // [tiles], charges whose window begins in a tile
    int* __restrict__ gm_siteStart;               // [tiles + 1]
    int* __restrict__ gm_siteTile;                // [numSites], by slot
    int* __restrict__ gm_siteRank;                // [numSites], by slot
    Site* __restrict__ gm_unsorted;               // [numSites], by slot
    Site* __restrict__ gm_sites;                  // [numSites], tile after tile
    GridReal* __restrict__ gm_grid;               // [numX][numY][numZ]
    GridComplex* __restrict__ gm_spectrum;        // [numX][numY][numZ/2+1]
    MeshReport* report;
};

static_assert(sizeof(Mesh) == SIZE_OF_MESH, "MeshLayout.h differs from grid.cu");

__device__ __forceinline__ int getTileStart(int tile, int numTiles, int num) {
    return (int) ((long long) tile * num / numTiles);
}

/** The tile that holds a point: the inverse of getTileStart(). */
__device__ __forceinline__ int findTile(int point, int numTiles, int num) {
    return (int) (((long long) (point + 1) * numTiles - 1) / num);
}

/** Add to a force buffer of OpenMM. */
__device__ __forceinline__ void addMeshForce(unsigned long long* gm_force, const Mesh& mesh, const Site& site,
                                             const int* gm_atomIndex, GatherReal force) {
    if (!(fabs(force) < (GatherReal) (1 << 30))) // NaN compares false
        mesh.report->overflowing = gm_atomIndex[site.slot] + 1;
    atomicAdd(&gm_force[site.slot], toFixedPoint(force));
}
