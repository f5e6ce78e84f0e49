// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CPUTABLEKERNEL_H_
#define OPENMM_SURROGATE_CPUTABLEKERNEL_H_

#include "VerletList.h"
#include "openmmsurrogate/internal/ForceParticles.h"
#include "openmmsurrogate/internal/PairInteractions.h"
#include "openmmsurrogate/internal/SurrogateForceKernel.h"
#include <memory>
#include <vector>

namespace SurrogatePlugin {

/**
 * Computes a SurrogateForce from tables with all threads of the Context, in vectors, in arithmetic of type Real. Each particle's
 * force is the sum over its own neighbours in a fixed order, so that results are the same with any number of threads.
 */
template <class Real>
class CpuTableKernel : public CalcSurrogateForceKernel {
public:
    CpuTableKernel(const std::string& name, const OpenMM::Platform& platform)
        : CalcSurrogateForceKernel(name, platform) {}
    void initialize(const OpenMM::System& system, const SurrogateForce& force) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const SurrogateForce& force) override;
    double getTableError() const override { return interactions->getTableError(); }

private:
    void packTables();
    int computeBlock(int block, bool includeForces, bool includeEnergy, std::vector<OpenMM::Vec3>& forces);
    std::unique_ptr<const KernelSettings> settings;
    std::unique_ptr<const PairInteractions> interactions;
    std::unique_ptr<ForceParticles> particles;
    bool periodic = false;
    VerletList<Real> neighbors;
    TableSet<Real> tables;
    std::vector<Real, AlignedAllocator<Real> > coefficients, grids;
    std::vector<double> blockEnergies;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CPUTABLEKERNEL_H_*/
