// SPDX-License-Identifier: MIT
#include "PairLoopsBody.h"

namespace SurrogatePlugin {

extern const PairLoops<float> pairLoopsGenericFloat;
extern const PairLoops<double> pairLoopsGenericDouble;
const PairLoops<float> pairLoopsGenericFloat = {computeForces<float>, findNeighbors<float>, 4, "generic"};
const PairLoops<double> pairLoopsGenericDouble = {computeForces<double>, findNeighbors<double>, 4, "generic"};

} // namespace SurrogatePlugin
