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
    static constexpr int InterpolateThreads = 128, ConvolutionThreads = 256, ScanThreads = 1024;
    /** Make the source, as the compiler gets it. */
    static std::string makeSource(const MeshProgramOptions& options, const MeshWindow& window);
    /**
     * Get the number of tiles along an axis: as many as leave each with enough points for a window to reach into one further tile
     * at most.
     */
    static int countTiles(int numPoints, int order, bool doublePrecision);
    /** Get the threads of a block of the spreading. */
    static int getSpreadThreads(const MeshProgramOptions& options) { return options.spreadDouble ? 128 : 256; }
    /** Get the shared memory of a block of the interpolation, bytes. */
    static int getInterpolationBytes(const MeshProgramOptions& options, int order);
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_MESHPROGRAM_H_*/
