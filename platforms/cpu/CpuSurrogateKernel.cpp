// SPDX-License-Identifier: MIT
#include "CpuSurrogateKernel.h"
#include "CpuTableKernel.h"
#include "ReferenceSurrogateKernel.h"

using namespace OpenMM;

namespace SurrogatePlugin {

void CpuCalcSurrogateForceKernel::initialize(const System& system, const SurrogateForce& force) {
    const KernelSettings settings(force, getPlatform().getName());
    if (!settings.useTable)
        kernel.reset(new ReferenceCalcSurrogateForceKernel(getName(), getPlatform()));
    else if (settings.precision == NumericFormat::Double)
        kernel.reset(new CpuTableKernel<double>(getName(), getPlatform()));
    else
        kernel.reset(new CpuTableKernel<float>(getName(), getPlatform()));
    kernel->initialize(system, force);
}

double CpuCalcSurrogateForceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    return kernel->execute(context, includeForces, includeEnergy);
}

void CpuCalcSurrogateForceKernel::copyParametersToContext(ContextImpl& context, const SurrogateForce& force) {
    kernel->copyParametersToContext(context, force);
}

} // namespace SurrogatePlugin
