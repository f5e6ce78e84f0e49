// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_REFERENCESURROGATEKERNEL_H_
#define OPENMM_SURROGATE_REFERENCESURROGATEKERNEL_H_

#include "CellList.h"
#include "openmmsurrogate/internal/ForceParticles.h"
#include "openmmsurrogate/internal/PairInteractions.h"
#include "openmmsurrogate/internal/SurrogateForceKernel.h"
#include <openmm/reference/ReferencePlatform.h>
#include <memory>
#include <vector>

namespace SurrogatePlugin {

/**
 * Computes a SurrogateForce in double precision: the truth that everything else is compared with. A reduced format is
 * emulated by the function that is evaluated; sums are in double all the same.
 *
 * The functions of pairs are evaluated by all threads, then added up in the order of the pairs. So results do not depend on
 * the number of threads.
 */
class ReferenceCalcSurrogateForceKernel : public CalcSurrogateForceKernel {
public:
    ReferenceCalcSurrogateForceKernel(const std::string& name, const OpenMM::Platform& platform)
        : CalcSurrogateForceKernel(name, platform) {}
    void initialize(const OpenMM::System& system, const SurrogateForce& force) override;
    double execute(OpenMM::ContextImpl& context, bool includeForces, bool includeEnergy) override;
    void copyParametersToContext(OpenMM::ContextImpl& context, const SurrogateForce& force) override;
    double getTableError() const override { return interactions->getTableError(); }

private:
    struct Pair {
        int particle1, particle2, network;
        double r, force, energy;   // nm, -dU/dr in kJ/mol/nm, kJ/mol
        OpenMM::Vec3 displacement; // from particle2 to particle1, nm
    };
    void addPair(int i, int j, const std::vector<OpenMM::Vec3>& positions, const PeriodicBox& box);
    void evaluateRange(size_t begin, size_t end, bool includeForces, bool includeEnergy);
    double evaluatePairs(OpenMM::ReferencePlatform::PlatformData& data, bool includeForces, bool includeEnergy);
    std::unique_ptr<ForceParticles> particles;
    std::unique_ptr<const PairInteractions> interactions;
    std::unique_ptr<const KernelSettings> settings;
    bool periodic = false;
    CellList cells;
    std::vector<Pair> pairs;
};

/** Get what the Context of a platform derived from Reference keeps: positions, forces, box, threads. */
OpenMM::ReferencePlatform::PlatformData& getReferenceData(OpenMM::ContextImpl& context);
/** Get the box of such a Context. */
PeriodicBox getBox(const OpenMM::ReferencePlatform::PlatformData& data, bool periodic);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_REFERENCESURROGATEKERNEL_H_*/
