// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_SURROGATEFORCEIMPL_H_
#define OPENMM_SURROGATE_SURROGATEFORCEIMPL_H_

#include "openmmsurrogate/SurrogateForce.h"
#include <openmm/Kernel.h>
#include <openmm/internal/ForceImpl.h>
#include <map>
#include <string>
#include <vector>

namespace SurrogatePlugin {

/** Checks a SurrogateForce against its System and forwards to the platform's kernel. Lives as long as a Context. */
class SurrogateForceImpl : public OpenMM::ForceImpl {
public:
    explicit SurrogateForceImpl(const SurrogateForce& owner);
    void initialize(OpenMM::ContextImpl& context) override;
    const SurrogateForce& getOwner() const override { return owner; }
    void updateContextState(OpenMM::ContextImpl&, bool&) override {}
    double calcForcesAndEnergy(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy, int groups) override;
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
    SurrogateForce::Precision precision;
    SurrogateForce::EvaluationMethod method;
    double tableTolerance;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_SURROGATEFORCEIMPL_H_*/
