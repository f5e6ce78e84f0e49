// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_MESHPROGRAM_H_
#define OPENMM_SURROGATE_MESHPROGRAM_H_

#include "openmmsurrogate/internal/MeshWindow.h"
#include <array>
#include <string>

namespace SurrogatePlugin {

/** What the program of a mesh is specialized by. */
struct MeshProgramOptions {
    bool doublePositions = false;    // of the Context: its positions are of double
    bool positionCorrection = false; // of the Context: its positions are pairs of float
    bool spreadDouble = false, fftDouble = false, convolutionDouble = false, interpolationDouble = false;
    bool dispersion = false;                  // 1/r^6 instead of 1/r
    std::array<int, 3> tile = {{12, 12, 12}}; // points of the largest tile
};

/** The device program of a mesh, and how its kernels are launched. Made without a GPU. */
class MeshProgram {
public:
    static constexpr int SpreadThreads = 256, ReadThreads = 256, ConvolutionThreads = 256, InterpolateThreads = 256;
    /** Blocks that the kernels of tiles have beside those of the tiles, for charges that found no room in a tile. */
    static constexpr int RestBlocks = 64;
    /** Make the source, as the compiler gets it. */
    static std::string makeSource(const MeshProgramOptions& options, const MeshWindow& window);
    /**
     * Choose the number of tiles along each axis: as few as keep all multiprocessors busy and fit into their shared memory. Large tiles have
     * less halo.
     *
     * @param numPoints  grid points along each axis
     */
    static std::array<int, 3> chooseTiles(const std::array<int, 3>& numPoints, int order, bool doublePrecision,
                                          int numProcessors);
    /** Get the shared memory of a block of the spreading, bytes. */
    static int getSpreadBytes(const MeshProgramOptions& options, int order);
    /** Get the shared memory of a block of the interpolation, bytes. */
    static int getInterpolationBytes(const MeshProgramOptions& options, int order);
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_MESHPROGRAM_H_*/
