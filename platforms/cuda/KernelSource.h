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
    int threadsPerParticle = 1;
};

/**
 * The source of a device program, as the compiler gets it. Made without a GPU, so that a test can compile what the run time compiles.
 */
class KernelSource {
public:
    /** Threads of a block of the force kernel: 128 to 256 were equally fast, and fewer make the table's copy to shared memory dearer. */
    static constexpr int BlockSize = 128;
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
