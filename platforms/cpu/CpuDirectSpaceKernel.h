// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CPUDIRECTSPACEKERNEL_H_
#define OPENMM_SURROGATE_CPUDIRECTSPACEKERNEL_H_

#include "DirectLoops.h"
#include "VerletList.h"
#include "pme/ReferenceDirectSpaceKernel.h"
#include <vector>

namespace SurrogatePlugin {

/**
 * Direct space of ESP with all threads of the Context, in vectors of single precision and with a list of neighbours.
 * Exceptions are computed in double, as on Reference. Each particle's force is the sum over its own neighbours in a fixed
 * order, so that results are the same with any number of threads.
 */
class CpuCalcDirectSpaceKernel : public ReferenceCalcDirectSpaceKernel {
public:
    CpuCalcDirectSpaceKernel(const std::string& name, const OpenMM::Platform& platform)
        : ReferenceCalcDirectSpaceKernel(name, platform) {}
    void initialize(const OpenMM::System& system, const TunablePMEForce& force, const PMESettings& settings) override;
    void setParameters(const PMESettings& settings) override;

protected:
    double computePairs(OpenMM::ContextImpl& context, const PeriodicBox& box, std::vector<OpenMM::Vec3>* forces,
                        bool includeEnergy) override;

private:
    class NonbondedPairs;
    void packParameters();
    void checkCoincident(int particle1, int particle2) const;
    std::vector<std::vector<int> > exclusions; // [numParticles] ascending
    std::vector<int> members;
    VerletList<float> neighbors;
    DirectFunction function;
    std::vector<float, AlignedAllocator<float> > parameters;
    std::vector<double> blockEnergies;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CPUDIRECTSPACEKERNEL_H_*/
