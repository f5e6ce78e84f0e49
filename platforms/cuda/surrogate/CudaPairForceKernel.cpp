// SPDX-License-Identifier: MIT
#include "CudaPairForceKernel.h"
#include "../CudaDriver.h"
#include <openmm/OpenMMException.h>
#include <openmm/common/ComputeForceInfo.h>
#include <openmm/common/ContextSelector.h>
#include <openmm/internal/ContextImpl.h>
#include <cmath>

using namespace OpenMM;
using namespace SurrogatePlugin;
using std::vector;

namespace {

// Where particles have more neighbors than these, pairs beyond the cutoff cost more than builds that a thinner skin, over the cutoff, makes
// necessary, and more threads can share a list. Measured for rock salt of 187 and argon of 51 on an H200, see docs/theory/pair-list.md.
constexpr double NeighborsOfLongLists = 100, SkinOfLongLists = 0.05;

/** Get how many particles are within the cutoff of another one on average, in the System's box. */
double countNeighbors(const System& system, const SurrogateForce& force) {
    Vec3 box[3];
    system.getDefaultPeriodicBoxVectors(box[0], box[1], box[2]);
    return force.getNumParticles() / (box[0][0] * box[1][1] * box[2][2]) * 4 / 3 * M_PI *
           std::pow(force.getCutoffDistance(), 3);
}

} // namespace

/** Tells OpenMM which particles it may exchange when it reorders them: those of one type, with alike exclusions. */
template <class Real>
class CudaPairForceKernel<Real>::ForceInfo : public ComputeForceInfo {
public:
    explicit ForceInfo(const SurrogateForce& force) { read(force); }
    void read(const SurrogateForce& force) {
        types.clear();
        exclusions.clear();
        for (int i = 0; i < force.getNumParticles(); i++)
            types.push_back(force.getParticleType(i));
        for (int k = 0; k < force.getNumExclusions(); k++) {
            vector<int> particles(2);
            force.getExclusionParticles(k, particles[0], particles[1]);
            exclusions.push_back(particles);
        }
    }
    bool areParticlesIdentical(int particle1, int particle2) override { return types[particle1] == types[particle2]; }
    int getNumParticleGroups() override { return (int) exclusions.size(); }
    void getParticlesInGroup(int index, vector<int>& particles) override { particles = exclusions[index]; }
    bool areGroupsIdentical(int, int) override { return true; }

private:
    vector<int> types;
    vector<vector<int> > exclusions;
};

template <class Real>
void CudaPairForceKernel<Real>::initialize(const System& system, const SurrogateForce& force) {
    ContextSelector selector(context);
    settings.reset(new KernelSettings(force, getPlatform().getName()));
    periodic = force.usesPeriodicBoundaryConditions();
    hasExclusions = force.getNumExclusions() > 0;
    particles.reset(new ForceParticles(force));
    interactions.reset(new PairInteractions(force, *settings));
    output.reset(new CudaForceOutput(context));
    upload(force);
    tuning.longLists = periodic && countNeighbors(system, force) > NeighborsOfLongLists;
    if (tuning.longLists)
        tuning.skin = SkinOfLongLists;
    pairs.reset(new CudaPairList<Real>("SurrogateForce", context, readParticles(force), force.getCutoffDistance(),
                                       periodic, tuning));
    if (periodic)
        reordering.reset(new ReorderSchedule(context, force.getCutoffDistance(), force.getForceGroup()));
    info = new ForceInfo(force);
    context.addForce(info);
}

template <class Real>
typename CudaPairList<Real>::Particles CudaPairForceKernel<Real>::readParticles(const SurrogateForce& force) const {
    typename CudaPairList<Real>::Particles result;
    const int numTypes = interactions->getNumTypes();
    for (int i = 0; i < force.getNumParticles(); i++) {
        result.types.push_back(particles->getType(i));
        if (hasExclusions)
            result.exclusions.push_back(particles->getExclusions(i));
    }
    for (int type1 = 0; type1 < numTypes; type1++)
        for (int type2 = 0; type2 < numTypes; type2++)
            result.interacts.push_back(interactions->interact(type1, type2) ? 1 : 0);
    return result;
}

template <class Real>
double CudaPairForceKernel<Real>::execute(ContextImpl& contextImpl, bool, bool includeEnergy) {
    // In a step errors are found late, without waiting for the GPU. Whoever asks outside of one, or for energies, looks at the result
    // and must not see a wrong one; and is not to hear of positions that have been replaced since.
    const bool mustWait = includeEnergy || !inStep;
    inStep = false;
    if (!isWhole)
        throw OpenMMException(
            "SurrogateForce: updateParametersInContext() has failed before, and said why: the GPU holds "
            "but a part of the new parameters. Call it again, or reinitialize the Context.");
    if (pairs->getNumMembers() == 0 || interactions->noneInteract())
        return particles->getEnergyOffset();
    ContextSelector selector(context);
    if (reordering)
        reordering->update();
    Vec3 box[3];
    contextImpl.getPeriodicBoxVectors(box[0], box[1], box[2]);
    const bool triclinic = periodic && (box[1][0] != 0 || box[2][0] != 0 || box[2][1] != 0);
    if (!isCompiled || triclinic != compiledTriclinic) {
        compile(triclinic);
        isCompiled = true;
        compiledTriclinic = triclinic;
    }
    if (mustWait)
        pairs->dropReport();
    else
        pairs->checkReport();
    prepare();
    try {
        pairs->update(box);
        launchForces(includeEnergy);
    } catch (...) { // kernels that make something of each new list may not have been launched
        pairs->invalidate();
        throw;
    }
    if (mustWait)
        pairs->wait();
    pairs->checkReport();
    return particles->getEnergyOffset();
}

template <class Real>
void CudaPairForceKernel<Real>::copyParametersToContext(ContextImpl&, const SurrogateForce& force) {
    ContextSelector selector(context);
    std::unique_ptr<PairInteractions> previous(new PairInteractions(force, *settings));
    std::swap(interactions, previous);
    try {
        upload(force);
    } catch (...) { // a network that cannot be evaluated: the Context stays as it was
        std::swap(interactions, previous);
        throw;
    }
    isWhole = false; // should anything below throw
    particles->update(force);
    pairs->setTypes(readParticles(force));
    if (isCompiled) // what the programs were specialized for may have changed
        compile(compiledTriclinic);
    isWhole = true;
    info->read(force);
    context.invalidateMolecules(info, true, false);
}

namespace SurrogatePlugin {
template class CudaPairForceKernel<float>;
template class CudaPairForceKernel<double>;
} // namespace SurrogatePlugin
