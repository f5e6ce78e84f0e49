// SPDX-License-Identifier: MIT
// The cells around a cluster, as runs of places in cell order: those of each row along x are neighbors in memory.

/** A box in cells that holds all particles within the range of a cluster when the list was built. */
struct Surroundings {
    Real lowX, lowY, lowZ, highX, highY, highZ; // of the cluster itself, unfolded around its first particle
    Real slack;                                 // for rounding of coordinates, cells
    int firstY, firstZ, firstSegment;           // unfolded
    int numY, numZ, numSegments;
};

__device__ __forceinline__ int roundDownToInt(Real x) {
    return (int) roundDown(x);
}

/** Get the image of a coordinate on the torus that is next to a reference. */
__device__ __forceinline__ Real unfold(Real coordinate, Real reference, int folded, Real inverseFolded) {
    return coordinate - roundToInteger((coordinate - reference) * inverseFolded) * (Real) folded;
}

/** Extend an interval to a coordinate on the torus, at its image next to a reference. */
__device__ __forceinline__ void extend(Real coordinate, Real reference, int folded, Real inverseFolded, Real& low,
                                       Real& high) {
    const Real image = unfold(coordinate, reference, folded, inverseFolded);
    low = min(low, image);
    high = max(high, image);
}

/** Choose the rows of cells around an interval of coordinates along each axis, which contains the particle at `first`. */
__device__ __forceinline__ void chooseRows(const PairList& list, const Real4& first, Surroundings& around) {
    const CellGrid& grid = list.grid;
#if PERIODIC
    const Real largest = max(grid.numX, max(grid.numY, grid.numZ));
#else
    const Real4 p = first;
    const Real largest = max(fabs(p.x) * grid.rowX, max(fabs(p.y) * grid.rowY, fabs(p.z) * grid.rowZ));
#endif
    around.slack = (Real) 1e-3 + (Real) 1e-6 * largest;
    const Real reachX = grid.reachX + around.slack, reachY = grid.reachY + around.slack,
               reachZ = grid.reachZ + around.slack;
    around.firstY = roundDownToInt(around.lowY - reachY);
    around.firstZ = roundDownToInt(around.lowZ - reachZ);
    around.numY = roundDownToInt(around.highY + reachY) - around.firstY + 1;
    around.numZ = roundDownToInt(around.highZ + reachZ) - around.firstZ + 1;
    if (around.numY >= grid.foldedY) { // all of them, once
        around.firstY = 0;
        around.numY = grid.foldedY;
    }
    if (around.numZ >= grid.foldedZ) {
        around.firstZ = 0;
        around.numZ = grid.foldedZ;
    }
    around.firstSegment = roundDownToInt((roundDown(around.lowX - reachX) + (Real) 0.5) * grid.inverseSegment);
    around.numSegments =
        roundDownToInt((roundDown(around.highX + reachX) + (Real) 0.5) * grid.inverseSegment) - around.firstSegment + 1;
    if (roundDownToInt(around.highX + reachX) - roundDownToInt(around.lowX - reachX) + 1 >= grid.foldedX) {
        around.firstSegment = 0;
        around.numSegments = grid.numSegments;
        around.lowX -= (Real) grid.foldedX;
        around.highX += (Real) grid.foldedX;
    }
}

/** Find the surroundings of a cluster, from its positions when the list was built. */
__device__ __forceinline__ Surroundings findSurroundings(const PairList& list, const Real4* position) {
    const CellGrid& grid = list.grid;
    const Real4 reference = findCoordinates(grid, position[0]);
    Surroundings around;
    around.lowX = around.highX = reference.x;
    around.lowY = around.highY = reference.y;
    around.lowZ = around.highZ = reference.z;
#pragma unroll
    for (int m = 1; m < CLUSTER_SIZE; m++)
        if (position[m].x == position[m].x) { // not NaN
            const Real4 at = findCoordinates(grid, position[m]);
            extend(at.x, reference.x, grid.foldedX, grid.inverseFoldedX, around.lowX, around.highX);
            extend(at.y, reference.y, grid.foldedY, grid.inverseFoldedY, around.lowY, around.highY);
            extend(at.z, reference.z, grid.foldedZ, grid.inverseFoldedZ, around.lowZ, around.highZ);
        }
    chooseRows(list, position[0], around);
    return around;
}

__device__ __forceinline__ int getNumRuns(const Surroundings& around) {
    return around.numY * around.numZ * around.numSegments;
}

/** Divide by a number that is not 0, both less than 2^20 and not negative. */
__device__ __forceinline__ int divide(int dividend, int divisor) {
    return (int) __fdividef((float) dividend + 0.5f, (float) divisor);
}

/** Get how far a row of cells is from an interval, nm; 0 if all rows are looked at, because images of a row are then nearer than it. */
__device__ __forceinline__ Real findGap(Real low, Real high, Real slack, int cell, int num, int folded, Real width) {
    return num == folded ? 0 : max((Real) 0, max((Real) cell - high, low - (Real) (cell + 1)) - slack) * width;
}

/** Get the places from start to end of one run, an empty one where all cells of it are out of range. */
__device__ __forceinline__ void getRun(const PairList& list, const Surroundings& around, int run, int& start,
                                       int& end) {
    const CellGrid& grid = list.grid;
    start = end = 0;
    const int row = divide(run, around.numSegments), plane = divide(row, around.numY);
    const int segment = around.firstSegment + run - row * around.numSegments;
    const int y = around.firstY + row - plane * around.numY, z = around.firstZ + plane;
#if TRICLINIC
    const Real reach = grid.reachX + around.slack;
#else
    const Real gapY = findGap(around.lowY, around.highY, around.slack, y, around.numY, grid.foldedY, grid.widthY);
    const Real gapZ = findGap(around.lowZ, around.highZ, around.slack, z, around.numZ, grid.foldedZ, grid.widthZ);
    const Real left = list.range2 - gapY * gapY - gapZ * gapZ;
    if (left <= 0)
        return;
    const Real reach = left * getInverseRoot(left) * grid.inverseWidthX + around.slack;
#endif
    const int firstOfSegment = segment * grid.segment;
    const int first = max(roundDownToInt(around.lowX - reach), firstOfSegment);
    const int last = min(roundDownToInt(around.highX + reach), firstOfSegment + grid.segment - 1);
    if (first > last)
        return;
    const int cell = getFirstCell(grid, fold(segment, grid.numSegments), first - firstOfSegment, fold(y, grid.foldedY),
                                  fold(z, grid.foldedZ), last - first + 1);
    start = list.gm_cellStart[cell];
    end = list.gm_cellStart[cell + last - first + 1];
}
