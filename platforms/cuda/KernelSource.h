// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_KERNELSOURCE_H_
#define OPENMM_SURROGATE_KERNELSOURCE_H_

#include <map>
#include <string>
#include <vector>

namespace SurrogatePlugin {

/** Get the text of an embedded .cu file, null if there is none. Defined by the build: cmake/EmbedKernels.cmake. */
const std::string* findKernelText(const std::string& file);

/** What a program for the pair list and the table kernel is specialized by. Every member becomes a macro of the device code. */
struct TableProgramOptions {
    bool doublePrecision = false, doubleEnergy = false, periodic = true, triclinic = false, hasExclusions = false;
    int numTypes = 1;
    int numTableCells = 0; // of all tables together
};

/**
 * The source of a device program, as the compiler gets it. Made without a GPU, so that a test can compile what the run time compiles.
 */
class KernelSource {
public:
    /** Threads of a block of the force kernel. */
    static constexpr int BlockSize = 128;
    /**
     * Threads that share a particle. They read neighbors that are close in memory together. Measured for argon on an H200, ms per step
     * with 4, 8, 16 and 32: 0.081, 0.070, 0.076, 0.092 at 62,500 atoms; 0.77, 0.74, 0.84, 1.10 at 1,000,188.
     */
    static constexpr int ThreadsPerParticle = 8;
    /** Shared memory that a block may have without asking for more, bytes. */
    static constexpr int LargestSharedTable = 48 * 1024 - 2048;
    /** Make the program of the pair list and the table kernel. */
    static std::string makeTableProgram(const TableProgramOptions& options);
    /**
     * Get the compiler flags beside the architecture. OpenMM's default is --use_fast_math; our arithmetic is part of the
     * product, and has no division or root for fast math to speed up.
     */
    static const char* getFlags() { return "--fmad=true"; }
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_KERNELSOURCE_H_*/
