// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_REFERENCEDIRECTSPACEKERNEL_H_
#define OPENMM_SURROGATE_REFERENCEDIRECTSPACEKERNEL_H_

#include "DirectSpace.h"
#include "openmmsurrogate/internal/DirectSpaceKernel.h"
#include <memory>

namespace SurrogatePlugin {

/** Computes direct space of ESP in double, on the Reference platform and those derived from it, with all threads. */
class ReferenceCalcDirectSpaceKernel : public CalcDirectSpaceKernel {
public:
    ReferenceCalcDirectSpaceKernel(const std::string& name, const OpenMM::Platform& platform)
        : CalcDirectSpaceKernel(name, platform) {}
    void initialize(const OpenMM::System& system, const TunablePMEForce& force, const PMESettings& settings) override;
    void setParameters(const PMESettings& settings) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    void addCoulombForces(OpenMM::ContextImpl& context, std::vector<OpenMM::Vec3>& forces) override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const OpenMM::NonbondedForce& force, int firstParticle,
                                 int lastParticle, int firstException, int lastException) override;

protected:
    /** Compute forces and energy of the pairs within the cutoff. What derived classes do faster. */
    virtual double computePairs(OpenMM::ContextImpl& context, const PeriodicBox& box, std::vector<OpenMM::Vec3>* forces,
                                bool includeEnergy);
    const DirectSpaceOptions& getOptions() const { return options; }
    const NonbondedParameters& getParameters() const { return *parameters; }

private:
    void updateParameters(OpenMM::ContextImpl& context);
    double findDispersionCorrection(const OpenMM::System& system, const OpenMM::NonbondedForce& force) const;
    DirectSpaceOptions options;
    std::unique_ptr<NonbondedParameters> parameters;
    bool parametersAreCurrent = false;
    std::unique_ptr<DirectSpace> direct;
    double dispersionCorrection = 0; // kJ/mol nm^3
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_REFERENCEDIRECTSPACEKERNEL_H_*/
