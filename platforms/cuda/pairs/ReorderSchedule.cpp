// SPDX-License-Identifier: MIT
#include "ReorderSchedule.h"
#include <algorithm>

using namespace OpenMM;
using namespace SurrogatePlugin;

/** By the number of steps, which is part of a checkpoint: a run that is continued reorders where it would have. */
bool ReorderSchedule::isDue(long long step) const {
    if (lastStep >= 0 && step > lastStep)
        return step / Interval != lastStep / Interval;
    return step != lastStep && step % Interval == 0;
}

void ReorderSchedule::update() {
    auto& nonbonded = context.getNonbondedUtilities();
    if (!hasLooked && nonbonded.getMaxCutoffDistance() == 0) {
        // A force without a kernel and without need for a list: all that comes of it is that atoms are reordered.
        nonbonded.addInteraction(true, true, false, cutoff, {}, "", forceGroup, false, true);
        isOurs = true;
    }
    hasLooked = true;
    if (!isOurs)
        return;
    const long long step = context.getStepCount();
    const int mostSteps = 200; // OpenMM reorders after 250
    if (isDue(step))
        context.forceReorder();
    else
        context.setStepsSinceReorder(std::min(mostSteps, context.getStepsSinceReorder()));
    lastStep = step;
}
