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

// Points of a tile along each axis, at most, where the grid has enough of them.
constexpr int TileSize = 12, TileSizeDouble = 8;

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
           define("TILE_X", options.tile[0]) + define("TILE_Y", options.tile[1]) + define("TILE_Z", options.tile[2]) +
           define("WINDOW_ORDER", window.getOrder()) + define("WINDOW_DEGREE", window.getDegree()) +
           "#define WINDOW_COEFFICIENTS " + listCoefficients(window) + "\n" +
           define("SPREAD_THREADS", getSpreadThreads(options)) + define("INTERPOLATE_THREADS", InterpolateThreads) +
           define("CONVOLUTION_THREADS", ConvolutionThreads) + define("SCAN_THREADS", ScanThreads) +
           define("LARGEST_COORDINATE", (int) ForceParticles::getLargestCoordinate()) +
           define("SIZE_OF_MESH", sizeof(MeshView)) + define("SIZE_OF_INFLUENCE", sizeof(InfluenceView)) +
           joinFiles({"common/arithmetic.cu", "common/fixedPoint.cu", "kspace/grid.cu", "kspace/window.cu",
                      "kspace/sites.cu", "kspace/spread.cu", "kspace/convolve.cu", "kspace/interpolate.cu"});
}

int MeshProgram::countTiles(int numPoints, int order, bool doublePrecision) {
    const int size = doublePrecision ? TileSizeDouble : TileSize;
    return std::max(1, std::min((numPoints + size - 1) / size, numPoints / (order - 1)));
}

int MeshProgram::getInterpolationBytes(const MeshProgramOptions& options, int order) {
    const int x = options.tile[0] + order - 1, y = options.tile[1] + order - 1, z = (options.tile[2] + order - 1) | 1;
    return x * y * z * (int) (options.fftDouble ? sizeof(double) : sizeof(float));
}
