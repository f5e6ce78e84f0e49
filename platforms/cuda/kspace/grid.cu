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

/** A charge in the shared memory of its tile's block. */
struct __align__(16) TileSite {
    SiteReal fx, fy, fz;   // as in Site
    unsigned short corner; // place in shared memory where the window begins, or NO_CORNER
    unsigned short member; // number in the tile
};

#define NO_CORNER 0xffff

// What TileSite can number.
#define MOST_MEMBERS 65535

/** A charge of a tile, from one sorting to the next. */
struct __align__(8) Member {
    SiteReal charge; // e, or what stands for it
    int slot;        // in the Context's order
};

/** Where kernels tell the host of trouble: host memory mapped into the device, written only when something is wrong. */
struct MeshReport {
    int badParticle; // index + 1 of a particle whose position is not finite or far too large
    int overflowing; // index + 1 of a particle whose force fixed point cannot hold
    int crowded;     // 1 if charges pile up beyond what fixed point can hold
};

/**
 * Which charges a tile has. It has room for somewhat more than it had when charges were sorted before; what finds no room is in a record of its own.
 * The results do not depend on who that is.
 */
struct __align__(16) TileRecord {
    int start, room; // first of its places in Mesh::gm_member, and how many there are
    int count;       // charges that were sorted to the tile
    int unused;
};

/** The sites of a tile's charges, from the spreading to the interpolation. */
struct __align__(16) TileRows {
    int firstSite, numRows; // in Mesh::gm_site, 32 to a row
    int firstMember;        // what TileSite::member counts from
    int unused;
};

/** What the kernels of a step leave to later ones. */
struct MeshState {
    int table;    // the one of two tables of TileRecord to spread by; the other is for the next sorting
    int numStray; // charges that are not in a tile, as they are found
    int lastNumStray;
    int unused;
};

/**
 * Rows of the inverse of the box matrix, 1/nm: a fractional coordinate is a row times the position. They are the reciprocal vectors, too. The host
 * gives them in single and in double, since each thread would convert them anew.
 */
template <class T>
struct BoxRows {
    T x, xy, xz, y, yz, z; // (x, xy, xz), (0, y, yz), (0, 0, z)
};

/** What the kernels of a mesh are given. */
struct Mesh {
    int numSites;
    int mostStray;      // charges are sorted anew when there are more
    int memberCapacity; // of a table
    int unused;
    BoxRows<double> doubleRows;
    BoxRows<float> singleRows;
    double chargeScale, chargeUnit;          // fixed-point units per e, and the inverse
    const Real4* __restrict__ gm_posq;       // [numSites], in the Context's order
    const Real4* __restrict__ gm_correction; // [numSites], what single precision leaves of positions
    const int* __restrict__ gm_atomIndex;    // [numSites], original index
    const double* __restrict__ gm_charge;    // [numSites], by original index
    TileRecord* gm_tile;                     // [2][NUM_TILES + 1], two tables; the last record is of what found no room
    Member* gm_member;                       // [2][memberCapacity]
    MeshState* state;
    TileSite* gm_site;          // of each tile, in the order in which threads take them: see findFirstSite()
    TileRows* gm_rows;          // [NUM_TILES]
    Site* gm_stray;             // [numSites], charges that are not in a tile
    GridSum* gm_sum;            // [GRID_X][GRID_Y][GRID_ROW], charge in fixed point; 0 between steps
    ConvolutionReal* gm_factor; // [GRID_X][GRID_Y][SPECTRUM_ROW], of the convolution
    GridReal* gm_grid;          // [GRID_X][GRID_Y][GRID_ROW], charge, and later potential
    GridComplex* gm_spectrum;   // [GRID_X][GRID_Y][SPECTRUM_ROW]; the same memory
    MeshReport* report;
};

static_assert(sizeof(Mesh) == SIZE_OF_MESH, "MeshLayout.h differs from grid.cu");

template <class T>
__device__ __forceinline__ const BoxRows<T>& getRows(const Mesh& mesh);

template <>
__device__ __forceinline__ const BoxRows<float>& getRows<float>(const Mesh& mesh) {
    return mesh.singleRows;
}

template <>
__device__ __forceinline__ const BoxRows<double>& getRows<double>(const Mesh& mesh) {
    return mesh.doubleRows;
}

/** Bring a point between -num and 2 num into the grid. */
__device__ __forceinline__ int wrapPoint(int point, int num) {
    return point < 0 ? point + num : point < num ? point : point - num;
}

/** Get the place of a point in the grid. */
__device__ __forceinline__ int findPoint(int x, int y, int z) {
    return (x * GRID_Y + y) * GRID_ROW + z; // CudaReciprocalSpaceKernel limits the size
}
