// SPDX-License-Identifier: MIT
#include "DirectLoops.h"
#include <string>

namespace SurrogatePlugin {

extern const DirectLoop directLoopGeneric;
#ifdef OPENMM_SURROGATE_X86
extern const DirectLoop directLoopAvx2;
#endif

DirectLoop findDirectLoop(const char* instructionSet) {
    if (findPairLoops<float>(instructionSet) == nullptr)
        return nullptr;
#ifdef OPENMM_SURROGATE_X86
    if (std::string(instructionSet) == "AVX2")
        return directLoopAvx2;
#endif
    return directLoopGeneric;
}

DirectLoop getDirectLoop() {
    static const DirectLoop loop = findDirectLoop(getPairLoops<float>().instructionSet);
    return loop;
}

} // namespace SurrogatePlugin
