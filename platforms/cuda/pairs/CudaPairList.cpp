// SPDX-License-Identifier: MIT
#include "CudaPairList.h"
#include "../CudaDriver.h"
#include "../KernelSource.h"
#include "CellGridChoice.h"
#include "openmmsurrogate/internal/ForceParticles.h"
#include <openmm/OpenMMException.h>
#include <openmm/common/ContextSelector.h>
#include <algorithm>

using namespace OpenMM;
using namespace SurrogatePlugin;
using std::string;
using std::to_string;
using std::vector;

namespace {

constexpr int InitialCapacity = 224, CapacityStep = 32, LargestCapacity = 8192;
constexpr int BlockSize = 128;
constexpr int MostParticles = 1 << 28; // what entries of the list can number

int countClusters(int numParticles) {
    return (numParticles + KernelSource::ClusterSize - 1) / KernelSource::ClusterSize;
}

} // namespace

template <class Real>
bool CudaPairList<Real>::Particles::haveCliques() const {
    auto getRange = [&](int i) {
        const vector<int>& list = exclusions[i];
        return list.empty() ? std::make_pair(i, i)
                            : std::make_pair(std::min(i, list.front()), std::max(i, list.back()));
    };
    for (int i = 0; i < (int) exclusions.size(); i++) {
        const std::pair<int, int> range = getRange(i);
        if ((int) exclusions[i].size() != range.second - range.first)
            return false;
        for (int other : exclusions[i])
            if (getRange(other) != range)
                return false;
    }
    return true;
}

/** OpenMM permutes particles in memory now and then; the list holds places in memory. */
template <class Real>
class CudaPairList<Real>::ReorderListener : public ComputeContext::ReorderListener {
public:
    explicit ReorderListener(CudaPairList& list) : list(list) {}
    void execute() override { list.invalidate(); }

private:
    CudaPairList& list;
};

template <class Real>
CudaPairList<Real>::CudaPairList(const string& force, CudaContext& context, const Particles& particles, double cutoff,
                                 bool periodic, const Tuning& tuning)
    : force(force), context(context), cutoff(cutoff), periodic(periodic), tuning(tuning), rebuild(RebuildAll),
      lastStep(-1), range(0), largestMobility(1), maxCells(0),
      numProcessors(getAttribute(context, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)), residentBlocks(0), view(),
      report(nullptr, [](PairListReport* memory) { cuMemFreeHost(memory); }) {
    view.numAtoms = context.getNumAtoms();
    view.cutoff = (Real) cutoff;
    if (view.numAtoms >= MostParticles)
        throw OpenMMException(force + ": on platform CUDA a System can have " + to_string(MostParticles - 1) +
                              " particles at most");
    vector<int> starts(1, 0), list;
    for (const vector<int>& excluded : particles.exclusions) {
        list.insert(list.end(), excluded.begin(), excluded.end());
        starts.push_back((int) list.size());
    }
    list.resize(std::max<size_t>(1, list.size()));
    exclusionStart.initialize<int>(context, starts.size(), "surrogateExclusionStart");
    exclusionStart.upload(starts);
    exclusion.initialize<int>(context, list.size(), "surrogateExclusion");
    exclusion.upload(list);
    types.initialize<int>(context, std::max(1, view.numAtoms), "surrogateType");
    interacts.initialize<int>(context, particles.interacts.size(), "surrogateInteracts");
    setMobilities(particles.mobilities);
    void* memory = nullptr;
    checkCuda(cuMemHostAlloc(&memory, sizeof(PairListReport), CU_MEMHOSTALLOC_DEVICEMAP),
              "allocating the report of the pair list");
    report.reset(static_cast<PairListReport*>(memory));
    report->neighborsNeeded = report->pairsNeeded = 0;
    dropReport();
    try {
        allocate();
    } catch (const OpenMMException& e) {
        throwOutOfMemory("its particles", e);
    }
    setTypes(particles);
    setCapacity(InitialCapacity);
    context.addReorderListener(new ReorderListener(*this));
}

template <class Real>
CudaPairList<Real>::~CudaPairList() {
    if (!context.getContextIsValid()) {
        report.release(); // has gone with its CUDA context
        return;
    }
    ContextSelector selector(context);
    cuCtxSynchronize(); // kernels of a step that nobody has waited for may still write to it
    report.reset();
}

/** Allocate what depends on the number of particles. The bound on cells keeps memory linear in it. */
template <class Real>
void CudaPairList<Real>::allocate() {
    const int n = std::max(1, view.numAtoms);
    maxCells = std::max(64, n);
    order.initialize<int>(context, n, "surrogateOrder");
    sortedIndex.initialize<int>(context, n, "surrogateSortedIndex");
    sorted.initialize(context, n, 4 * sizeof(Real), "surrogateSorted");
    builtAt.initialize(context, n, 4 * sizeof(Real), "surrogateBuiltAt");
    cell.initialize<int>(context, n, "surrogateCell");
    rank.initialize<int>(context, n, "surrogateRank");
    count.initialize<int>(context, maxCells, "surrogateCellCount");
    cellStart.initialize<int>(context, maxCells + 1, "surrogateCellStart");
    tileSum.initialize<int>(context, maxCells / KernelSource::BuildThreads + 1, "surrogateTileSum");
    sortedClique.initialize<int>(context, n, "surrogateSortedClique");
    numNeighbors.initialize<int>(context, countClusters(n), "surrogateNumNeighbors");
    state.initialize<int>(context, StateSize, "surrogateListState");
    state.upload(vector<int>(StateSize, 0));
    samples.initialize<MotionSample<Real> >(context, NumMotionSamples, "surrogateMotionSamples");
    samples.upload(vector<MotionSample<Real> >(NumMotionSamples));
    horizon.initialize(context, 1, sizeof(Real), "surrogateHorizon");
    view.atomIndex = context.getAtomIndexArray().getDevicePointer();
    view.posq = context.getPosq().getDevicePointer();
    view.velocity = context.getVelm().getDevicePointer();
    view.type = types.getDevicePointer();
    view.interacts = interacts.getDevicePointer();
    view.exclusionStart = exclusionStart.getDevicePointer();
    view.exclusion = exclusion.getDevicePointer();
    view.order = order.getDevicePointer();
    view.sortedIndex = sortedIndex.getDevicePointer();
    view.sorted = sorted.getDevicePointer();
    view.builtAt = builtAt.getDevicePointer();
    view.cell = cell.getDevicePointer();
    view.rank = rank.getDevicePointer();
    view.count = count.getDevicePointer();
    view.cellStart = cellStart.getDevicePointer();
    view.tileSum = tileSum.getDevicePointer();
    view.sortedClique = sortedClique.getDevicePointer();
    view.numNeighbors = numNeighbors.getDevicePointer();
    view.sample = samples.getDevicePointer();
    view.horizon = horizon.getDevicePointer();
    view.state = state.getDevicePointer();
    checkCuda(cuMemHostGetDevicePointer(&view.report, report.get(), 0), "mapping the report of the pair list");
}

/** Without room for the lists, kernels search the cells: so does every step after this exception, until there is room. */
template <class Real>
void CudaPairList<Real>::setCapacity(int capacity) {
    const size_t size = (size_t) capacity * countClusters(std::max(1, view.numAtoms));
    view.capacity = 0;
    invalidate();
    try {
        if (neighbor.isInitialized())
            neighbor.resize(size);
        else
            neighbor.initialize<int>(context, size, "surrogateNeighbors");
    } catch (const OpenMMException& e) {
        throwOutOfMemory(to_string(size >> 18) + " MiB of neighbor lists", e);
    }
    view.neighbor = neighbor.getDevicePointer();
    view.capacity = capacity;
}

template <class Real>
void CudaPairList<Real>::throwOutOfMemory(const string& what, const std::exception& cause) const {
    throw OpenMMException(force + ": the GPU has no memory for " + what + " (" + to_string(view.numAtoms) +
                          " particles). Use fewer particles, a GPU with more memory, or one that nobody else uses. " +
                          cause.what());
}

template <class Real>
void CudaPairList<Real>::setTypes(const Particles& particles) {
    vector<int> padded = particles.types;
    padded.resize(std::max(1, view.numAtoms), -1);
    types.upload(padded);
    if (interacts.getSize() != particles.interacts.size()) // another model may have other types
        interacts.resize(particles.interacts.size());
    interacts.upload(particles.interacts);
    view.interacts = interacts.getDevicePointer();
    view.numMembers =
        (int) std::count_if(particles.types.begin(), particles.types.end(), [](int type) { return type >= 0; });
    invalidate();
}

template <class Real>
void CudaPairList<Real>::setCarried(const vector<Real>& newCarried, const vector<Real>& newLennardJones) {
    const int n = std::max(1, view.numAtoms);
    auto makeRoom = [&](CudaArray& array, int width, const char* name, CUdeviceptr& pointer) {
        if (!array.isInitialized())
            array.initialize(context, n, width * sizeof(Real), name);
        pointer = array.getDevicePointer(); // also where an earlier call came no further than this
    };
    makeRoom(carried, 1, "surrogateCarried", view.carried);
    makeRoom(sortedCarried, 1, "surrogateSortedCarried", view.sortedCarried);
    if (!newLennardJones.empty()) {
        makeRoom(lennardJones, 2, "surrogateLennardJones", view.lennardJones);
        makeRoom(sortedLennardJones, 2, "surrogateSortedLennardJones", view.sortedLennardJones);
    }
    if (!newCarried.empty())
        carried.upload(newCarried.data());
    if (!newLennardJones.empty())
        lennardJones.upload(newLennardJones.data());
    invalidate();
}

template <class Real>
void CudaPairList<Real>::setModule(CUmodule& module) {
    updatePositions = context.getKernel(module, "updatePositions");
    buildList = context.getKernel(module, "buildList");
    residentBlocks = countResidentBlocks(context, buildList, KernelSource::BuildThreads);
}

template <class Real>
void CudaPairList<Real>::setMobilities(const vector<double>& mobilities) {
    vector<Real> all(mobilities.begin(), mobilities.end());
    all.resize(std::max(1, view.numAtoms), 1);
    largestMobility = *std::max_element(all.begin(), all.end());
    mobility.initialize(context, all.size(), sizeof(Real), "surrogateMobility");
    mobility.upload(all.data());
    view.mobility = mobility.getDevicePointer();
}

/** Within half of the smallest edge each pair has one nearest image, so the range must not exceed it. */
template <class Real>
void CudaPairList<Real>::chooseSkin(const Vec3 box[3]) {
    double skin = tuning.skin * cutoff;
    if (periodic)
        skin = std::max(0.0,
                        std::min(skin, (0.5 * std::min({box[0][0], box[1][1], box[2][2]}) - cutoff) / largestMobility));
    range = cutoff + skin * largestMobility;
    view.range2 = (Real) (range * range * (1 + 1e-5)); // keep a pair at the rounded edge rather than lose one
    view.allowance = (Real) (0.5 * skin);
}

template <class Real>
void CudaPairList<Real>::chooseGrid(const Vec3 box[3]) {
    const CellGridChoice<Real> choice(range, view.numMembers, maxCells);
    view.grid = periodic ? choice.makePeriodic(box) : choice.makeInfinite();
    if (!periodic)
        return;
    const double ax = box[0][0], by = box[1][1], cz = box[2][2];
    view.box = {(Real) ax, (Real) box[1][0], (Real) by,       (Real) box[2][0], (Real) box[2][1],
                (Real) cz, (Real) (1 / ax),  (Real) (1 / by), (Real) (1 / cz)};
}

/**
 * Make lists longer that did not fit. A step in which that happened searched the cells instead, so nothing is lost. A system that has
 * collapsed goes on to do so: its lists would need memory that grows as the square of its size.
 */
template <class Real>
void CudaPairList<Real>::growIfNeeded() {
    const int needed = report->neighborsNeeded;
    if (needed <= view.capacity || view.capacity == LargestCapacity)
        return;
    report->neighborsNeeded = 0;
    const int roomy = needed < LargestCapacity ? needed * 5 / 4 : LargestCapacity; // leaves room for fluctuations
    setCapacity(std::min(LargestCapacity, (roomy + CapacityStep - 1) / CapacityStep * CapacityStep));
}

template <class Real>
void CudaPairList<Real>::update(const Vec3 box[3]) {
    growIfNeeded();
    if (range == 0 || (periodic && !std::equal(box, box + 3, lastBox))) {
        std::copy(box, box + 3, lastBox);
        chooseSkin(box);
        chooseGrid(box);
        rebuild = std::max(rebuild, RebuildBecauseOfBox);
    }
    if (view.numMembers == 0)
        return;
    // What moves is seen before it has gone much further than it may. Whoever evaluates forces twice in a step has put particles elsewhere.
    const long long step = context.getStepCount();
    view.leap2 = (Real) (step == lastStep ? 1 : 1.25 * 1.25);
    lastStep = step;
    bool asked = rebuild != NoRebuild;
    launchUpdate();
    // Which step sees longer lists, and so the order of sums, would depend on how far the device is behind. Lists that it builds on its own
    // rarely outgrow the room that is left, which is a part of the longest list: the report is of any that did not fit.
    while (asked) {
        wait();
        if (report->neighborsNeeded > view.capacity) {
            vector<int> values;
            state.download(values);
            report->neighborsNeeded = values[StateMaxNeighbors];
        }
        growIfNeeded();
        asked = rebuild != NoRebuild;
        if (asked)
            launchUpdate();
    }
}

template <class Real>
void CudaPairList<Real>::launchUpdate() {
    int why = rebuild;
    void* arguments[] = {&view, &why};
    const int mostBlocks = 2048 / BlockSize * numProcessors; // as many as can be resident
    launchKernel(context, updatePositions, arguments,
                 std::min((view.numMembers + BlockSize - 1) / BlockSize, mostBlocks), BlockSize);
    const int numCells = view.grid.foldedX * view.grid.foldedY * view.grid.foldedZ;
    const int searchThreads = 32 / 2 * countClusters(view.numMembers); // a warp makes the lists of two
    const int numThreads = std::max(std::max(numCells, view.numAtoms), searchThreads);
    const int numBlocks = (numThreads + KernelSource::BuildThreads - 1) / KernelSource::BuildThreads;
    launchCooperatively(context, buildList, arguments, std::min(numBlocks, residentBlocks), KernelSource::BuildThreads);
    rebuild = NoRebuild; // only now: had a launch failed, the list would still have to be built
}

template <class Real>
int CudaPairList<Real>::takePairsNeeded() {
    const int needed = report->pairsNeeded;
    report->pairsNeeded = 0;
    return needed;
}

template <class Real>
void CudaPairList<Real>::wait() {
    checkCuda(cuStreamSynchronize(context.getCurrentStream()), "waiting for the forces");
}

template <class Real>
void CudaPairList<Real>::dropReport() {
    wait();
    report->badParticle = report->coincident1 = report->coincident2 = report->overflowing = 0;
}

template <class Real>
bool CudaPairList<Real>::takeOverflow() {
    if (report->badParticle != 0 || report->coincident1 != 0 || report->overflowing == 0)
        return false;
    report->overflowing = 0;
    return true;
}

template <class Real>
void CudaPairList<Real>::checkReport() {
    if (report->badParticle == 0 && report->coincident1 == 0 && report->overflowing == 0)
        return;
    wait(); // so that the report is whole, and kernels under way add nothing after it is dropped
    const int bad = report->badParticle, first = report->coincident1, second = report->coincident2;
    const int overflowing = report->overflowing;
    dropReport();
    invalidate();
    if (bad != 0)
        throwInvalidPosition(force, bad - 1, "a position");
    if (first != 0)
        throwCoincident(force, std::min(first, second) - 1, std::max(first, second) - 1);
    throw OpenMMException(
        force + ": the force on particle " + to_string(overflowing - 1) +
        " is larger than fixed-point force buffers can hold (2^30 kJ/mol/nm). Many particles overlap there: minimize "
        "the energy on platform CPU first, or start from other positions.");
}

namespace SurrogatePlugin {
template class CudaPairList<float>;
template class CudaPairList<double>;
} // namespace SurrogatePlugin
