// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_REFERENCERECIPROCALSPACEKERNEL_H_
#define OPENMM_SURROGATE_REFERENCERECIPROCALSPACEKERNEL_H_

#include "MeshEwald.h"
#include "openmmsurrogate/internal/ParticleCharges.h"
#include "openmmsurrogate/internal/ReciprocalSpaceKernel.h"
#include <memory>

namespace SurrogatePlugin {

/**
 * Computes the reciprocal space of a TunablePMEForce on the Reference platform, and those derived from it, with all
 * threads.
 */
class ReferenceCalcReciprocalSpaceKernel : public CalcReciprocalSpaceKernel {
public:
    /** @param defaultPrecision  what a stage's precision Default means */
    ReferenceCalcReciprocalSpaceKernel(const std::string& name, const OpenMM::Platform& platform,
                                       NumericFormat::Type defaultPrecision)
        : CalcReciprocalSpaceKernel(name, platform), defaultPrecision(defaultPrecision) {}
    NumericFormat::Type getDefaultPrecision() const override { return defaultPrecision; }
    int getMostProlateOrder() const override { return MeshWindow::MaxOrder; }
    void initialize(const OpenMM::System& system, const TunablePMEForce& force, const PMESettings& settings) override;
    void setParameters(const PMESettings& settings) override;
    bool updateCharges(OpenMM::ContextImpl& context) override;
    const std::vector<double>& getCharges() const override { return charges->getCharges(); }
    bool canMeasureMeshError() const override { return true; }
    double measureMeshError(OpenMM::ContextImpl& context, std::vector<OpenMM::Vec3>& forces) override;
    void checkPositions(OpenMM::ContextImpl& context) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const OpenMM::NonbondedForce& force, int firstParticle,
                                 int lastParticle) override;

private:
    NumericFormat::Type defaultPrecision;
    std::unique_ptr<PMESettings> settings;
    std::unique_ptr<ParticleCharges> charges;
    std::unique_ptr<MeshEwald> coulomb, dispersion;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_REFERENCERECIPROCALSPACEKERNEL_H_*/
