// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CPUSURROGATEKERNEL_H_
#define OPENMM_SURROGATE_CPUSURROGATEKERNEL_H_

#include "openmmsurrogate/internal/SurrogateForceKernel.h"
#include <memory>

namespace SurrogatePlugin {

/**
 * Computes a SurrogateForce on OpenMM's CPU platform: tables by a CpuTableKernel, in double arithmetic if the precision is
 * Double and in single otherwise; networks by the Reference kernel.
 */
class CpuCalcSurrogateForceKernel : public CalcSurrogateForceKernel {
public:
    CpuCalcSurrogateForceKernel(const std::string& name, const OpenMM::Platform& platform)
        : CalcSurrogateForceKernel(name, platform) {}
    void initialize(const OpenMM::System& system, const SurrogateForce& force) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const SurrogateForce& force) override;
    double getTableError() const override { return kernel->getTableError(); }

private:
    std::unique_ptr<CalcSurrogateForceKernel> kernel;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CPUSURROGATEKERNEL_H_*/
