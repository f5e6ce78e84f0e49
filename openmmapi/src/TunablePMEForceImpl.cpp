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
