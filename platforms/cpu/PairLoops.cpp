// SPDX-License-Identifier: MIT
#include "PairLoops.h"

namespace SurrogatePlugin {

extern const PairLoops<float> pairLoopsGenericFloat;
extern const PairLoops<double> pairLoopsGenericDouble;

#ifdef OPENMM_SURROGATE_X86
extern const PairLoops<float> pairLoopsAvx2Float;
extern const PairLoops<double> pairLoopsAvx2Double;

static bool supportsAvx2() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

template <>
const PairLoops<float>& getPairLoops<float>() {
    return supportsAvx2() ? pairLoopsAvx2Float : pairLoopsGenericFloat;
}

template <>
const PairLoops<double>& getPairLoops<double>() {
    return supportsAvx2() ? pairLoopsAvx2Double : pairLoopsGenericDouble;
}
#else
template <>
const PairLoops<float>& getPairLoops<float>() {
    return pairLoopsGenericFloat;
}

template <>
const PairLoops<double>& getPairLoops<double>() {
    return pairLoopsGenericDouble;
}
#endif

} // namespace SurrogatePlugin
