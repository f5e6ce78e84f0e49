// SPDX-License-Identifier: MIT
#include "PairLoopsBody.h"

namespace SurrogatePlugin {

extern const PairLoops<float> pairLoopsAvx512Float;
extern const PairLoops<double> pairLoopsAvx512Double;
const PairLoops<float> pairLoopsAvx512Float = {computeForces<float>, findNeighbors<float>, 16, "AVX-512"};
const PairLoops<double> pairLoopsAvx512Double = {computeForces<double>, findNeighbors<double>, 8, "AVX-512"};

} // namespace SurrogatePlugin
