// SPDX-License-Identifier: MIT
#include "CellGridChoice.h"
#include "../KernelSource.h"
#include <algorithm>
#include <cmath>

using namespace OpenMM;
using namespace SurrogatePlugin;

namespace {

// Cells of a range/6 along x, where they are neighbors in memory, and range/1.5 across. Measured: docs/theory/pair-list.md. In denser systems
// smaller ones, so many in the cube that holds a cluster of them, which makes clusters compact and lists short.
constexpr double CellsPerRange[3] = {6, 1.5, 1.5}, CellsPerCluster[3] = {3.77, 0.94, 0.94};
// Rows of cells are cut to this length, so that the particles around several of them stay in the cache of a multiprocessor.
constexpr int LongestSegment = 128;
constexpr int LargestAxis = 1 << 20;

} // namespace

/** Numbers of cells along each axis of the box, and of the torus that they are folded onto; and into how many segments rows of the latter are cut. */
template <class Real>
struct CellGridChoice<Real>::Cells {
    int num[3], folded[3], numSegments;
};

/** The torus has no more cells than there is memory for, and as many as go into the box a whole number of times. */
template <class Real>
typename CellGridChoice<Real>::Cells CellGridChoice<Real>::chooseCells(const double cellsPerBox[3]) const {
    Cells cells;
    double product = 1;
    for (int k = 0; k < 3; k++) {
        cells.num[k] = (int) std::max(1.0, std::min((double) LargestAxis, std::floor(cellsPerBox[k])));
        product *= cells.num[k];
    }
    int* folded = cells.folded;
    const double shrink = std::max(1.0, std::cbrt(product / maxCells));
    for (int k = 0; k < 3; k++)
        folded[k] = std::max(1, (int) (cells.num[k] / shrink));
    for (int k = 0; k < 3 && (double) folded[0] * folded[1] * folded[2] > maxCells; k++) // a flat or long box
        folded[k] = std::min(folded[k], std::max(1, (int) std::cbrt((double) maxCells)));
    const int numSegments = cells.numSegments = (folded[0] + LongestSegment - 1) / LongestSegment;
    folded[0] -= folded[0] % numSegments; // segments of equal lengths
    // After an odd number of rows the meander ends where the next segment begins. Else a cluster there would be torn apart, and the search for its
    // neighbors takes as long as that of all others in parallel.
    for (int k = 1; k < 3 && numSegments > 1; k++)
        folded[k] -= folded[k] % 2 == 0 ? 1 : 0;
    for (int k = 0; k < 3; k++)
        cells.num[k] -=
            cells.num[k] % folded[k]; // so that neighbors across the boundary of the box are neighbors on the torus
    return cells;
}

template <class Real>
void CellGridChoice<Real>::setCells(CellGrid<Real>& grid, const Cells& cells, const double reach[3],
                                    const double width[3]) {
    const int* folded = cells.folded;
    grid.numX = cells.num[0];
    grid.numY = cells.num[1];
    grid.numZ = cells.num[2];
    grid.foldedX = folded[0];
    grid.foldedY = folded[1];
    grid.foldedZ = folded[2];
    grid.numSegments = cells.numSegments; // not from the length again, which might now be one segment shorter
    grid.segment = folded[0] / grid.numSegments;
    grid.reachX = (Real) reach[0];
    grid.reachY = (Real) reach[1];
    grid.reachZ = (Real) reach[2];
    grid.widthX = (Real) width[0];
    grid.widthY = (Real) width[1];
    grid.widthZ = (Real) width[2];
    grid.inverseWidthX = (Real) (1 / width[0]);
    grid.inverseFoldedX = (Real) (1.0 / folded[0]);
    grid.inverseFoldedY = (Real) (1.0 / folded[1]);
    grid.inverseFoldedZ = (Real) (1.0 / folded[2]);
    grid.inverseSegment = (Real) (1.0 / grid.segment);
}

template <class Real>
CellGrid<Real> CellGridChoice<Real>::makePeriodic(const Vec3 box[3]) const {
    const double ax = box[0][0], bx = box[1][0], by = box[1][1], cx = box[2][0], cy = box[2][1], cz = box[2][2];
    // Rows of the inverse of the box matrix: fractional coordinates of a position.
    const double rows[3][3] = {
        {1 / ax, -bx / (ax * by), (bx * cy - by * cx) / (ax * by * cz)}, {0, 1 / by, -cy / (by * cz)}, {0, 0, 1 / cz}};
    const double edge = std::cbrt(ax * by * cz * KernelSource::ClusterSize / std::max(1, numMembers));
    double height[3], cellsPerBox[3], reach[3], width[3]; // planes of constant fractional coordinate are 1/|row| apart
    for (int k = 0; k < 3; k++) {
        height[k] = 1 / std::sqrt(rows[k][0] * rows[k][0] + rows[k][1] * rows[k][1] + rows[k][2] * rows[k][2]);
        cellsPerBox[k] = height[k] * std::max(CellsPerRange[k] / range, CellsPerCluster[k] / edge);
    }
    const Cells cells = chooseCells(cellsPerBox);
    for (int k = 0; k < 3; k++) {
        width[k] = height[k] / cells.num[k];
        reach[k] = range / width[k];
    }
    CellGrid<Real> grid;
    grid.rowX = (Real) rows[0][0];
    grid.rowXy = (Real) rows[0][1];
    grid.rowXz = (Real) rows[0][2];
    grid.rowY = (Real) rows[1][1];
    grid.rowYz = (Real) rows[1][2];
    grid.rowZ = (Real) rows[2][2];
    setCells(grid, cells, reach, width);
    return grid;
}

/** Space is folded onto a torus; cells that meet there are told apart by distance. */
template <class Real>
CellGrid<Real> CellGridChoice<Real>::makeInfinite() const {
    const double perAxis = std::floor(std::cbrt((double) maxCells)), all[3] = {perAxis, perAxis, perAxis};
    double width[3];
    for (int k = 0; k < 3; k++)
        width[k] = range / CellsPerRange[k];
    CellGrid<Real> grid;
    grid.rowX = (Real) (1 / width[0]);
    grid.rowY = (Real) (1 / width[1]);
    grid.rowZ = (Real) (1 / width[2]);
    grid.rowXy = grid.rowXz = grid.rowYz = 0;
    setCells(grid, chooseCells(all), CellsPerRange, width);
    return grid;
}

namespace SurrogatePlugin {
template class CellGridChoice<float>;
template class CellGridChoice<double>;
} // namespace SurrogatePlugin
