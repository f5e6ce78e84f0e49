// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_KERNELSOURCE_H_
#define OPENMM_SURROGATE_KERNELSOURCE_H_

#include "openmmsurrogate/NumericFormat.h"
#include "openmmsurrogate/PairNetwork.h"
#include "pairs/PairProgram.h"
#include <map>
#include <string>
#include <vector>

namespace SurrogatePlugin {

/**
 * What a program for the pair list and the table kernel is specialized by. Members become macros of the device code; how many rows and
 * multiprocessors there are decides how it is launched, and where the tables are.
 */
struct TableProgramOptions : PairProgramOptions {
    bool deterministic = false;
    int numTableRows = 0;                   // of all tables together: whether they fit into shared memory
    int numProcessors = 1, sharedBytes = 0; // multiprocessors of the GPU, and shared memory of each
};

/** How a table kernel is launched. The program is compiled for it. */
struct TableLaunch {
    int threads;     // of a block
    int sharedBytes; // of a block: the table, or 0 if it is too large and is read through the caches
};

/** What networks must have in common to be evaluated by one program. */
struct NetworkShape {
    /** A format that kernels compute in: any but Default and Int4, whose weights are multiplied as Float16. */
    NumericFormat::Type format = NumericFormat::Float16;
    std::vector<int> hiddenWidths; // not padded
    PairNetwork::Activation activation = PairNetwork::Tanh;
    std::vector<double> activationCoefficients;
    bool energyOutput = false, endLayersSingle = true;
    bool operator==(const NetworkShape& other) const;
    /** Get the hidden widths rounded up to what the products of the format take. */
    std::vector<int> getPaddedWidths() const;
};

/** What a program for the pair list and the network kernel is specialized by. */
struct NetworkProgramOptions : PairProgramOptions {
    NetworkShape shape;
};

/** How a network kernel is launched. The program is compiled for it. */
struct NetworkLaunch {
    int numTiles;  // of 16 pairs (8 in Double) that a warp evaluates at once
    int numWarps;  // of a block
    int minBlocks; // that a multiprocessor is to hold, which bounds the registers of a thread
    /** Bytes of shared memory for the weights; 0 if they are too many and are read through the caches. */
    int sharedBytes;
};

/**
 * The source of a device program, as the compiler gets it. Made without a GPU, so that a test can compile what the run time compiles.
 */
class KernelSource {
public:
    /** Weights that a block keeps in shared memory, bytes at most: so that several blocks fit on a multiprocessor. */
    static constexpr int LargestSharedNetwork = 64 * 1024;
    /** Particles that share a list. Measured for argon on an H200, see docs/theory/pair-list.md. */
    static constexpr int ClusterSize = 4;
    /** Threads of a block of the kernel that builds the list. */
    static constexpr int BuildThreads = 256;
    /** Get how many threads share the list of a cluster: more in small systems, which would otherwise leave most of the GPU idle. */
    static int getListThreads(int numAtoms, bool longLists) {
        return numAtoms < 25000 ? 32 : numAtoms < 50000 || longLists ? 16 : 8;
    }
    /** Get how the table kernel is launched. */
    static TableLaunch getTableLaunch(const TableProgramOptions& options);
    /** Make the program of the pair list and the table kernel. */
    static std::string makeTableProgram(const TableProgramOptions& options);
    /** Make the program of the pair list and the network kernel. */
    static std::string makeNetworkProgram(const NetworkProgramOptions& options);
    /** Get how the network kernel for a shape is launched. */
    static NetworkLaunch getNetworkLaunch(const NetworkShape& shape);
    /** Get the number of 32-bit words that hold one network; see PackedNetwork.h. */
    static int countNetworkWords(const NetworkShape& shape);
    /** Get the oldest compute capability, times ten, that has the instructions for a format. */
    static int getOldestChip(NumericFormat::Type format);
    /** Nodes of the table of energies that network kernels read. */
    static constexpr int NumEnergyNodes = (1 << 15) + 1;
    /**
     * Get the compiler flags beside the architecture. OpenMM's default is --use_fast_math; our arithmetic is part of the
     * product, and has no division or root for fast math to speed up.
     */
    static const char* getFlags() { return "--fmad=true"; }
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_KERNELSOURCE_H_*/
