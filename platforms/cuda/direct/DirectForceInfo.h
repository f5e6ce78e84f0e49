// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_DIRECTFORCEINFO_H_
#define OPENMM_SURROGATE_DIRECTFORCEINFO_H_

#include <openmm/NonbondedForce.h>
#include <openmm/common/ComputeForceInfo.h>
#include <vector>

namespace SurrogatePlugin {

/** Tells OpenMM which particles it may exchange when it reorders them: those with equal parameters and offsets, in like exceptions. */
class DirectForceInfo : public OpenMM::ComputeForceInfo {
public:
    explicit DirectForceInfo(const OpenMM::NonbondedForce& force) { read(force); }
    /** Take over the parameters of a force. */
    void read(const OpenMM::NonbondedForce& force);
    bool areParticlesIdentical(int particle1, int particle2) override {
        return particles[particle1] == particles[particle2];
    }
    int getNumParticleGroups() override { return (int) pairs.size(); }
    void getParticlesInGroup(int index, std::vector<int>& members) override { members = pairs[index]; }
    bool areGroupsIdentical(int group1, int group2) override { return exceptions[group1] == exceptions[group2]; }

private:
    std::vector<std::vector<double> > particles, exceptions; // parameters, and what offsets add to them
    std::vector<std::vector<int> > pairs;                    // of the exceptions
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_DIRECTFORCEINFO_H_*/
