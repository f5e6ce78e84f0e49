// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_DIRECTSPACEKERNEL_H_
#define OPENMM_SURROGATE_DIRECTSPACEKERNEL_H_

#include "openmmsurrogate/TunablePMEForce.h"
#include "openmmsurrogate/internal/PMESettings.h"
#include <openmm/KernelImpl.h>
#include <openmm/Platform.h>
#include <openmm/System.h>
#include <string>
#include <vector>

namespace SurrogatePlugin {

/**
 * What a platform implements to compute, for a TunablePMEForce with ESP, all but reciprocal space, in the place of the
 * stock kernel. A platform that registers it, and whose CalcReciprocalSpaceKernel has a getMostProlateOrder(), has ESP.
 *
 *  - Pairs within the cutoff, which are not exceptions: Lennard-Jones with OpenMM's combination rules and switching
 *    function, and Coulomb's short-range part by ProlateDirectSpace.
 *  - Exceptions: the long-range part of all of them is taken away (excluded pairs of ProlateDirectSpace), and their own
 *    charge product and Lennard-Jones parameters, if other than 0, are computed in full, without cutoff or switching. Their
 *    distance is the plain one, or that of the nearest image if getExceptionsUsePeriodicBoundaryConditions().
 *  - The dispersion correction, NonbondedForceImpl::calcDispersionCorrection() over the volume, in the energy.
 *  - Parameter offsets of particles and exceptions.
 *
 * NonbondedParameters has the parameters of particles and exceptions with all of that applied.
 */
class CalcDirectSpaceKernel : public OpenMM::KernelImpl {
public:
    static std::string Name() { return "CalcTunablePMEDirectSpace"; }
    CalcDirectSpaceKernel(const std::string& name, const OpenMM::Platform& platform)
        : OpenMM::KernelImpl(name, platform) {}
    /**
     * Tell what in a System or force keeps this platform from computing it: empty for nothing. It is asked before
     * initialize(). Automatic then runs SPME, and ESP throws with the text, which completes "ESP cannot be used: ...".
     */
    virtual std::string findObstacle(const OpenMM::System&, const TunablePMEForce&) const { return ""; }
    /** @param settings  its method is ESP, and settings.prolate are the parameters of the split */
    virtual void initialize(const OpenMM::System& system, const TunablePMEForce& force,
                            const PMESettings& settings) = 0;
    /**
     * Go over to other parameters of the split, settings.prolate. It comes between evaluations, mostly before the first
     * one, when the measured error asks for stricter ones.
     */
    virtual void setParameters(const PMESettings& settings) = 0;
    /**
     * Add the forces to the Context's and compute the energy. It is called only if direct space is asked for, and
     * getIncludeDirectSpace() of the force is true.
     *
     * @return the energy, kJ/mol; any value if not includeEnergy
     */
    virtual double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) = 0;
    /**
     * Add the electrostatic part of the forces alone to forces on the host, by original index. It is needed once for the
     * measurement of the error (CalcReciprocalSpaceKernel::measureMeshError()), and never called on a platform that does
     * not measure it.
     *
     * @param[in,out] forces  [numParticles] kJ/mol/nm
     */
    virtual void addCoulombForces(OpenMM::ContextImpl& context, std::vector<OpenMM::Vec3>& forces) = 0;
    /** Take over the parameters of some particles and exceptions (first to last), and all parameter offsets. */
    virtual void copyParametersToContext(OpenMM::ContextImpl& context, const OpenMM::NonbondedForce& force,
                                         int firstParticle, int lastParticle, int firstException,
                                         int lastException) = 0;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_DIRECTSPACEKERNEL_H_*/
