// SPDX-License-Identifier: MIT
#include "PairLoops.h"
#include <string>

namespace SurrogatePlugin {

extern const PairLoops<float> pairLoopsGenericFloat;
extern const PairLoops<double> pairLoopsGenericDouble;

#ifdef OPENMM_SURROGATE_X86
extern const PairLoops<float> pairLoopsAvx2Float;
extern const PairLoops<double> pairLoopsAvx2Double;

static bool supportsAvx2() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

template <class Real>
static const PairLoops<Real>* choose(const std::string& instructionSet, const PairLoops<Real>* generic,
                                     const PairLoops<Real>* avx2) {
    if (instructionSet == "generic")
        return generic;
    return instructionSet == "AVX2" ? avx2 : nullptr;
}

template <>
const PairLoops<float>* findPairLoops<float>(const char* instructionSet) {
#ifdef OPENMM_SURROGATE_X86
    return choose(instructionSet, &pairLoopsGenericFloat, supportsAvx2() ? &pairLoopsAvx2Float : nullptr);
#else
    return choose<float>(instructionSet, &pairLoopsGenericFloat, nullptr);
#endif
}

template <>
const PairLoops<double>* findPairLoops<double>(const char* instructionSet) {
#ifdef OPENMM_SURROGATE_X86
    return choose(instructionSet, &pairLoopsGenericDouble, supportsAvx2() ? &pairLoopsAvx2Double : nullptr);
#else
    return choose<double>(instructionSet, &pairLoopsGenericDouble, nullptr);
#endif
}

template <class Real>
static const PairLoops<Real>& chooseFastest() {
    const PairLoops<Real>* avx2 = findPairLoops<Real>("AVX2");
    return avx2 != nullptr ? *avx2 : *findPairLoops<Real>("generic");
}

template <>
const PairLoops<float>& getPairLoops<float>() {
    static const PairLoops<float>& loops = chooseFastest<float>();
    return loops;
}

template <>
const PairLoops<double>& getPairLoops<double>() {
    static const PairLoops<double>& loops = chooseFastest<double>();
    return loops;
}

} // namespace SurrogatePlugin
