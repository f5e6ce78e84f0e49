// SPDX-License-Identifier: MIT
#include "CpuDirectSpaceKernel.h"
#include "ReferenceSurrogateKernel.h"
#include "openmmsurrogate/internal/ForceParticles.h"
#include "openmmsurrogate/internal/Units.h"
#include <openmm/OpenMMException.h>
#include <openmm/internal/ContextImpl.h>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

using namespace OpenMM;
using namespace std;

namespace SurrogatePlugin {

/** All pairs of a NonbondedForce that are no exceptions. */
class CpuCalcDirectSpaceKernel::NonbondedPairs : public ListedPairs {
public:
    explicit NonbondedPairs(const CpuCalcDirectSpaceKernel& kernel) : kernel(kernel) {}
    double getCutoff() const override { return kernel.getOptions().cutoff; }
    const vector<int>& getMembers() const override { return kernel.members; }
    int getType(int) const override { return 0; }
    bool interactsWithAll(int particle) const override { return kernel.exclusions[particle].empty(); }
    bool interact(int particle1, int particle2) const override {
        const vector<int>& excluded = kernel.exclusions[particle1];
        return !binary_search(excluded.begin(), excluded.end(), particle2);
    }
    void checkPositions(const vector<Vec3>& positions) const override {
        for (size_t i = 0; i < positions.size(); i++)
            if (!ForceParticles::isValid(positions[i]))
                throw OpenMMException("TunablePMEForce: particle " + to_string(i) + " is not finite or more than " +
                                      to_string((int) ForceParticles::getLargestCoordinate()) +
                                      " nm from the origin. The simulation has become unstable: minimize the energy "
                                      "first, or use a smaller time step.");
    }

private:
    const CpuCalcDirectSpaceKernel& kernel;
};

void CpuCalcDirectSpaceKernel::initialize(const System& system, const TunablePMEForce& force,
                                          const PMESettings& settings) {
    ReferenceCalcDirectSpaceKernel::initialize(system, force, settings);
    members.resize(force.getNumParticles());
    iota(members.begin(), members.end(), 0);
    exclusions.resize(force.getNumParticles());
    for (int i = 0; i < force.getNumExceptions(); i++) {
        int particle1, particle2;
        double chargeProduct, sigma, epsilon;
        force.getExceptionParameters(i, particle1, particle2, chargeProduct, sigma, epsilon);
        exclusions[particle1].push_back(particle2);
        exclusions[particle2].push_back(particle1);
    }
    for (vector<int>& list : exclusions)
        sort(list.begin(), list.end());
}

void CpuCalcDirectSpaceKernel::setParameters(const PMESettings& settings) {
    ReferenceCalcDirectSpaceKernel::setParameters(settings);
    const DirectSpaceOptions& options = getOptions();
    const ProlateDirectSpace direct(settings.prolate.bandwidth);
    const int terms = settings.prolate.directTerms;
    const vector<double> force = direct.getForceCoefficients(terms), energy = direct.getEnergyCoefficients(terms);
    function.forceTerms = (int) force.size();
    function.energyTerms = (int) energy.size();
    transform(force.rbegin(), force.rend(), function.force,
              [&](double c) { return (float) (c / pow(options.cutoff, 3)); });
    transform(energy.rbegin(), energy.rend(), function.energy, [&](double c) { return (float) (c / options.cutoff); });
    function.cutoff2 = (float) (options.cutoff * options.cutoff);
    function.hasSwitch = options.switchingDistance < options.cutoff;
    function.switchingDistance = (float) options.switchingDistance;
    function.inverseSwitchWidth =
        function.hasSwitch ? (float) (1 / (options.cutoff - options.switchingDistance)) : 0.0f;
}

/** Copy the parameters to where vectors can load them, in the order of the list. */
void CpuCalcDirectSpaceKernel::packParameters() {
    const vector<int>& order = neighbors.getOrder();
    parameters.resize(4 * order.size());
    function.hasLennardJones = false;
    for (size_t i = 0; i < order.size(); i++) {
        const NonbondedParticle& particle = getParameters().getParticles()[order[i]];
        parameters[4 * i] = (float) (sqrt(coulombConstant) * particle.charge);
        parameters[4 * i + 1] = (float) particle.halfSigma;
        parameters[4 * i + 2] = (float) particle.twoSqrtEpsilon;
        parameters[4 * i + 3] = 0;
        function.hasLennardJones |= particle.twoSqrtEpsilon != 0;
    }
    function.parameters = parameters.data();
}

/** Two particles are at the same place, which is no harm if they do not interact. */
void CpuCalcDirectSpaceKernel::checkCoincident(int i, int j) const {
    const NonbondedParticle &a = getParameters().getParticles()[i], &b = getParameters().getParticles()[j];
    if (a.charge * b.charge != 0 || a.twoSqrtEpsilon * b.twoSqrtEpsilon != 0)
        throwCoincident("TunablePMEForce", i, j);
}

double CpuCalcDirectSpaceKernel::computePairs(ContextImpl& context, const PeriodicBox& box, vector<Vec3>* forces,
                                              bool includeEnergy) {
    if (box.getSmallestEdge() < 2 * getOptions().cutoff) // by no more than rounding; the list needs at least that
        return ReferenceCalcDirectSpaceKernel::computePairs(context, box, forces, includeEnergy);
    ReferencePlatform::PlatformData& data = getReferenceData(context);
    neighbors.update(*data.positions, box, NonbondedPairs(*this), data.threads);
    packParameters();
    blockEnergies.assign(neighbors.getNumBlocks(), 0);
    atomic<int> next(0), numCoincident(0);
    data.threads.execute([&](ThreadPool&, int) {
        double blockForces[3 * VerletList<float>::MaxBlockSize];
        for (int index = next++; index < neighbors.getNumBlocks(); index = next++) {
            const NeighborBlock block = neighbors.getBlock(index);
            numCoincident += getDirectLoop()(neighbors.getParticles(), function, block, blockForces,
                                             includeEnergy ? &blockEnergies[index] : nullptr) -
                             neighbors.getNumFillers(index);
            if (forces != nullptr)
                for (int k = 0; k < block.numParticles; k++)
                    (*forces)[neighbors.getOrder()[block.first + k]] +=
                        Vec3(blockForces[3 * k], blockForces[3 * k + 1], blockForces[3 * k + 2]);
        }
    });
    data.threads.waitForThreads();
    if (numCoincident > 0)
        neighbors.findCoincident(*data.positions, [&](int i, int j) { checkCoincident(i, j); });
    return accumulate(blockEnergies.begin(), blockEnergies.end(), 0.0);
}

} // namespace SurrogatePlugin
