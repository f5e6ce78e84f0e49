// SPDX-License-Identifier: MIT
#include "CudaSurrogateKernelFactory.h"
#include "openmmsurrogate/internal/SurrogateForceKernel.h"
#include <CudaPlatform.h>
#include <openmm/OpenMMException.h>
#include <string>

using namespace OpenMM;
using namespace SurrogatePlugin;
using namespace std;

KernelImpl* CudaSurrogateKernelFactory::createKernelImpl(string name, const Platform& platform, ContextImpl&) const {
    if (name == CalcSurrogateForceKernel::Name())
        throw OpenMMException("SurrogateForce: this version of openmm-surrogate has no kernel for platform " + platform.getName() +
                              ". Create the Context on platform CPU or Reference.");
    throw OpenMMException("Tried to create kernel with illegal kernel name '" + name + "'");
}

extern "C" void registerPlatforms() {
}

extern "C" void registerKernelFactories() {
    for (int i = 0; i < Platform::getNumPlatforms(); i++) {
        Platform& platform = Platform::getPlatform(i);
        // A plugin can be loaded more than once, but the Platform owns each factory that it is given.
        if (dynamic_cast<CudaPlatform*>(&platform) != nullptr && !platform.supportsKernels({CalcSurrogateForceKernel::Name()}))
            platform.registerKernelFactory(CalcSurrogateForceKernel::Name(), new CudaSurrogateKernelFactory());
    }
}
