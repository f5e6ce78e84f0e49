// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_SURROGATEFORCEIMPL_H_
#define OPENMM_SURROGATE_SURROGATEFORCEIMPL_H_

#include "openmmsurrogate/SurrogateForce.h"
#include "openmmsurrogate/internal/KernelSettings.h"
#include <openmm/Kernel.h>
#include <openmm/internal/ForceImpl.h>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace SurrogatePlugin {

/** Checks a SurrogateForce against its System and forwards to the platform's kernel. Lives as long as a Context. */
class SurrogateForceImpl : public OpenMM::ForceImpl {
public:
    explicit SurrogateForceImpl(const SurrogateForce& owner);
    void initialize(OpenMM::ContextImpl& context) override;
    const SurrogateForce& getOwner() const override { return owner; }
    /** Integrators call this at the beginning of a step, and nobody else does. */
    void updateContextState(OpenMM::ContextImpl& context, bool& forcesInvalid) override;
    double calcForcesAndEnergy(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy,
                               int groups) override;
    std::map<std::string, double> getDefaultParameters() override { return {}; }
    std::vector<std::string> getKernelNames() override;
    void updateParametersInContext(OpenMM::ContextImpl& context);
    double getTableError() const;

private:
    const SurrogateForce& owner;
    OpenMM::Kernel kernel;
    // What a Context cannot change, to be compared when parameters are updated.
    double cutoff;
    int numParticles;
    std::vector<std::pair<int, int> > exclusions;
    bool periodic;
    std::unique_ptr<const KernelSettings> settings;
    double tableTolerance;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_SURROGATEFORCEIMPL_H_*/
