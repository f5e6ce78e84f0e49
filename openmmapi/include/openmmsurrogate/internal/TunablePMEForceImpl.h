// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_TUNABLEPMEFORCEIMPL_H_
#define OPENMM_SURROGATE_TUNABLEPMEFORCEIMPL_H_

#include "openmmsurrogate/TunablePMEForce.h"
#include <openmm/internal/NonbondedForceImpl.h>

namespace SurrogatePlugin {

class TunableNonbondedKernel;

/**
 * NonbondedForce's own Impl, which does everything, behind a check that the platform has kernels of ours: else it would
 * compute a plain NonbondedForce and nobody would know.
 */
class TunablePMEForceImpl : public OpenMM::NonbondedForceImpl {
public:
    explicit TunablePMEForceImpl(const TunablePMEForce& owner)
        : OpenMM::NonbondedForceImpl(owner), owner(owner), kernel(nullptr) {}
    void initialize(OpenMM::ContextImpl& context) override;
    void updateContextState(OpenMM::ContextImpl& context, bool& forcesInvalid) override;
    /** Outside of an integrator's step the energy is always included: kernels that compute asynchronously then wait. */
    double calcForcesAndEnergy(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy,
                               int groups) override;

    /** Get the kernel, which the base class keeps to itself; null if the force uses no mesh. */
    const TunableNonbondedKernel* getKernel() const { return kernel; }
    /** Said by the kernel, when it is initialized. It lives as long as this object. */
    void setKernel(const TunableNonbondedKernel* kernel) { this->kernel = kernel; }

private:
    bool isInStep(const OpenMM::ContextImpl& context) const;
    const TunablePMEForce& owner;
    long long stepCount = -1;     // of the Context when an integrator's step began
    bool stepsAreCounted = false; // not in a Context inside another force, such as CustomCVForce's
    bool isFirst = false;         // the next evaluation is the first one in a step
    const TunableNonbondedKernel* kernel;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_TUNABLEPMEFORCEIMPL_H_*/
