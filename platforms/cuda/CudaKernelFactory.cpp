// SPDX-License-Identifier: MIT
#include "surrogate/CudaSurrogateKernel.h"
#include <openmm/KernelFactory.h>
#include <openmm/OpenMMException.h>
#include <openmm/cuda/CudaPlatform.h>

using namespace OpenMM;
using namespace SurrogatePlugin;

namespace {

class CudaKernelFactory : public KernelFactory {
public:
    KernelImpl* createKernelImpl(std::string name, const Platform& platform, ContextImpl& context) const override {
        if (name == CalcSurrogateForceKernel::Name())
            return new CudaCalcSurrogateForceKernel(name, platform, context);
        throw OpenMMException("OpenMMSurrogateCUDA: there is no kernel '" + name + "'");
    }
};

} // namespace

extern "C" void registerPlatforms() {}

extern "C" void registerKernelFactories() {
    for (int i = 0; i < Platform::getNumPlatforms(); i++) {
        Platform& platform = Platform::getPlatform(i);
        // A plugin can be loaded more than once, but the Platform owns each factory that it is given.
        if (dynamic_cast<CudaPlatform*>(&platform) != nullptr &&
            !platform.supportsKernels({CalcSurrogateForceKernel::Name()}))
            platform.registerKernelFactory(CalcSurrogateForceKernel::Name(), new CudaKernelFactory());
    }
}
