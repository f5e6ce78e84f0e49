// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_SURROGATEFORCEKERNEL_H_
#define OPENMM_SURROGATE_SURROGATEFORCEKERNEL_H_

#include "openmmsurrogate/SurrogateForce.h"
#include <openmm/KernelImpl.h>
#include <openmm/Platform.h>
#include <openmm/System.h>
#include <string>

namespace SurrogatePlugin {

/** What a platform implements to compute a SurrogateForce. The Impl has checked the force before initialize(). */
class CalcSurrogateForceKernel : public OpenMM::KernelImpl {
public:
    static std::string Name() { return "CalcSurrogateForce"; }
    CalcSurrogateForceKernel(const std::string& name, const OpenMM::Platform& platform)
        : OpenMM::KernelImpl(name, platform) {}
    virtual void initialize(const OpenMM::System& system, const SurrogateForce& force) = 0;
    /**
     * An integrator is about to take a step: the next execute() is for it, and nobody will look at the forces before another one.
     * Platforms that compute asynchronously may then report invalid positions some steps late.
     */
    virtual void beginStep() {}
    /**
     * Add the forces to the Context's and compute the energy.
     *
     * @return the potential energy, kJ/mol, with the particles' energy offsets; any value if not includeEnergy
     */
    virtual double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) = 0;
    /** Take over particle types and model. The Impl has checked that nothing else differs. */
    virtual void copyParametersToContext(OpenMM::ContextImpl& context, const SurrogateForce& force) = 0;
    /** Get the largest error bound of the tables, 0 if networks are evaluated. */
    virtual double getTableError() const = 0;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_SURROGATEFORCEKERNEL_H_*/
