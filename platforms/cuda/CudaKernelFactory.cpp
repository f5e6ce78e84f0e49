// SPDX-License-Identifier: MIT
#include "direct/CudaDirectSpaceKernel.h"
#include "kspace/CudaReciprocalSpaceKernel.h"
#include "openmmsurrogate/internal/OpenMMVersion.h"
#include "openmmsurrogate/internal/TunableNonbondedKernel.h"
#include "surrogate/CudaSurrogateKernel.h"
#include <openmm/KernelFactory.h>
#include <openmm/OpenMMException.h>
#include <openmm/cuda/CudaKernelFactory.h>
#include <openmm/cuda/CudaPlatform.h>
#include <openmm/internal/ContextImpl.h>

using namespace OpenMM;
using namespace SurrogatePlugin;

namespace {

KernelImpl* createDirectSpaceKernel(const std::string& name, const Platform& platform, ContextImpl& context) {
    CudaContext& cuda = *static_cast<CudaPlatform::PlatformData*>(context.getPlatformData())->contexts[0];
    if (cuda.getUseDoublePrecision())
        return new CudaDirectSpaceKernel<double>(name, platform, cuda);
    return new CudaDirectSpaceKernel<float>(name, platform, cuda);
}

class CudaSurrogateKernelFactory : public KernelFactory {
public:
    KernelImpl* createKernelImpl(std::string name, const Platform& platform, ContextImpl& context) const override {
        if (name == CalcSurrogateForceKernel::Name())
            return new CudaCalcSurrogateForceKernel(name, platform, context);
        if (name == CalcReciprocalSpaceKernel::Name())
            return new CudaReciprocalSpaceKernel(name, platform, context);
        if (name == CalcDirectSpaceKernel::Name())
            return createDirectSpaceKernel(name, platform, context);
        throw OpenMMException("OpenMMSurrogateCUDA: there is no kernel '" + name + "'");
    }
};

} // namespace

extern "C" void registerPlatforms() {}

extern "C" void registerKernelFactories() {
    checkOpenMMVersion(Platform::getOpenMMVersion());
    for (int i = 0; i < Platform::getNumPlatforms(); i++) {
        Platform& platform = Platform::getPlatform(i);
        if (platform.getName() != "CUDA")
            continue;
        if (dynamic_cast<CudaPlatform*>(&platform) == nullptr)
            throw OpenMMException(
                "OpenMMSurrogateCUDA: the platform CUDA is not a CudaPlatform as OpenMM 8.6 defines it. Install the "
                "OpenMM version that this plugin was built for.");
        // A plugin can be loaded more than once, but the Platform owns each factory that it is given.
        if (platform.supportsKernels({CalcSurrogateForceKernel::Name()}))
            continue;
        platform.registerKernelFactory(CalcSurrogateForceKernel::Name(), new CudaSurrogateKernelFactory());
        platform.registerKernelFactory(CalcReciprocalSpaceKernel::Name(), new CudaSurrogateKernelFactory());
        platform.registerKernelFactory(CalcDirectSpaceKernel::Name(), new CudaSurrogateKernelFactory());
        platform.registerKernelFactory(CalcNonbondedForceKernel::Name(),
                                       new TunableNonbondedKernelFactory(std::make_unique<CudaKernelFactory>()));
    }
}
