// SPDX-License-Identifier: MIT
#include "DirectLoopsBody.h"

namespace SurrogatePlugin {

extern const DirectLoop directLoopAvx2;
const DirectLoop directLoopAvx2 = computeDirectForces;

} // namespace SurrogatePlugin
