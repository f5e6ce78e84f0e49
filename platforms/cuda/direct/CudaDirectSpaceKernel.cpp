// SPDX-License-Identifier: MIT
#include "CudaDirectSpaceKernel.h"
#include "../CudaDriver.h"
#include "../KernelSource.h"
#include "DirectForceInfo.h"
#include "DirectParameters.h"
#include "openmmsurrogate/internal/ProlateSplit.h"
#include <openmm/OpenMMException.h>
#include <openmm/common/ContextSelector.h>
#include <openmm/cuda/CudaPlatform.h>
#include <openmm/internal/ContextImpl.h>
#include <openmm/internal/NonbondedForceImpl.h>
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace OpenMM;
using namespace SurrogatePlugin;
using std::string;
using std::vector;

namespace {

// Of D where the arithmetic is double: below 1e-12 for all bandwidths in use.
constexpr double DoubleTolerance = 1e-12;

/**
 * The nearest image is unique, and found by rounding, only while the cutoff is at most half of each diagonal element; with
 * room for rounding as in OpenMM.
 */
void checkBox(const Vec3 box[3], double cutoff) {
    if (1.999999 * cutoff > std::min({box[0][0], box[1][1], box[2][2]}))
        throw OpenMMException("TunablePMEForce: the periodic box has become smaller than twice the cutoff, " +
                              std::to_string(cutoff) + " nm; use a shorter cutoff or a larger box");
}

/** Choose the skin of the list, over the cutoff. Hydrogen is fast: in water a list is built every few steps. */
double chooseSkin(const System& system) {
    const double lightMass = 4; // Da
    for (int i = 0; i < system.getNumParticles(); i++)
        if (system.getParticleMass(i) > 0 && system.getParticleMass(i) < lightMass)
            return 0.12;
    return 0.05;
}

/**
 * Get how fast particles are over the average: as the inverse root of the mass. Those without mass, which may be sites of molecules, go with the
 * lightest ones.
 */
vector<double> findMobilities(const System& system) {
    // Of few light particles among heavy ones, whose range would be much longer than that of all others.
    const double largest = 2;
    vector<double> result(system.getNumParticles(), 0);
    for (size_t i = 0; i < result.size(); i++)
        if (system.getParticleMass((int) i) > 0)
            result[i] = 1 / std::sqrt(system.getParticleMass((int) i));
    const double highest = result.empty() ? 0 : *std::max_element(result.begin(), result.end());
    if (highest == 0)
        return {};
    std::replace(result.begin(), result.end(), 0.0, highest);
    const double mean = std::accumulate(result.begin(), result.end(), 0.0) / result.size();
    for (double& mobility : result)
        mobility = std::min(largest, mobility / mean);
    return result;
}

vector<std::pair<int, int> > listExceptions(const NonbondedForce& force) {
    vector<std::pair<int, int> > pairs(force.getNumExceptions());
    double charge, sigma, epsilon;
    for (size_t k = 0; k < pairs.size(); k++)
        force.getExceptionParameters((int) k, pairs[k].first, pairs[k].second, charge, sigma, epsilon);
    return pairs;
}

} // namespace

template <class Real>
string CudaDirectSpaceKernel<Real>::findObstacle(const System&, const TunablePMEForce&) const {
    return cuda.getPlatformData().contexts.size() > 1 ? "it runs on one GPU, and the Context has several DeviceIndex"
                                                      : "";
}

template <class Real>
void CudaDirectSpaceKernel<Real>::initialize(const System& system, const TunablePMEForce& force,
                                             const PMESettings& settings) {
    ContextSelector selector(cuda);
    options.doublePrecision = cuda.getUseDoublePrecision();
    options.doubleEnergy = cuda.getUseDoublePrecision() || cuda.getUseMixedPrecision();
    options.deterministic = cuda.getPlatformData().deterministicForces;
    options.hasExclusions = force.getNumExceptions() > 0;
    options.exceptionsUseImages = force.getExceptionsUsePeriodicBoundaryConditions();
    options.numAtoms = cuda.getNumAtoms();
    options.cutoff = force.getCutoffDistance();
    options.switchingDistance = force.getUseSwitchingFunction() ? force.getSwitchingDistance() : options.cutoff;
    if (force.getUseDispersionCorrection())
        dispersionCoefficient = NonbondedForceImpl::calcDispersionCorrection(system, force);
    parameters.reset(new NonbondedParameters(force));
    const vector<std::pair<int, int> > excluded = listExceptions(force);
    particles.types.assign(force.getNumParticles(), 0);
    particles.interacts = {1};
    if (options.hasExclusions)
        particles.exclusions.resize(force.getNumParticles());
    for (const std::pair<int, int>& pair : excluded) {
        particles.exclusions[pair.first].push_back(pair.second);
        particles.exclusions[pair.second].push_back(pair.first);
    }
    for (vector<int>& list : particles.exclusions)
        std::sort(list.begin(), list.end());
    options.exclusionsAreCliques = options.hasExclusions && particles.haveCliques();
    particles.mobilities = findMobilities(system);
    pairs.reset(new CudaPairList<Real>("TunablePMEForce", cuda, particles, options.cutoff, true,
                                       {chooseSkin(system), options.longLists}));
    exceptions.reset(new CudaExceptions<Real>(cuda, force.getNumParticles(), excluded));
    output.reset(new CudaForceOutput(cuda));
    reordering.reset(new ReorderSchedule(cuda, options.cutoff, force.getForceGroup()));
    setParameters(settings);
    info = new DirectForceInfo(force);
    cuda.addForce(info);
}

template <class Real>
void CudaDirectSpaceKernel<Real>::setParameters(const PMESettings& settings) {
    const ProlateDirectSpace functions(settings.prolate.bandwidth);
    const int terms = options.doublePrecision ? functions.findNumTerms(DoubleTolerance) : settings.prolate.directTerms;
    options.forceCoefficients = functions.getForceCoefficients(terms);
    options.energyCoefficients = functions.getEnergyCoefficients(terms);
    optionsChanged = true;
}

template <class Real>
void CudaDirectSpaceKernel<Real>::compile(bool triclinic) {
    optionsChanged = optionsChanged || triclinic != options.triclinic;
    if (!optionsChanged) // the source is too long to be made in every step
        return;
    options.triclinic = triclinic;
    const string source = DirectProgram::makeSource(options);
    if (source != program) {
        program.clear(); // should this fail half-way
        CUmodule module = cuda.createModule(source, KernelSource::getFlags());
        pairs->setModule(module);
        exceptions->setModule(module);
        forceKernel = cuda.getKernel(module, "computeDirectForces");
        forceAndEnergyKernel = cuda.getKernel(module, "computeDirectForcesAndEnergy");
        program = source;
    }
    optionsChanged = false;
}

template <class Real>
void CudaDirectSpaceKernel<Real>::uploadParameters(bool withLennardJones) {
    const vector<NonbondedParticle>& all = parameters->getParticles();
    const DirectParameters<Real> packed(all, withLennardJones);
    options.numKinds = packed.numKinds;
    options.carries = packed.numKinds > 0 ? 1 : 3;
    optionsChanged = true;
    for (size_t i = 0; i < all.size(); i++)
        particles.types[i] = all[i].charge == 0 && all[i].twoSqrtEpsilon == 0 ? -1 : 0; // takes no part
    pairs->setTypes(particles);
    pairs->setCarried(packed.carried, packed.lennardJones);
    if (!pairParameters.isInitialized())
        pairParameters.initialize(cuda, DirectParameters<Real>::MostKinds * DirectParameters<Real>::MostKinds,
                                  4 * sizeof(Real), "directPairParameters");
    if (packed.numKinds > 0)
        pairParameters.uploadSubArray(packed.pairs.data(), 0, packed.numKinds * packed.numKinds);
    exceptions->setParameters(all, parameters->getExceptions(), withLennardJones);
}

template <class Real>
void CudaDirectSpaceKernel<Real>::updateParameters(ContextImpl& context) {
    ParameterValues values;
    if (parameters->hasOffsets())
        values = context.getParameters();
    if (!parametersChanged && values == lastParameters)
        return;
    parameters->update(values);
    const vector<NonbondedParticle>& all = parameters->getParticles();
    options.hasLennardJones =
        std::any_of(all.begin(), all.end(), [](const NonbondedParticle& p) { return p.twoSqrtEpsilon != 0; });
    uploadParameters(true);
    lastParameters = values;
    parametersChanged = false;
}

template <class Real>
void CudaDirectSpaceKernel<Real>::launch(const Vec3 box[3], CUdeviceptr forces, bool includeEnergy) {
    checkBox(box, options.cutoff);
    compile(box[1][0] != 0 || box[2][0] != 0 || box[2][1] != 0);
    ForceOutputView view = output->getView(forces);
    const int members = pairs->getNumMembers();
    pairs->update(box); // exceptions need its box, even if there are no pairs
    if (members > 0) {
        CUdeviceptr ofKinds = pairParameters.getDevicePointer();
        void* arguments[] = {&pairs->getView(), &ofKinds, &view};
        const int perBlock = DirectProgram::Threads / KernelSource::getListThreads(options.numAtoms, options.longLists);
        const int numClusters = (members + KernelSource::ClusterSize - 1) / KernelSource::ClusterSize;
        launchKernel(cuda, includeEnergy ? forceAndEnergyKernel : forceKernel, arguments,
                     (numClusters + perBlock - 1) / perBlock, DirectProgram::Threads);
    }
    exceptions->launch(pairs->getView(), view, includeEnergy);
}

/**
 * Write forces that cannot be overlooked: so large that OpenMM's minimizer, which knows that fixed point overflows, computes them on platform CPU
 * instead. In the middle between its limit and the end of the buffers' range, whatever other forces add.
 */
template <class Real>
void CudaDirectSpaceKernel<Real>::spoilForces(CUdeviceptr forces) {
    const unsigned int high = 0x60000000; // of 64 bits: 1.5*2^30 kJ/mol/nm, along x
    checkCuda(cuMemsetD2D32Async(forces + 4, 8, high, 1, cuda.getNumAtoms(), cuda.getCurrentStream()),
              "writing to the force buffer");
}

template <class Real>
double CudaDirectSpaceKernel<Real>::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    if (cuda.getNumAtoms() == 0)
        return 0;
    ContextSelector selector(cuda);
    // In a step errors are found late, without waiting for the GPU. Whoever asks for energies looks at the result and must not see a wrong
    // one; and is not to hear of positions that have been replaced since.
    if (includeEnergy)
        pairs->dropReport();
    else
        pairs->checkReport();
    reordering->update();
    updateParameters(context);
    Vec3 box[3];
    context.getPeriodicBoxVectors(box[0], box[1], box[2]);
    launch(box, cuda.getForce().getDevicePointer(), includeEnergy);
    double energy = dispersionCoefficient / (box[0][0] * box[1][1] * box[2][2]);
    if (includeEnergy) {
        pairs->wait();
        // A minimizer or a Monte Carlo move tries overlapping particles, and is to turn back from them.
        if (pairs->takeOverflow()) {
            energy = INFINITY;
            if (includeForces)
                spoilForces(cuda.getForce().getDevicePointer());
        }
    }
    pairs->checkReport();
    return energy;
}

template <class Real>
void CudaDirectSpaceKernel<Real>::addCoulombForces(ContextImpl& context, vector<Vec3>& forces) {
    if (cuda.getNumAtoms() == 0)
        return;
    ContextSelector selector(cuda);
    updateParameters(context);
    const int padded = cuda.getPaddedNumAtoms();
    CudaArray buffer(cuda, 3 * padded, sizeof(long long), "directCoulombForces");
    cuda.clearBuffer(buffer);
    pairs->dropReport();
    parametersChanged = true; // for the next evaluation, even if this one throws
    uploadParameters(false);
    Vec3 box[3];
    context.getPeriodicBoxVectors(box[0], box[1], box[2]);
    launch(box, buffer.getDevicePointer(), false);
    pairs->wait();
    pairs->takeOverflow(); // of particles that overlap: forces are large all the same
    pairs->checkReport();
    vector<long long> fixed;
    buffer.download(fixed);
    const vector<int>& atomIndex = cuda.getAtomIndex();
    for (int slot = 0; slot < cuda.getNumAtoms(); slot++)
        for (int k = 0; k < 3; k++)
            forces[atomIndex[slot]][k] += std::ldexp((double) fixed[slot + k * padded], -32);
}

template <class Real>
void CudaDirectSpaceKernel<Real>::copyParametersToContext(ContextImpl& context, const NonbondedForce& force,
                                                          int firstParticle, int lastParticle, int firstException,
                                                          int lastException) {
    ContextSelector selector(cuda);
    parameters->copyParameters(force, firstParticle, lastParticle, firstException, lastException);
    parametersChanged = true;
    if (force.getUseDispersionCorrection())
        dispersionCoefficient = NonbondedForceImpl::calcDispersionCorrection(context.getSystem(), force);
    info->read(force);
    cuda.invalidateMolecules(info, true, options.hasExclusions);
}

namespace SurrogatePlugin {
template class CudaDirectSpaceKernel<float>;
template class CudaDirectSpaceKernel<double>;
} // namespace SurrogatePlugin
