// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/TunablePMEForceImpl.h"
#include "openmmsurrogate/internal/ReciprocalSpaceKernel.h"
#include "openmmsurrogate/internal/TunableNonbondedKernel.h"
#include <openmm/OpenMMException.h>
#include <openmm/internal/ContextImpl.h>

using namespace SurrogatePlugin;
using namespace OpenMM;

void TunablePMEForceImpl::initialize(ContextImpl& context) {
    const Platform& platform = context.getPlatform();
    if (!platform.supportsKernels({CalcReciprocalSpaceKernel::Name()}))
        throw OpenMMException("TunablePMEForce has no kernels for OpenMM's platform " + platform.getName() +
                              ". Create the Context with platform CUDA, CPU or Reference, or use a NonbondedForce.");
    NonbondedForceImpl::initialize(context);
}

void TunablePMEForceImpl::updateContextState(ContextImpl& context, bool& forcesInvalid) {
    NonbondedForceImpl::updateContextState(context, forcesInvalid);
    stepsAreCounted = stepCount != -1 && context.getStepCount() != stepCount;
    stepCount = context.getStepCount();
    isFirst = true;
}

/** An integrator may evaluate a force several times in a step, and counts the step when it is done. */
bool TunablePMEForceImpl::isInStep(const ContextImpl& context) const {
    return stepsAreCounted ? context.getStepCount() == stepCount : isFirst;
}

double TunablePMEForceImpl::calcForcesAndEnergy(ContextImpl& context, bool includeForces, bool includeEnergy,
                                                int groups) {
    const int ownGroup = owner.getReciprocalSpaceForceGroup();
    int ourGroups = 1 << (ownGroup < 0 ? owner.getForceGroup() : ownGroup);
    if (kernel != nullptr && kernel->getSettings().isProlate()) // direct space is ours, too
        ourGroups |= 1 << owner.getForceGroup();
    const bool isOurs = (groups & ourGroups) != 0, mustWait = isOurs && !isInStep(context);
    if (isOurs)
        isFirst = false;
    const double energy =
        NonbondedForceImpl::calcForcesAndEnergy(context, includeForces, includeEnergy || mustWait, groups);
    return includeEnergy ? energy : 0;
}
