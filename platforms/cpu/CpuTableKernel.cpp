// SPDX-License-Identifier: MIT
#include "CpuTableKernel.h"
#include "ReferenceSurrogateKernel.h"
#include "openmmsurrogate/internal/PackedTables.h"
#include <openmm/internal/ContextImpl.h>
#include <atomic>

using namespace OpenMM;
using namespace std;

namespace SurrogatePlugin {

namespace {

/** The pairs of a SurrogateForce. */
class SurrogatePairs : public ListedPairs {
public:
    SurrogatePairs(const ForceParticles& particles, const PairInteractions& interactions)
        : particles(particles), interactions(interactions) {}
    double getCutoff() const override { return interactions.getCutoff(); }
    const vector<int>& getMembers() const override { return particles.getMembers(); }
    int getType(int particle) const override { return particles.getType(particle); }
    bool interactsWithAll(int particle) const override {
        return particles.getExclusions(particle).empty() && interactions.allInteract();
    }
    bool interact(int particle1, int particle2) const override {
        return interactions.interact(particles.getType(particle1), particles.getType(particle2)) &&
               !particles.isExcluded(particle1, particle2);
    }
    void checkPositions(const vector<Vec3>& positions) const override { particles.checkPositions(positions); }

private:
    const ForceParticles& particles;
    const PairInteractions& interactions;
};

} // namespace

template <class Real>
void CpuTableKernel<Real>::initialize(const System& system, const SurrogateForce& force) {
    settings.reset(new KernelSettings(force, getPlatform().getName()));
    periodic = force.usesPeriodicBoundaryConditions();
    interactions.reset(new PairInteractions(force, *settings));
    particles.reset(new ForceParticles(force));
    packTables();
}

template <class Real>
void CpuTableKernel<Real>::copyParametersToContext(ContextImpl& context, const SurrogateForce& force) {
    interactions.reset(new PairInteractions(force, *settings));
    particles->update(force);
    packTables();
    neighbors.invalidate();
}

/** Copy the tables to where vectors can load them. */
template <class Real>
void CpuTableKernel<Real>::packTables() {
    const PackedTables<Real> packed(*interactions);
    coefficients.assign(packed.coefficients.begin(), packed.coefficients.end());
    grids.assign(packed.grids.begin(), packed.grids.end());
    tables = {packed.numTypes, coefficients.data(), grids.data(), packed.cutoff2};
}

template <class Real>
double CpuTableKernel<Real>::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    ReferencePlatform::PlatformData& data = getReferenceData(context);
    const PeriodicBox box = getBox(data, periodic);
    neighbors.update(*data.positions, box, SurrogatePairs(*particles, *interactions), data.threads);
    blockEnergies.assign(neighbors.getNumBlocks(), 0);
    atomic<int> next(0);
    atomic<bool> coincident(false);
    data.threads.execute([&](ThreadPool&, int) {
        for (int block = next++; block < neighbors.getNumBlocks(); block = next++)
            if (computeBlock(block, includeForces, includeEnergy, *data.forces) > 0)
                coincident = true;
    });
    data.threads.waitForThreads();
    if (coincident) // after rounding: it is an error if the positions are the same, too
        neighbors.findCoincident(*data.positions, [](int i, int j) { throwCoincident("SurrogateForce", i, j); });
    double energy = particles->getEnergyOffset();
    for (double blockEnergy : blockEnergies)
        energy += blockEnergy;
    return energy;
}

/** Compute a block of the list. @return how many of its pairs are at distance 0 */
template <class Real>
int CpuTableKernel<Real>::computeBlock(int index, bool includeForces, bool includeEnergy, vector<Vec3>& forces) {
    const NeighborBlock block = neighbors.getBlock(index);
    double blockForces[3 * VerletList<Real>::MaxBlockSize];
    const int numZero = getPairLoops<Real>().computeForces(neighbors.getParticles(), tables, block, blockForces,
                                                           includeEnergy ? &blockEnergies[index] : nullptr);
    if (includeForces)
        for (int k = 0; k < block.numParticles; k++)
            forces[neighbors.getOrder()[block.first + k]] +=
                Vec3(blockForces[3 * k], blockForces[3 * k + 1], blockForces[3 * k + 2]);
    return numZero - neighbors.getNumFillers(index);
}

template class CpuTableKernel<float>;
template class CpuTableKernel<double>;

} // namespace SurrogatePlugin
