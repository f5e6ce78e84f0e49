// SPDX-License-Identifier: MIT
// How the pair list divides space into cells. Needs no GPU.
#include "pairs/CellGridChoice.h"
#include <gtest/gtest.h>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

using namespace OpenMM;
using namespace SurrogatePlugin;

namespace {

/** A cell on the torus. */
struct Cell {
    int x, y, z;
};

/** The cells in the order of memory, as getFirstCell() of pairs/cells.cu numbers them. */
std::vector<Cell> listCells(const CellGrid<double>& grid) {
    std::vector<Cell> cells((size_t) grid.foldedX * grid.foldedY * grid.foldedZ);
    for (int z = 0; z < grid.foldedZ; z++)
        for (int y = 0; y < grid.foldedY; y++)
            for (int x = 0; x < grid.foldedX; x++) {
                const int segment = x / grid.segment, column = x % grid.segment;
                const int row = z * grid.foldedY + ((z & 1) ? grid.foldedY - 1 - y : y);
                const int first = (segment * grid.foldedY * grid.foldedZ + row) * grid.segment;
                cells[first + ((row & 1) ? grid.segment - column - 1 : column)] = {x, y, z};
            }
    return cells;
}

/** Get how far apart two coordinates on a circle are. */
int findDistance(int a, int b, int around) {
    const int distance = std::abs(a - b);
    return std::min(distance, around - distance);
}

} // namespace

/** A cluster of particles that are neighbors in memory must not be torn apart anywhere. */
TEST(CellGridChoice, NeighborsInMemoryAreNeighborsInSpace) {
    std::set<int> segments, parities;
    for (int numMembers = 2000; numMembers < 3000000; numMembers = numMembers * 9 / 8) {
        const double edge = std::cbrt(numMembers / 100.0); // nm, of water
        const Vec3 box[3] = {Vec3(edge, 0, 0), Vec3(0.2 * edge, edge, 0), Vec3(0, 0.1 * edge, 1.1 * edge)};
        const CellGrid<double> grid = CellGridChoice<double>(1.05, numMembers, numMembers).makePeriodic(box);
        ASSERT_EQ(grid.foldedX, grid.segment * grid.numSegments);
        ASSERT_LE((long long) grid.foldedX * grid.foldedY * grid.foldedZ, numMembers);
        segments.insert(grid.numSegments);
        parities.insert(grid.foldedY % 2);
        const std::vector<Cell> cells = listCells(grid);
        for (size_t k = 1; k < cells.size(); k++) {
            const Cell &a = cells[k - 1], &b = cells[k];
            ASSERT_GE(1, std::max({findDistance(a.x, b.x, grid.foldedX), findDistance(a.y, b.y, grid.foldedY),
                                   findDistance(a.z, b.z, grid.foldedZ)}))
                << "cells " << k - 1 << " and " << k << " of " << grid.foldedX << " x " << grid.foldedY << " x "
                << grid.foldedZ << " in " << grid.numSegments << " segments";
        }
    }
    EXPECT_GE(segments.size(), 3u);
    EXPECT_EQ(2u, parities.size());
}

/** Whatever the length of a row, its segments are alike and are all of it: else cells at its end would be beyond the memory for cells. */
TEST(CellGridChoice, SegmentsAreAllOfARow) {
    for (int cellsPerRow = 1; cellsPerRow < 2000; cellsPerRow++) {
        const double length = (cellsPerRow + 0.5) / 6; // six cells along x are a range of 1 nm
        const Vec3 box[3] = {Vec3(length, 0, 0), Vec3(0, 4, 0), Vec3(0, 0, 4)};
        const CellGrid<double> grid = CellGridChoice<double>(1, 1, 100000).makePeriodic(box);
        ASSERT_EQ(grid.foldedX, grid.segment * grid.numSegments) << cellsPerRow << " cells";
        ASSERT_GE(128, grid.segment);
    }
}
