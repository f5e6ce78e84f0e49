// SPDX-License-Identifier: MIT
#include "CudaNetworkKernel.h"
#include "../CudaDriver.h"
#include <openmm/OpenMMException.h>
#include <algorithm>

using namespace OpenMM;
using namespace SurrogatePlugin;
using std::string;
using std::to_string;
using std::vector;

namespace {

// Of the kernel listPairs: particles that a block takes together, and threads.
constexpr int ListTile = 64, ListThreads = 256;
// Room for pairs in reach at first: argon at its melting point has 39, within 1.15 times a cutoff of 0.85 nm.
constexpr int InitialPairsPerParticle = 48;
// Kernels number pairs in 32 bits, and look at most a few chunks beyond the last one.
constexpr int MostPairs = 0x7fffff00, MostParticles = MostPairs / InitialPairsPerParticle;

/** Make an array, or another one in its place, and fill it. */
template <class T>
void replace(CudaArray& array, CudaContext& context, const vector<T>& values, const char* name) {
    if (!array.isInitialized())
        array.initialize<T>(context, values.size(), name);
    else if (array.getSize() != values.size())
        array.resize(values.size());
    array.upload(values);
}

} // namespace

template <class Real>
void CudaNetworkKernel<Real>::checkChip(NumericFormat::Type format) {
    const int oldest = KernelSource::getOldestChip(format),
              found = 10 * getAttribute(this->context, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) +
                      getAttribute(this->context, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    if (found < oldest)
        throw OpenMMException("SurrogateForce: networks in precision " + NumericFormat::getName(format) +
                              " need a GPU of compute capability " + to_string(oldest / 10) + "." +
                              to_string(oldest % 10) + " or newer, and this one has " + to_string(found / 10) + "." +
                              to_string(found % 10) +
                              "; use another precision, or evaluation method Table, which runs in any");
}

template <class Real>
void CudaNetworkKernel<Real>::checkSize(const SurrogateForce& force) {
    int numMembers = 0;
    for (int i = 0; i < force.getNumParticles(); i++)
        if (force.getParticleType(i) >= 0)
            numMembers++;
    if (numMembers > MostParticles)
        throw OpenMMException("SurrogateForce: networks on platform CUDA take " + to_string(MostParticles) +
                              " particles at most, and this force has " + to_string(numMembers) +
                              "; use evaluation method Table");
}

template <class Real>
void CudaNetworkKernel<Real>::upload(const SurrogateForce& force) {
    checkSize(force);
    const SurrogateModel& model = force.getModel();
    const FormatScheme scheme = {this->settings->precision, model.getEndLayersSingle(), model.getWeightGroupSize()};
    checkChip(scheme.format);
    vector<std::pair<int, NetworkShape> > shapes; // of the networks in use
    for (int network = 0; network < this->interactions->getNumNetworks(); network++)
        if (this->interactions->getFunction(network))
            shapes.emplace_back(network, findShape(model.getNetwork(network), scheme));
    this->isWhole = false;
    vector<std::unique_ptr<Group> > old;
    std::swap(groups, old); // to be used again where shapes have stayed, with their programs
    for (const auto& [network, shape] : shapes) {
        const NetworkShape& wanted = shape;
        auto hasShape = [&](const std::unique_ptr<Group>& group) { return group && group->shape == wanted; };
        auto found = std::find_if(groups.begin(), groups.end(), hasShape);
        if (found == groups.end()) {
            auto kept = std::find_if(old.begin(), old.end(), hasShape);
            groups.push_back(kept == old.end() ? std::unique_ptr<Group>(new Group()) : std::move(*kept));
            found = groups.end() - 1;
            (*found)->shape = shape;
            (*found)->networks.clear();
        }
        (*found)->networks.push_back(network);
    }
    for (auto& group : groups)
        uploadNetworks(*group, model);
    this->isWhole = true;
}

template <class Real>
void CudaNetworkKernel<Real>::uploadNetworks(Group& group, const SurrogateModel& model) {
    vector<uint32_t> words;
    for (int network : group.networks) {
        const vector<uint32_t> more =
            packNetwork(model.getNetwork(network), *this->interactions->getFunction(network), group.shape);
        words.insert(words.end(), more.begin(), more.end());
    }
    replace(group.words, this->context, words, "surrogateNetworkWords");
    const int numTypes = this->interactions->getNumTypes();
    vector<int> networkOfTypes;
    for (int type1 = 0; type1 < numTypes; type1++)
        for (int type2 = 0; type2 < numTypes; type2++) {
            const int network = this->interactions->getNetwork(type1, type2);
            const auto found = std::find(group.networks.begin(), group.networks.end(), network);
            networkOfTypes.push_back(found == group.networks.end() ? -1 : (int) (found - group.networks.begin()));
        }
    replace(group.networkOfTypes, this->context, networkOfTypes, "surrogateNetworkOfTypes");
    const double cutoff = this->interactions->getCutoff();
    const size_t stateSize = 3 + group.networks.size();
    if (!group.pairState.isInitialized() || group.pairState.getSize() != stateSize) {
        replace(group.pairState, this->context, vector<int>(stateSize, 0), "surrogatePairState");
        if (this->pairs) // what it told of is lost
            this->pairs->invalidate();
    }
    group.view.numNetworks = (int) group.networks.size();
    group.view.cutoff2 = (Real) (cutoff * cutoff);
    group.view.words = group.words.getDevicePointer();
    group.view.networkOfTypes = group.networkOfTypes.getDevicePointer();
    group.view.pairState = group.pairState.getDevicePointer();
    group.hasEnergies = false;
}

template <class Real>
void CudaNetworkKernel<Real>::compile(bool triclinic) {
    CudaContext& context = this->context;
    numProcessors = getAttribute(context, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    for (auto& group : groups) {
        NetworkProgramOptions options;
        options.doublePrecision = context.getUseDoublePrecision();
        options.doubleEnergy = context.getUseDoublePrecision() || context.getUseMixedPrecision();
        options.periodic = this->periodic;
        options.triclinic = triclinic;
        options.hasExclusions = this->hasExclusions;
        options.numTypes = this->interactions->getNumTypes();
        options.numAtoms = context.getNumAtoms();
        options.longLists = this->tuning.longLists;
        options.shape = group->shape;
        const string source = KernelSource::makeNetworkProgram(options);
        const bool servesList = group == groups.front();
        if (source == group->program && (!servesList || source == listProgram))
            continue;
        group->program.clear(); // should this fail half-way
        CUmodule module = context.createModule(source, KernelSource::getFlags());
        if (servesList) {
            listProgram.clear();
            this->pairs->setModule(module);
            listProgram = source;
        }
        group->launch = KernelSource::getNetworkLaunch(group->shape);
        group->forceKernel = context.getKernel(module, "computeNetworkForces");
        group->forceAndEnergyKernel = context.getKernel(module, "computeNetworkForcesAndEnergy");
        group->listKernel = context.getKernel(module, "listPairs");
        group->sampleKernel = context.getKernel(module, "sampleNetwork");
        const int threads = 32 * group->launch.numWarps, sharedBytes = group->launch.sharedBytes;
        countResidentBlocks(context, group->sampleKernel, threads, sharedBytes); // allows it the memory
        countResidentBlocks(context, group->forceAndEnergyKernel, threads, sharedBytes);
        group->mostBlocks = countResidentBlocks(context, group->forceKernel, threads, sharedBytes);
        leaveMemoryToCache(context, group->forceKernel, threads, sharedBytes);
        group->program = source;
    }
}

/** Evaluate a network on the device, where its rounding and its hardware functions are those that forces see. */
template <class Real>
vector<double> CudaNetworkKernel<Real>::sample(Group& group, int index, double low, double spacing) {
    int numSamples = KernelSource::NumEnergyNodes;
    CudaArray forceWeights;
    forceWeights.initialize<double>(this->context, numSamples, "surrogateSamples");
    CUdeviceptr pointer = forceWeights.getDevicePointer();
    void* arguments[] = {&group.view, &index, &numSamples, &low, &spacing, &pointer};
    launchKernel(this->context, group.sampleKernel, arguments, group.mostBlocks, 32 * group.launch.numWarps,
                 group.launch.sharedBytes);
    vector<double> result;
    forceWeights.download(result);
    return result;
}

/**
 * Make the table of energies: at the nodes, the energy and the force weight. Where a format rounds activations, the force weights are samples from
 * the device and the energy is their integral, so that energies belong to the forces that this very chip computes, which the hardware's
 * tanh makes differ from those of the emulation. Otherwise both are those of the host.
 */
template <class Real>
void CudaNetworkKernel<Real>::makeEnergies(Group& group) {
    const int numNodes = KernelSource::NumEnergyNodes;
    vector<Real> energies, grids;
    for (size_t index = 0; index < group.networks.size(); index++) {
        const PairFunction& function = *this->interactions->getFunction(group.networks[index]);
        const double low = function.getCoreRadius(), spacing = (function.getCutoff() - low) / (numNodes - 1);
        vector<double> force, energy(numNodes, 0.0);
        if (function.hasSteps()) {
            force = sample(group, (int) index, low, spacing);
            for (int k = numNodes - 2; k >= 0; k--)
                energy[k] = energy[k + 1] + 0.5 * spacing * (force[k] + force[k + 1]);
        } else
            for (int k = 0; k < numNodes; k++) {
                // The last node is the limit from below: at the cutoff itself both are 0.
                const double r = std::min(low + k * spacing, function.getCutoff() * (1 - 1e-15));
                force.push_back(function.computeForce(r));
                energy[k] = function.computeEnergy(r);
            }
        for (int k = 0; k < numNodes; k++) {
            energies.push_back((Real) energy[k]);
            energies.push_back((Real) force[k]);
        }
        grids.push_back((Real) low);
        grids.push_back((Real) (1 / spacing));
    }
    replace(group.energies, this->context, energies, "surrogateEnergies");
    replace(group.energyGrids, this->context, grids, "surrogateEnergyGrids");
    group.view.energies = group.energies.getDevicePointer();
    group.view.energyGrids = group.energyGrids.getDevicePointer();
    group.hasEnergies = true;
}

/**
 * Make room for pairs. Where they did not fit, the steps since then have searched the cells instead. Pairs that are in another array are
 * lost, also those of networks whose pairs did fit, so the list is to be built in this step.
 */
template <class Real>
void CudaNetworkKernel<Real>::prepare() {
    const int pairsNeeded = this->pairs->takePairsNeeded();
    if (pairsNeeded > 0)
        this->pairs->invalidate();
    if (pairsNeeded > MostPairs)
        throw OpenMMException("SurrogateForce: more pairs are within reach of each other than the " +
                              to_string(MostPairs) +
                              " that networks on platform CUDA can take; use evaluation method Table, fewer particles "
                              "or a shorter cutoff");
    const int atFirst = InitialPairsPerParticle * this->pairs->getNumMembers(); // fits: checkSize
    const int roomy = (int) std::min(1.1 * pairsNeeded, (double) MostPairs);
    for (auto& group : groups)
        reservePairs(*group, std::max(atFirst, roomy));
}

template <class Real>
void CudaNetworkKernel<Real>::reservePairs(Group& group, int capacity) {
    if (group.pairs.isInitialized() && group.view.pairCapacity >= capacity)
        return;
    this->pairs->invalidate();
    group.view.pairCapacity = 0;
    try {
        if (group.pairs.isInitialized())
            group.pairs.resize(capacity);
        else
            group.pairs.initialize(this->context, capacity, 2 * sizeof(int), "surrogatePairs");
    } catch (const OpenMMException& e) {
        this->pairs->throwOutOfMemory(to_string(2 * sizeof(int) * capacity >> 20) + " MiB of pairs", e);
    }
    group.view.pairs = group.pairs.getDevicePointer();
    group.view.pairCapacity = capacity;
}

/** List pairs, if the neighbor lists have just been built. */
template <class Real>
void CudaNetworkKernel<Real>::listPairs(Group& group) {
    void* arguments[] = {&this->pairs->getView(), &group.view};
    launchKernel(this->context, group.listKernel, arguments,
                 std::min(4 * numProcessors, (this->pairs->getNumMembers() + ListTile - 1) / ListTile), ListThreads);
}

template <class Real>
void CudaNetworkKernel<Real>::launchForces(bool includeEnergy) {
    CudaContext& context = this->context;
    ForceOutputView output = this->output->getView();
    for (auto& group : groups) {
        if (includeEnergy && !group->hasEnergies)
            makeEnergies(*group);
        listPairs(*group);
        void* arguments[] = {&this->pairs->getView(), &group->view, &output};
        const int warps = group->launch.numWarps;
        const int numBlocks = std::min(group->mostBlocks, (this->pairs->getNumMembers() + warps - 1) / warps);
        launchKernel(context, includeEnergy ? group->forceAndEnergyKernel : group->forceKernel, arguments, numBlocks,
                     32 * warps, group->launch.sharedBytes);
    }
}

namespace SurrogatePlugin {
template class CudaNetworkKernel<float>;
template class CudaNetworkKernel<double>;
} // namespace SurrogatePlugin
