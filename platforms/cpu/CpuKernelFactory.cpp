// SPDX-License-Identifier: MIT
#include "CpuDirectSpaceKernel.h"
#include "CpuSurrogateKernel.h"
#include "openmmsurrogate/internal/OpenMMVersion.h"
#include "openmmsurrogate/internal/TunableNonbondedKernel.h"
#include "pme/ReferenceReciprocalSpaceKernel.h"
#include <openmm/KernelFactory.h>
#include <openmm/OpenMMException.h>
#include <openmm/Platform.h>
#include <openmm/cpu/CpuKernelFactory.h>
#include <openmm/reference/ReferencePlatform.h>
#include <set>

using namespace OpenMM;

namespace SurrogatePlugin {

class CpuSurrogateKernelFactory : public KernelFactory {
public:
    KernelImpl* createKernelImpl(std::string name, const Platform& platform, ContextImpl& context) const override {
        if (name == CalcSurrogateForceKernel::Name())
            return new CpuCalcSurrogateForceKernel(name, platform);
        if (name == CalcReciprocalSpaceKernel::Name())
            return new ReferenceCalcReciprocalSpaceKernel(name, platform, NumericFormat::Single);
        if (name == CalcDirectSpaceKernel::Name())
            return new CpuCalcDirectSpaceKernel(name, platform);
        throw OpenMMException("OpenMMSurrogateCPU: there is no kernel '" + name + "'");
    }
};

} // namespace SurrogatePlugin

extern "C" void registerPlatforms() {}

/**
 * Register on platform CPU, in place of the Reference kernel. Where OpenMM did not load that platform, because the processor cannot
 * run it, there is nothing to do.
 */
extern "C" void registerKernelFactories() {
    using namespace SurrogatePlugin;
    checkOpenMMVersion(Platform::getOpenMMVersion());
    static std::set<Platform*> registered;
    for (int i = 0; i < Platform::getNumPlatforms(); i++) {
        Platform& platform = Platform::getPlatform(i);
        if (platform.getName() != "CPU" || !registered.insert(&platform).second)
            continue;
        if (dynamic_cast<ReferencePlatform*>(&platform) == nullptr)
            throw OpenMMException(
                "OpenMMSurrogateCPU: the platform CPU is not a ReferencePlatform as OpenMM 8.6 defines it. "
                "Install the OpenMM version that this plugin was built for.");
        platform.registerKernelFactory(CalcSurrogateForceKernel::Name(), new CpuSurrogateKernelFactory());
        platform.registerKernelFactory(CalcReciprocalSpaceKernel::Name(), new CpuSurrogateKernelFactory());
        platform.registerKernelFactory(CalcDirectSpaceKernel::Name(), new CpuSurrogateKernelFactory());
        platform.registerKernelFactory(CalcNonbondedForceKernel::Name(),
                                       new TunableNonbondedKernelFactory(std::make_unique<CpuKernelFactory>()));
    }
}
