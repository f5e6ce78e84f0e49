// SPDX-License-Identifier: MIT
#include "CudaSurrogateKernel.h"
#include "CudaNetworkKernel.h"
#include "CudaTableKernel.h"
#include "openmmsurrogate/internal/KernelSettings.h"
#include <openmm/OpenMMException.h>
#include <openmm/cuda/CudaPlatform.h>
#include <openmm/internal/ContextImpl.h>

using namespace OpenMM;
using namespace SurrogatePlugin;

void CudaCalcSurrogateForceKernel::initialize(const System& system, const SurrogateForce& force) {
    const KernelSettings settings(force, getPlatform().getName());
    CudaPlatform::PlatformData& data = *static_cast<CudaPlatform::PlatformData*>(contextImpl.getPlatformData());
    if (data.contexts.size() > 1)
        throw OpenMMException(
            "SurrogateForce: this version runs on one GPU at a time; give one DeviceIndex instead of " +
            std::to_string(data.contexts.size()));
    CudaContext& context = *data.contexts[0];
    const bool isDouble = context.getUseDoublePrecision();
    if (settings.useTable && isDouble)
        kernel.reset(new CudaTableKernel<double>(getName(), getPlatform(), context));
    else if (settings.useTable)
        kernel.reset(new CudaTableKernel<float>(getName(), getPlatform(), context));
    else if (isDouble)
        kernel.reset(new CudaNetworkKernel<double>(getName(), getPlatform(), context));
    else
        kernel.reset(new CudaNetworkKernel<float>(getName(), getPlatform(), context));
    kernel->initialize(system, force);
}

double CudaCalcSurrogateForceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    return kernel->execute(context, includeForces, includeEnergy);
}

void CudaCalcSurrogateForceKernel::copyParametersToContext(ContextImpl& context, const SurrogateForce& force) {
    kernel->copyParametersToContext(context, force);
}
