// SPDX-License-Identifier: MIT
#include "DirectLoopsBody.h"

namespace SurrogatePlugin {

extern const DirectLoop directLoopGeneric;
const DirectLoop directLoopGeneric = computeDirectForces;

} // namespace SurrogatePlugin
