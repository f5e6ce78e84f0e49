// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_RECIPROCALSPACEKERNEL_H_
#define OPENMM_SURROGATE_RECIPROCALSPACEKERNEL_H_

#include "openmmsurrogate/TunablePMEForce.h"
#include "openmmsurrogate/internal/PMESettings.h"
#include <openmm/KernelImpl.h>
#include <openmm/OpenMMException.h>
#include <openmm/Platform.h>
#include <openmm/System.h>
#include <string>
#include <vector>

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
    /**
     * Get the largest order of a window that the platform has ESP with, the split and window that makeCoulombSplit() and
     * makeWindow() of PMESettings make; 0 if it has no ESP.
     */
    virtual int getMostProlateOrder() const { return 0; }
    virtual void initialize(const OpenMM::System& system, const TunablePMEForce& force,
                            const PMESettings& settings) = 0;
    /**
     * Go over to other parameters and another grid of ESP; precisions stay. It comes between evaluations, mostly before
     * the first one. Called only with ESP.
     */
    virtual void setParameters(const PMESettings&) { throwNoProlate(); }
    /**
     * Bring the charges up to date with parameters that were copied, and with the Context's global parameters.
     *
     * @return whether they may have changed since the last call
     */
    virtual bool updateCharges(OpenMM::ContextImpl& context) = 0;
    /** Get the charges as updateCharges() left them, e. */
    virtual const std::vector<double>& getCharges() const = 0;
    /** Tell whether measureMeshError() is there. If not, the parameters of the table are used unchecked. */
    virtual bool canMeasureMeshError() const { return false; }
    /**
     * Measure the error of the mesh forces at the Context's positions, with ESP: against a mesh with twice as many points
     * along each axis, and the estimate of what that leaves out (MeshErrorControl).
     *
     * @param[out] forces  [numParticles] the forces of the Context's mesh, by original index, kJ/mol/nm
     * @return root mean square, over particles, of the norm of the error, kJ/mol/nm
     */
    virtual double measureMeshError(OpenMM::ContextImpl&, std::vector<OpenMM::Vec3>&) { throwNoProlate(); }
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

private:
    [[noreturn]] void throwNoProlate() {
        throw OpenMM::OpenMMException(getName() + ": platform " + getPlatform().getName() + " does not have this");
    }
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_RECIPROCALSPACEKERNEL_H_*/
