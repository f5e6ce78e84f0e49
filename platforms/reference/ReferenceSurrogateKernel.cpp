// SPDX-License-Identifier: MIT
#include "ReferenceSurrogateKernel.h"
#include <openmm/internal/ContextImpl.h>
#include <exception>
#include <mutex>

using namespace OpenMM;
using namespace std;

namespace SurrogatePlugin {

// Pairs are evaluated in batches of this many, so that memory does not grow with the number of pairs.
static const size_t BATCH_SIZE = 32768;

ReferencePlatform::PlatformData& getReferenceData(ContextImpl& context) {
    return *reinterpret_cast<ReferencePlatform::PlatformData*>(context.getPlatformData());
}

PeriodicBox getBox(const ReferencePlatform::PlatformData& data, bool periodic) {
    PeriodicBox box;
    box.periodic = periodic;
    if (periodic)
        for (int k = 0; k < 3; k++)
            box.vectors[k] = data.periodicBoxVectors[k];
    return box;
}

void ReferenceCalcSurrogateForceKernel::initialize(const System& system, const SurrogateForce& force) {
    settings.reset(new KernelSettings(force, getPlatform().getName()));
    periodic = force.usesPeriodicBoundaryConditions();
    interactions.reset(new PairInteractions(force, *settings));
    particles.reset(new ForceParticles(force));
}

void ReferenceCalcSurrogateForceKernel::copyParametersToContext(ContextImpl& context, const SurrogateForce& force) {
    interactions.reset(new PairInteractions(force, *settings));
    particles->update(force);
}

double ReferenceCalcSurrogateForceKernel::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    ReferencePlatform::PlatformData& data = getReferenceData(context);
    const vector<Vec3>& positions = *data.positions;
    const PeriodicBox box = getBox(data, periodic);
    particles->checkPositions(positions);
    cells.build(positions, particles->getMembers(), box, interactions->getCutoff());
    pairs.clear();
    double energy = particles->getEnergyOffset();
    cells.forEachCandidatePair([&](int i, int j) {
        addPair(i, j, positions, box);
        if (pairs.size() == BATCH_SIZE)
            energy += evaluatePairs(data, includeForces, includeEnergy);
    });
    return energy + evaluatePairs(data, includeForces, includeEnergy);
}

void ReferenceCalcSurrogateForceKernel::addPair(int i, int j, const vector<Vec3>& positions, const PeriodicBox& box) {
    const double cutoff = interactions->getCutoff();
    Pair pair;
    pair.displacement = box.minimumImage(positions[i] - positions[j]);
    const double r2 = pair.displacement.dot(pair.displacement);
    if (r2 >= cutoff * cutoff)
        return;
    pair.network = interactions->getNetwork(particles->getType(i), particles->getType(j));
    if (pair.network < 0 || particles->isExcluded(i, j))
        return;
    pair.r = sqrt(r2);
    if (pair.r == 0)
        throwCoincident("SurrogateForce", min(i, j), max(i, j));
    pair.particle1 = i;
    pair.particle2 = j;
    pairs.push_back(pair);
}

void ReferenceCalcSurrogateForceKernel::evaluateRange(size_t begin, size_t end, bool includeForces,
                                                      bool includeEnergy) {
    for (size_t k = begin; k < end; k++) {
        if (includeForces)
            pairs[k].force = interactions->computeForce(pairs[k].network, pairs[k].r);
        if (includeEnergy)
            pairs[k].energy = interactions->computeEnergy(pairs[k].network, pairs[k].r);
    }
}

/** Compute the batch of pairs, add their forces to the Context's, and empty the batch. @return their energy */
double ReferenceCalcSurrogateForceKernel::evaluatePairs(ReferencePlatform::PlatformData& data, bool includeForces,
                                                        bool includeEnergy) {
    exception_ptr error; // an exception must not leave a thread of the pool
    mutex errorMutex;
    data.threads.execute([&](ThreadPool& threads, int threadIndex) {
        const size_t numThreads = threads.getNumThreads();
        const size_t begin = threadIndex * pairs.size() / numThreads,
                     end = (threadIndex + 1) * pairs.size() / numThreads;
        try {
            evaluateRange(begin, end, includeForces, includeEnergy);
        } catch (...) {
            lock_guard<mutex> lock(errorMutex);
            error = current_exception();
        }
    });
    data.threads.waitForThreads();
    if (error)
        rethrow_exception(error);
    vector<Vec3>& forces = *data.forces;
    double energy = 0;
    for (const Pair& pair : pairs) {
        if (includeForces) {
            const Vec3 force = pair.displacement * (pair.force / pair.r);
            forces[pair.particle1] += force;
            forces[pair.particle2] -= force;
        }
        if (includeEnergy)
            energy += pair.energy;
    }
    pairs.clear();
    return energy;
}

} // namespace SurrogatePlugin
