// SPDX-License-Identifier: MIT
#include "ReferenceSurrogateKernel.h"
#include "openmmsurrogate/internal/OpenMMVersion.h"
#include <openmm/KernelFactory.h>
#include <openmm/OpenMMException.h>
#include <openmm/Platform.h>

using namespace OpenMM;

namespace SurrogatePlugin {

class ReferenceSurrogateKernelFactory : public KernelFactory {
public:
    KernelImpl* createKernelImpl(std::string name, const Platform& platform, ContextImpl& context) const override {
        if (name == CalcSurrogateForceKernel::Name())
            return new ReferenceCalcSurrogateForceKernel(name, platform);
        throw OpenMMException("OpenMMSurrogateReference: there is no kernel '" + name + "'");
    }
};

} // namespace SurrogatePlugin

extern "C" void registerPlatforms() {}

/** Register on every platform derived from Reference that does not have the kernel yet, whether from here or a better one. */
extern "C" void registerKernelFactories() {
    using namespace SurrogatePlugin;
    checkOpenMMVersion(Platform::getOpenMMVersion());
    bool found = false;
    for (int i = 0; i < Platform::getNumPlatforms(); i++) {
        Platform& platform = Platform::getPlatform(i);
        if (dynamic_cast<ReferencePlatform*>(&platform) == nullptr)
            continue;
        found = true;
        if (!platform.supportsKernels({CalcSurrogateForceKernel::Name()}))
            platform.registerKernelFactory(CalcSurrogateForceKernel::Name(), new ReferenceSurrogateKernelFactory());
    }
    if (!found)
        throw OpenMMException(
            "OpenMMSurrogateReference: none of the loaded platforms is a ReferencePlatform as OpenMM 8.6 "
            "defines it. Install the OpenMM version that this plugin was built for.");
}
