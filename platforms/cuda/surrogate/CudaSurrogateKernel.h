// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CUDASURROGATEKERNEL_H_
#define OPENMM_SURROGATE_CUDASURROGATEKERNEL_H_

#include "openmmsurrogate/internal/SurrogateForceKernel.h"
#include <memory>

namespace SurrogatePlugin {

/** SurrogateForce on platform CUDA: chooses the arithmetic of the Context and forwards to CudaTableKernel or CudaNetworkKernel. */
class CudaCalcSurrogateForceKernel : public CalcSurrogateForceKernel {
public:
    CudaCalcSurrogateForceKernel(const std::string& name, const OpenMM::Platform& platform,
                                 OpenMM::ContextImpl& context)
        : CalcSurrogateForceKernel(name, platform), contextImpl(context) {}
    /** @throws OpenMM::OpenMMException where several GPUs share the Context */
    void initialize(const OpenMM::System& system, const SurrogateForce& force) override;
    void beginStep() override { kernel->beginStep(); }
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const SurrogateForce& force) override;
    double getTableError() const override { return kernel->getTableError(); }

private:
    OpenMM::ContextImpl& contextImpl;
    std::unique_ptr<CalcSurrogateForceKernel> kernel;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CUDASURROGATEKERNEL_H_*/
