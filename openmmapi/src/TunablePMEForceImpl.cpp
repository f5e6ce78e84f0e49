// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/TunablePMEForceImpl.h"
#include "openmmsurrogate/internal/ReciprocalSpaceKernel.h"
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
    inStep = true;
}

double TunablePMEForceImpl::calcForcesAndEnergy(ContextImpl& context, bool includeForces, bool includeEnergy,
                                                int groups) {
    const int ownGroup = owner.getReciprocalSpaceForceGroup();
    const bool includeReciprocal = (groups & (1 << (ownGroup < 0 ? owner.getForceGroup() : ownGroup))) != 0;
    const bool mustWait = includeReciprocal && !inStep;
    if (includeReciprocal)
        inStep = false;
    const double energy =
        NonbondedForceImpl::calcForcesAndEnergy(context, includeForces, includeEnergy || mustWait, groups);
    return includeEnergy ? energy : 0;
}
