// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CUDAPAIRFORCEKERNEL_H_
#define OPENMM_SURROGATE_CUDAPAIRFORCEKERNEL_H_

#include "../KernelSource.h"
#include "../pairs/CudaForceOutput.h"
#include "../pairs/CudaPairList.h"
#include "../pairs/ReorderSchedule.h"
#include "openmmsurrogate/internal/ForceParticles.h"
#include "openmmsurrogate/internal/KernelSettings.h"
#include "openmmsurrogate/internal/PairInteractions.h"
#include "openmmsurrogate/internal/SurrogateForceKernel.h"
#include <memory>

namespace SurrogatePlugin {

/** What kernels that go through a pair list have in common, whatever a pair force comes from: the list, its particles, and the order of things. */
template <class Real>
class CudaPairForceKernel : public CalcSurrogateForceKernel {
public:
    CudaPairForceKernel(const std::string& name, const OpenMM::Platform& platform, OpenMM::CudaContext& context)
        : CalcSurrogateForceKernel(name, platform), context(context) {}
    void initialize(const OpenMM::System& system, const SurrogateForce& force) override;
    void beginStep() override { inStep = true; }
    double execute(OpenMM::ContextImpl& contextImpl, bool includeForces, bool includeEnergy) override;
    void copyParametersToContext(OpenMM::ContextImpl& contextImpl, const SurrogateForce& force) override;
    double getTableError() const override { return interactions->getTableError(); }

protected:
    /**
     * Bring to the device what pair forces come from. The interactions are those of the force. Where it throws after it has begun to
     * overwrite what was there, it leaves isWhole false.
     */
    virtual void upload(const SurrogateForce& force) = 0;
    /** Compile the programs, where they have changed, and give the list its kernels. */
    virtual void compile(bool triclinic) = 0;
    /** Allocate what depends on the list. Called before the list is brought up to date, so that it can still be invalidated in this step. */
    virtual void prepare() {}
    /** Launch kernels that add forces. Where this throws, the list is built anew before the next evaluation. */
    virtual void launchForces(bool includeEnergy) = 0;
    OpenMM::CudaContext& context;
    std::unique_ptr<KernelSettings> settings;
    std::unique_ptr<PairInteractions> interactions;
    std::unique_ptr<CudaPairList<Real> > pairs;
    std::unique_ptr<CudaForceOutput> output;
    bool periodic = true, hasExclusions = false;
    bool isWhole = true; // what is on the device; not after an update that has failed half-way
    typename CudaPairList<Real>::Tuning tuning;

private:
    class ForceInfo;
    typename CudaPairList<Real>::Particles readParticles(const SurrogateForce& force) const;
    ForceInfo* info = nullptr; // owned by the context
    std::unique_ptr<ForceParticles> particles;
    std::unique_ptr<ReorderSchedule> reordering; // if the force is periodic
    bool isCompiled = false, compiledTriclinic = false;
    bool inStep = false; // the next evaluation is for an integrator
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CUDAPAIRFORCEKERNEL_H_*/
