// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_DIRECTPROGRAM_H_
#define OPENMM_SURROGATE_DIRECTPROGRAM_H_

#include "../pairs/PairProgram.h"
#include <string>
#include <vector>

namespace SurrogatePlugin {

/** What the program of direct space is specialized by. Every member becomes a macro of the device code. */
struct DirectProgramOptions : PairProgramOptions {
    DirectProgramOptions() {
        carries = 3;
        longLists = true;
    }
    int numKinds = 0; // of particles; 0 if they are many. See DirectParameters; carries is 1 or 3
    bool deterministic = false;
    bool hasLennardJones = true;      // some particle has
    bool exceptionsUseImages = false; // of the periodic box
    double cutoff = 1;                // nm
    double switchingDistance = 1;     // nm; the cutoff if there is no switching
    /** Coefficients of D and E of ProlateDirectSpace, in ascending powers of z. */
    std::vector<double> forceCoefficients, energyCoefficients;
};

/** The source of the program of direct space, as the compiler gets it. Made without a GPU, like those of KernelSource. */
class DirectProgram {
public:
    /** Threads of a block of the kernel of pairs, and of that of excluded pairs. */
    static constexpr int Threads = 128, ExceptionThreads = 128;
    static std::string makeSource(const DirectProgramOptions& options);
    /** Get how many blocks a multiprocessor is to hold, which bounds the registers of a thread. */
    static int getMinBlocks(const DirectProgramOptions& options);
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_DIRECTPROGRAM_H_*/
