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
    /** @param isFast  whether it is faster than the stock kernel of the platform */
    ReferenceCalcDirectSpaceKernel(const std::string& name, const OpenMM::Platform& platform, bool isFast)
        : CalcDirectSpaceKernel(name, platform), isFast(isFast) {}
    bool isFasterThanStock() const override { return isFast; }
    void initialize(const OpenMM::System& system, const TunablePMEForce& force, const PMESettings& settings) override;
    void setParameters(const PMESettings& settings) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    void addCoulombForces(OpenMM::ContextImpl& context, std::vector<OpenMM::Vec3>& forces) override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const OpenMM::NonbondedForce& force, int firstParticle,
                                 int lastParticle, int firstException, int lastException) override;

private:
    void updateParameters(OpenMM::ContextImpl& context);
    double findDispersionCorrection(const OpenMM::System& system, const OpenMM::NonbondedForce& force) const;
    bool isFast;
    DirectSpaceOptions options;
    std::unique_ptr<NonbondedParameters> parameters;
    bool parametersAreCurrent = false;
    std::unique_ptr<DirectSpace> direct;
    double dispersionCorrection = 0; // kJ/mol nm^3
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_REFERENCEDIRECTSPACEKERNEL_H_*/
