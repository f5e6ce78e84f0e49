// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CUDATABLEKERNEL_H_
#define OPENMM_SURROGATE_CUDATABLEKERNEL_H_

#include "../KernelSource.h"
#include "../pairs/CudaPairList.h"
#include "TableLayout.h"
#include "openmmsurrogate/internal/ForceParticles.h"
#include "openmmsurrogate/internal/KernelSettings.h"
#include "openmmsurrogate/internal/PairInteractions.h"
#include "openmmsurrogate/internal/SurrogateForceKernel.h"
#include <memory>

namespace SurrogatePlugin {

/** Evaluates tables on the GPU, in the arithmetic Real. The device side is surrogate/table.cu. */
template <class Real>
class CudaTableKernel : public CalcSurrogateForceKernel {
public:
    CudaTableKernel(const std::string& name, const OpenMM::Platform& platform, OpenMM::CudaContext& context)
        : CalcSurrogateForceKernel(name, platform), context(context) {}
    void initialize(const OpenMM::System& system, const SurrogateForce& force) override;
    void beginStep() override { inStep = true; }
    double execute(OpenMM::ContextImpl& contextImpl, bool includeForces, bool includeEnergy) override;
    void copyParametersToContext(OpenMM::ContextImpl& contextImpl, const SurrogateForce& force) override;
    double getTableError() const override { return interactions->getTableError(); }

private:
    class ForceInfo;
    typename CudaPairList<Real>::Particles readParticles(const SurrogateForce& force) const;
    void uploadTables();
    void compile(bool triclinic);
    void launchForces(bool includeEnergy);
    OpenMM::CudaContext& context;
    std::unique_ptr<KernelSettings> settings;
    std::unique_ptr<PairInteractions> interactions;
    std::unique_ptr<CudaPairList<Real> > pairs;
    ForceInfo* info = nullptr; // owned by the context
    std::unique_ptr<ForceParticles> particles;
    bool periodic = true, hasExclusions = false, compiledTriclinic = false;
    bool inStep = false; // the next evaluation is for an integrator
    std::string program; // the source that is compiled
    TableView<Real> tables;
    OpenMM::CudaArray cells, grids;
    CUfunction forceKernel = nullptr, forceAndEnergyKernel = nullptr;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CUDATABLEKERNEL_H_*/
