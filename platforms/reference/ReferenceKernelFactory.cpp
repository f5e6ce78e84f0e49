// SPDX-License-Identifier: MIT
#include "ReferenceSurrogateKernel.h"
#include "openmmsurrogate/internal/OpenMMVersion.h"
#include "openmmsurrogate/internal/TunableNonbondedKernel.h"
#include "pme/ReferenceDirectSpaceKernel.h"
#include "pme/ReferenceReciprocalSpaceKernel.h"
#include <openmm/KernelFactory.h>
#include <openmm/OpenMMException.h>
#include <openmm/Platform.h>
#include <openmm/reference/ReferenceKernelFactory.h>

using namespace OpenMM;

namespace SurrogatePlugin {

class ReferenceSurrogateKernelFactory : public KernelFactory {
public:
    KernelImpl* createKernelImpl(std::string name, const Platform& platform, ContextImpl& context) const override {
        if (name == CalcSurrogateForceKernel::Name())
            return new ReferenceCalcSurrogateForceKernel(name, platform);
        if (name == CalcReciprocalSpaceKernel::Name())
            return new ReferenceCalcReciprocalSpaceKernel(name, platform, NumericFormat::Double);
        if (name == CalcDirectSpaceKernel::Name())
            return new ReferenceCalcDirectSpaceKernel(name, platform);
        throw OpenMMException("OpenMMSurrogateReference: there is no kernel '" + name + "'");
    }
};

} // namespace SurrogatePlugin

extern "C" void registerPlatforms() {}

/**
 * Register on every platform derived from Reference that does not have the kernel of SurrogateForce yet, whether from
 * here or a better one; that of TunablePMEForce on Reference itself only, as each platform has a stock kernel for the
 * rest of it.
 */
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
        if (platform.getName() == "Reference" && !platform.supportsKernels({CalcReciprocalSpaceKernel::Name()})) {
            platform.registerKernelFactory(CalcReciprocalSpaceKernel::Name(), new ReferenceSurrogateKernelFactory());
            platform.registerKernelFactory(CalcDirectSpaceKernel::Name(), new ReferenceSurrogateKernelFactory());
            platform.registerKernelFactory(
                CalcNonbondedForceKernel::Name(),
                new TunableNonbondedKernelFactory(std::make_unique<ReferenceKernelFactory>()));
        }
    }
    if (!found)
        throw OpenMMException(
            "OpenMMSurrogateReference: none of the loaded platforms is a ReferencePlatform as OpenMM 8.6 "
            "defines it. Install the OpenMM version that this plugin was built for.");
}
