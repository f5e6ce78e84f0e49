// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_RECIPROCALSPACEKERNEL_H_
#define OPENMM_SURROGATE_RECIPROCALSPACEKERNEL_H_

#include "openmmsurrogate/TunablePMEForce.h"
#include "openmmsurrogate/internal/PMESettings.h"
#include <openmm/KernelImpl.h>
#include <openmm/Platform.h>
#include <openmm/System.h>
#include <string>

namespace SurrogatePlugin {

/**
 * What a platform implements to compute the reciprocal space of a TunablePMEForce: mesh, self energy and neutralizing
 * background.
 */
class CalcReciprocalSpaceKernel : public OpenMM::KernelImpl {
public:
    static std::string Name() { return "CalcTunablePMEReciprocalSpace"; }
    CalcReciprocalSpaceKernel(const std::string& name, const OpenMM::Platform& platform)
        : OpenMM::KernelImpl(name, platform) {}
    /** Get what Default means on the platform, for the precision of a stage. */
    virtual NumericFormat::Type getDefaultPrecision() const = 0;
    virtual void initialize(const OpenMM::System& system, const TunablePMEForce& force,
                            const PMESettings& settings) = 0;
    /**
     * Throw if a position is not finite. It comes before anything else is computed from the positions.
     *
     * @throws OpenMM::OpenMMException naming the particle
     */
    virtual void checkPositions(OpenMM::ContextImpl& context) = 0;
    /**
     * Add the forces to the Context's and compute the energy.
     *
     * @return the energy, kJ/mol; any value if not includeEnergy
     */
    virtual double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) = 0;
    /** Take over the parameters of the particles first to last, and all parameter offsets. */
    virtual void copyParametersToContext(OpenMM::ContextImpl& context, const OpenMM::NonbondedForce& force,
                                         int firstParticle, int lastParticle) = 0;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_RECIPROCALSPACEKERNEL_H_*/
