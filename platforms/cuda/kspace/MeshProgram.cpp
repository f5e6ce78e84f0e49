// SPDX-License-Identifier: MIT
#include "MeshProgram.h"
#include "../SourceText.h"
#include "MeshLayout.h"
#include "openmmsurrogate/internal/ForceParticles.h"
#include <algorithm>
#include <cstdio>

using namespace SurrogatePlugin;
using std::string;

namespace {

// Points of a tile along each axis, at most.
constexpr int LargestTile = 16, SmallestTile = 6;
// Tiles for each multiprocessor, which can hold four blocks, where the grid has enough points.
constexpr double TilesPerProcessor = 3.4;
// Shared memory of a block for its tile, bytes at most.
constexpr int LargestTileBytes = 50 * 1024;

int getHaloPoints(const std::array<int, 3>& tile, int order) {
    return (tile[0] + order) * (tile[1] + order) * ((tile[2] + order + 2) / 2 | 1) * 2;
}

/** Blocks of the interpolation that a multiprocessor is to hold, which bounds the registers of a thread. */
int getInterpolationBlocks(const MeshProgramOptions& options, int order) {
    if (options.interpolationDouble)
        return order > 6 ? 1 : 2;
    return (order > 5 ? 2 : 4) * 256 / MeshProgram::getTileThreads(options);
}

/** The same of the spreading. */
int getSpreadBlocks(const MeshProgramOptions& options) {
    return options.spreadDouble ? 3 : 4 * 256 / MeshProgram::getTileThreads(options);
}

/**
 * Planes of constant x of a window that are unrolled. Only the mesh that measures errors has an order beyond 8. It runs once in a while, and would
 * take 3 s to compile, for each grid; so it takes one (TestCudaPrograms --gtest_filter=*measuring*).
 */
int getUnrolledPlanes(int order) {
    return order > 8 ? 1 : order;
}

string defineAxes(const string& name, const std::array<int, 3>& values) {
    return define(name + "_X", values[0]) + define(name + "_Y", values[1]) + define(name + "_Z", values[2]);
}

string listCoefficients(const MeshWindow& window) {
    const std::vector<double>& all = window.getHornerCoefficients();
    string list;
    char text[40];
    for (size_t i = 0; i < all.size(); i++) {
        snprintf(text, sizeof(text), "%.17e", all[i]);
        list += (i == 0 ? "{{" : i % window.getOrder() == 0 ? "}, {" : ", ") + string(text);
    }
    return list + "}}";
}

} // namespace

std::array<int, 3> MeshProgramOptions::getTile() const {
    std::array<int, 3> tile;
    for (int axis = 0; axis < 3; axis++)
        tile[axis] = (grid[axis] + tiles[axis] - 1) / tiles[axis];
    return tile;
}

string MeshProgram::makeSource(const MeshProgramOptions& options, const MeshWindow& window) {
    return define("DOUBLE_PRECISION", options.doublePositions) + define("DOUBLE_ENERGY", 1) +
           define("HAS_POSITION_CORRECTION", options.positionCorrection) +
           define("SPREAD_DOUBLE", options.spreadDouble) + define("FFT_DOUBLE", options.fftDouble) +
           define("CONVOLUTION_DOUBLE", options.convolutionDouble) +
           define("INTERPOLATION_DOUBLE", options.interpolationDouble) + define("DISPERSION", options.dispersion) +
           define("PROLATE", options.prolate) + define("TRANSFORM_CELLS", getTransformCells(options)) +
           defineAxes("GRID", options.grid) + defineAxes("TILES", options.tiles) +
           defineAxes("TILE", options.getTile()) + define("WINDOW_ORDER", window.getOrder()) +
           define("WINDOW_DEGREE", window.getDegree()) + "#define WINDOW_COEFFICIENTS " + listCoefficients(window) +
           "\n" + define("SORT_THREADS", SortThreads) + define("SPREAD_THREADS", getTileThreads(options)) +
           define("SPREAD_BLOCKS", getSpreadBlocks(options)) + define("ORDER_BATCH", getOrderBatch(options)) +
           define("READ_THREADS", ReadThreads) + define("CONVOLUTION_THREADS", ConvolutionThreads) +
           define("INTERPOLATE_THREADS", getTileThreads(options)) +
           define("INTERPOLATE_BLOCKS", getInterpolationBlocks(options, window.getOrder())) +
           define("REST_BLOCKS", RestBlocks) + define("UNROLLED_PLANES", getUnrolledPlanes(window.getOrder())) +
           define("LARGEST_COORDINATE", (int) ForceParticles::getLargestCoordinate()) +
           define("SIZE_OF_MESH", sizeof(MeshView)) + define("SIZE_OF_INFLUENCE", sizeof(InfluenceView)) +
           joinFiles({"common/arithmetic.cu", "common/fixedPoint.cu", "kspace/grid.cu", "kspace/tiles.cu",
                      "kspace/window.cu", "kspace/sites.cu", "kspace/spread.cu", "kspace/convolve.cu",
                      "kspace/interpolate.cu"});
}

std::array<int, 3> MeshProgram::chooseTiles(const std::array<int, 3>& grid, int order, bool doublePrecision,
                                            int numProcessors) {
    MeshProgramOptions options;
    options.grid = grid;
    for (int size = LargestTile;; size--) {
        for (int axis = 0; axis < 3; axis++)
            options.tiles[axis] = (grid[axis] + size - 1) / size;
        const int bytes =
            getHaloPoints(options.getTile(), order) * (int) (doublePrecision ? sizeof(double) : sizeof(float));
        if (size == SmallestTile ||
            (bytes <= LargestTileBytes && options.countTiles() >= TilesPerProcessor * numProcessors))
            return options.tiles;
    }
}

int MeshProgram::getTileThreads(const MeshProgramOptions& options) {
    const bool isDouble = options.spreadDouble || options.interpolationDouble;
    return !isDouble && options.numSites > 1000.0 * options.countTiles() ? 512 : 256;
}

int MeshProgram::getOrderBatch(const MeshProgramOptions& options) {
    if (options.spreadDouble || options.interpolationDouble)
        return 384;
    return getTileThreads(options) == 512 ? 1056 : 672;
}

int MeshProgram::getSpreadBytes(const MeshProgramOptions& options, int order) {
    return getHaloPoints(options.getTile(), order) * (int) sizeof(int) * (options.spreadDouble ? 2 : 1);
}

int MeshProgram::getInterpolationBytes(const MeshProgramOptions& options, int order) {
    return getHaloPoints(options.getTile(), order) * (int) (options.fftDouble ? sizeof(double) : sizeof(float));
}
