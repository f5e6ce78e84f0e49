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
    bool dispersion = false; // 1/r^6 instead of 1/r
    bool prolate = false;    // the split: a table of its transform
    std::array<int, 3> grid = {{48, 48, 48}}, tiles = {{4, 4, 4}};
    int numSites = 0; // charges
    int countTiles() const { return tiles[0] * tiles[1] * tiles[2]; }
    /** Get the points of the largest tile. */
    std::array<int, 3> getTile() const;
};

/** The device program of a mesh, and how its kernels are launched. Made without a GPU. */
class MeshProgram {
public:
    static constexpr int SortThreads = 128, ReadThreads = 256, ConvolutionThreads = 256;
    /**
     * Blocks that the kernels of tiles have beside those of the tiles, for charges that are in none. Together with 3.88 tiles for each of 132
     * multiprocessors no more than those can hold.
     */
    static constexpr int RestBlocks = 16;
    /** The table of a transform ends at this wave, over the inverse cutoff. */
    static constexpr int LargestWave = 40;
    /** Get the cells of the table, in each of which the transform is a cubic polynomial: to 1e-9, and to rounding in double precision. */
    static int getTransformCells(const MeshProgramOptions& options) { return options.convolutionDouble ? 4096 : 512; }
    /** Make the source, as the compiler gets it. */
    static std::string makeSource(const MeshProgramOptions& options, const MeshWindow& window);
    /**
     * Choose the number of tiles along each axis: as few as keep all multiprocessors busy and fit into their shared memory. Large tiles have
     * less halo.
     *
     * @param grid  points along each axis
     */
    static std::array<int, 3> chooseTiles(const std::array<int, 3>& grid, int order, bool doublePrecision,
                                          int numProcessors);
    /**
     * Get the threads of a block that has a tile. Where tiles have many charges there are more, of fewer blocks for each multiprocessor: some then
     * load what others compute.
     */
    static int getTileThreads(const MeshProgramOptions& options);
    /** Get how many charges a block of the spreading puts in order at a time. */
    static int getOrderBatch(const MeshProgramOptions& options);
    /** Get the shared memory of a block of the spreading, bytes. */
    static int getSpreadBytes(const MeshProgramOptions& options, int order);
    /** Get the shared memory of a block of the interpolation, bytes. */
    static int getInterpolationBytes(const MeshProgramOptions& options, int order);
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_MESHPROGRAM_H_*/
