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
constexpr int LargestTile = 14, SmallestTile = 6;
// Tiles for each multiprocessor, where the grid has enough points.
constexpr int TilesPerProcessor = 3;
// Shared memory of a block for its tile, bytes at most.
constexpr int LargestTileBytes = 48 * 1024;

int getHaloPoints(const std::array<int, 3>& tile, int order) {
    return (tile[0] + order - 1) * (tile[1] + order - 1) * (tile[2] + order - 1);
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

string MeshProgram::makeSource(const MeshProgramOptions& options, const MeshWindow& window) {
    return define("DOUBLE_PRECISION", options.doublePositions) + define("DOUBLE_ENERGY", 1) +
           define("HAS_POSITION_CORRECTION", options.positionCorrection) +
           define("SPREAD_DOUBLE", options.spreadDouble) + define("FFT_DOUBLE", options.fftDouble) +
           define("CONVOLUTION_DOUBLE", options.convolutionDouble) +
           define("INTERPOLATION_DOUBLE", options.interpolationDouble) + define("DISPERSION", options.dispersion) +
           define("PROLATE", options.prolate) + define("TRANSFORM_CELLS", getTransformCells(options)) +
           define("TILE_X", options.tile[0]) + define("TILE_Y", options.tile[1]) + define("TILE_Z", options.tile[2]) +
           define("WINDOW_ORDER", window.getOrder()) + define("WINDOW_DEGREE", window.getDegree()) +
           "#define WINDOW_COEFFICIENTS " + listCoefficients(window) + "\n" + define("SPREAD_THREADS", SpreadThreads) +
           define("READ_THREADS", ReadThreads) + define("CONVOLUTION_THREADS", ConvolutionThreads) +
           define("INTERPOLATE_THREADS", InterpolateThreads) + define("REST_BLOCKS", RestBlocks) +
           define("LARGEST_COORDINATE", (int) ForceParticles::getLargestCoordinate()) +
           define("SIZE_OF_MESH", sizeof(MeshView)) + define("SIZE_OF_INFLUENCE", sizeof(InfluenceView)) +
           joinFiles({"common/arithmetic.cu", "common/fixedPoint.cu", "kspace/grid.cu", "kspace/tiles.cu",
                      "kspace/window.cu", "kspace/sites.cu", "kspace/spread.cu", "kspace/convolve.cu",
                      "kspace/interpolate.cu"});
}

std::array<int, 3> MeshProgram::chooseTiles(const std::array<int, 3>& numPoints, int order, bool doublePrecision,
                                            int numProcessors) {
    std::array<int, 3> tiles;
    for (int size = LargestTile;; size -= 2) {
        std::array<int, 3> tile;
        for (int axis = 0; axis < 3; axis++) {
            tiles[axis] = (numPoints[axis] + size - 1) / size;
            tile[axis] = (numPoints[axis] + tiles[axis] - 1) / tiles[axis];
        }
        const int bytes = getHaloPoints(tile, order) * (int) (doublePrecision ? sizeof(double) : sizeof(float));
        const bool isBusy = (double) tiles[0] * tiles[1] * tiles[2] >= TilesPerProcessor * numProcessors;
        if (size == SmallestTile || (bytes <= LargestTileBytes && isBusy))
            return tiles;
    }
}

int MeshProgram::getSpreadBytes(const MeshProgramOptions& options, int order) {
    return getHaloPoints(options.tile, order) * (int) sizeof(int) * (options.spreadDouble ? 2 : 1);
}

int MeshProgram::getInterpolationBytes(const MeshProgramOptions& options, int order) {
    return getHaloPoints(options.tile, order) * (int) (options.fftDouble ? sizeof(double) : sizeof(float));
}
