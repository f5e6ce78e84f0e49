// SPDX-License-Identifier: MIT
#include "PairLoopsBody.h"

namespace SurrogatePlugin {

extern const PairLoops<float> pairLoopsAvx2Float;
extern const PairLoops<double> pairLoopsAvx2Double;
const PairLoops<float> pairLoopsAvx2Float = {computeForces<float>, findNeighbors<float>, 8, "AVX2"};
const PairLoops<double> pairLoopsAvx2Double = {computeForces<double>, findNeighbors<double>, 4, "AVX2"};

} // namespace SurrogatePlugin
