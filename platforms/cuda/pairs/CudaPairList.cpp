// SPDX-License-Identifier: MIT
#include "CudaPairList.h"
#include "../CudaDriver.h"
#include "openmmsurrogate/internal/ForceParticles.h"
#include <openmm/OpenMMException.h>
#include <openmm/common/ContextSelector.h>
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace OpenMM;
using namespace SurrogatePlugin;
using std::string;
using std::to_string;
using std::vector;

namespace {

// A thicker skin means fewer builds and more pairs out of range; 0.12 to 0.2 of the cutoff were equally fast for liquid argon.
constexpr double RelativeSkin = 0.15;
// Cells are wider than the range by this, so that rounding of cell coordinates in single precision cannot lose a pair.
constexpr double CellMargin = 1e-3;
constexpr int InitialCapacity = 96, CapacityStep = 32, LargestCapacity = 4096;
constexpr int ScanTile = 1024, ScanThreads = 256, BlockSize = 128;
constexpr int LargestAxis = 1 << 20;

} // namespace

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
CudaPairList<Real>::CudaPairList(CudaContext& context, const Particles& particles, double cutoff, bool periodic)
    : context(context), cutoff(cutoff), periodic(periodic), mustRebuild(true), range(0), maxCells(0), mostBlocks(0),
      view(), report(nullptr, [](PairListReport* memory) { cuMemFreeHost(memory); }) {
    view.numAtoms = context.getNumAtoms();
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
    void* memory = nullptr;
    checkCuda(cuMemHostAlloc(&memory, sizeof(PairListReport), CU_MEMHOSTALLOC_DEVICEMAP),
              "allocating the report of the pair list");
    report.reset(static_cast<PairListReport*>(memory));
    report->neighborsNeeded = 0;
    dropReport();
    allocate();
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
    report.reset();
}

/** Allocate what depends on the number of particles. The bound on cells keeps memory linear in it. */
template <class Real>
void CudaPairList<Real>::allocate() {
    const int n = std::max(1, view.numAtoms);
    maxCells = std::max(64, n);
    order.initialize<int>(context, n, "surrogateOrder");
    sorted.initialize(context, n, 4 * sizeof(Real), "surrogateSorted");
    builtAt.initialize(context, n, 4 * sizeof(Real), "surrogateBuiltAt");
    cell.initialize<int>(context, n, "surrogateCell");
    rank.initialize<int>(context, n, "surrogateRank");
    count.initialize<int>(context, maxCells, "surrogateCellCount");
    localStart.initialize<int>(context, maxCells, "surrogateCellStart");
    tileSum.initialize<int>(context, (maxCells + ScanTile - 1) / ScanTile, "surrogateTileSum");
    numNeighbors.initialize<int>(context, n, "surrogateNumNeighbors");
    state.initialize<int>(context, 4, "surrogateListState");
    state.upload(vector<int>(4, 0));
    view.atomIndex = context.getAtomIndexArray().getDevicePointer();
    view.posq = context.getPosq().getDevicePointer();
    view.type = types.getDevicePointer();
    view.interacts = interacts.getDevicePointer();
    view.exclusionStart = exclusionStart.getDevicePointer();
    view.exclusion = exclusion.getDevicePointer();
    view.order = order.getDevicePointer();
    view.sorted = sorted.getDevicePointer();
    view.builtAt = builtAt.getDevicePointer();
    view.cell = cell.getDevicePointer();
    view.rank = rank.getDevicePointer();
    view.count = count.getDevicePointer();
    view.localStart = localStart.getDevicePointer();
    view.tileSum = tileSum.getDevicePointer();
    view.numNeighbors = numNeighbors.getDevicePointer();
    view.state = state.getDevicePointer();
    checkCuda(cuMemHostGetDevicePointer(&view.report, report.get(), 0), "mapping the report of the pair list");
    int numProcessors;
    checkCuda(cuDeviceGetAttribute(&numProcessors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, context.getDevice()),
              "counting multiprocessors");
    mostBlocks = 16 * numProcessors; // of 128 threads: as many as can be resident
}

template <class Real>
void CudaPairList<Real>::setCapacity(int capacity) {
    view.capacity = capacity;
    const size_t size = (size_t) capacity * std::max(1, view.numAtoms);
    if (neighbor.isInitialized())
        neighbor.resize(size);
    else
        neighbor.initialize<int>(context, size, "surrogateNeighbors");
    view.neighbor = neighbor.getDevicePointer();
    invalidate();
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
void CudaPairList<Real>::setModule(CUmodule& module) {
    updatePositions = context.getKernel(module, "updatePositions");
    resetCells = context.getKernel(module, "resetCells");
    countParticles = context.getKernel(module, "countParticles");
    scanCells = context.getKernel(module, "scanCells");
    fillCells = context.getKernel(module, "fillCells");
    sortCells = context.getKernel(module, "sortCells");
    findNeighbors = context.getKernel(module, "findNeighbors");
}

/** Within half of the smallest edge each pair has one nearest image, so the range must not exceed it. */
template <class Real>
void CudaPairList<Real>::chooseSkin(const Vec3 box[3]) {
    double skin = RelativeSkin * cutoff;
    if (periodic)
        skin = std::max(0.0, std::min(skin, 0.5 * std::min({box[0][0], box[1][1], box[2][2]}) - cutoff));
    range = cutoff + skin;
    view.range2 = (Real) (range * range * (1 + 1e-5)); // keep a pair at the rounded edge rather than lose one
    view.maxMove2 = (Real) (0.25 * skin * skin);
}

template <class Real>
void CudaPairList<Real>::chooseGrid(const Vec3 box[3]) {
    const double width = range * (1 + CellMargin);
    CellGrid<Real>& grid = view.grid;
    int num[3], folded[3];
    const int perAxis = (int) std::cbrt((double) maxCells);
    if (!periodic) { // infinite space, folded onto a torus; cells that meet there are told apart by distance
        grid.rowX = grid.rowY = grid.rowZ = (Real) (1 / width);
        grid.rowXy = grid.rowXz = grid.rowYz = 0;
        std::fill(num, num + 3, 0);
        std::fill(folded, folded + 3, std::max(3, perAxis));
    } else {
        const double ax = box[0][0], bx = box[1][0], by = box[1][1], cx = box[2][0], cy = box[2][1], cz = box[2][2];
        // Rows of the inverse of the box matrix: fractional coordinates of a position.
        const double rows[3][3] = {{1 / ax, -bx / (ax * by), (bx * cy - by * cx) / (ax * by * cz)},
                                   {0, 1 / by, -cy / (by * cz)},
                                   {0, 0, 1 / cz}};
        double product = 1;
        for (int k = 0; k < 3; k++) {
            // Planes of constant fractional coordinate are 1/|row| apart.
            const double height =
                1 / std::sqrt(rows[k][0] * rows[k][0] + rows[k][1] * rows[k][1] + rows[k][2] * rows[k][2]);
            num[k] = (int) std::max(1.0, std::min((double) LargestAxis, std::floor(height / width)));
            product *= num[k];
        }
        const double shrink = std::max(1.0, std::cbrt(product / maxCells));
        for (int k = 0; k < 3; k++) {
            folded[k] = num[k] <= 3 ? num[k] : std::max(3, (int) (num[k] / shrink));
            num[k] -= num[k] % folded[k]; // so that neighbors across the boundary of the box are neighbors on the torus
        }
        for (int k = 0; k < 3 && (double) folded[0] * folded[1] * folded[2] > maxCells; k++) { // a flat or long box
            folded[k] = std::min(folded[k], std::max(1, perAxis));
            num[k] = std::max(folded[k], num[k] - num[k] % folded[k]);
        }
        grid.rowX = (Real) rows[0][0];
        grid.rowXy = (Real) rows[0][1];
        grid.rowXz = (Real) rows[0][2];
        grid.rowY = (Real) rows[1][1];
        grid.rowYz = (Real) rows[1][2];
        grid.rowZ = (Real) rows[2][2];
        view.box = {(Real) ax, (Real) bx,       (Real) by,       (Real) cx,      (Real) cy,
                    (Real) cz, (Real) (1 / ax), (Real) (1 / by), (Real) (1 / cz)};
    }
    grid.numX = num[0];
    grid.numY = num[1];
    grid.numZ = num[2];
    grid.foldedX = folded[0];
    grid.foldedY = folded[1];
    grid.foldedZ = folded[2];
}

template <class Real>
void CudaPairList<Real>::launch(CUfunction kernel, void** arguments, int numThreads, int blockSize) {
    launchKernel(context, kernel, arguments, std::min((numThreads + blockSize - 1) / blockSize, mostBlocks), blockSize);
}

/**
 * Make lists longer that did not fit. The step in which that happened searched the cells instead, so nothing is lost. A system that has
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
        invalidate();
    }
    int rebuild = mustRebuild ? 1 : 0;
    void *arguments[] = {&view}, *argumentsOfUpdate[] = {&view, &rebuild};
    const int numCells = view.grid.foldedX * view.grid.foldedY * view.grid.foldedZ;
    launch(updatePositions, argumentsOfUpdate, view.numMembers, BlockSize);
    launch(resetCells, arguments, numCells, BlockSize);
    launch(countParticles, arguments, view.numAtoms, BlockSize);
    launch(scanCells, arguments, (numCells + ScanTile - 1) / ScanTile * ScanThreads, ScanThreads);
    launch(fillCells, arguments, view.numAtoms, BlockSize);
    launch(sortCells, arguments, numCells, BlockSize);
    launch(findNeighbors, arguments, 32 * std::min(view.numMembers, 1 << 25), BlockSize); // a warp each
    mustRebuild = false; // only now: had a launch failed, the list would still have to be built
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
void CudaPairList<Real>::checkReport() {
    if (report->badParticle == 0 && report->coincident1 == 0 && report->overflowing == 0)
        return;
    wait(); // so that the report is whole, and kernels under way add nothing after it is dropped
    const int bad = report->badParticle, first = report->coincident1, second = report->coincident2;
    const int overflowing = report->overflowing;
    dropReport();
    invalidate();
    if (bad != 0)
        throwInvalidPosition(bad - 1, "a position");
    if (first != 0)
        throwCoincident(std::min(first, second) - 1, std::max(first, second) - 1);
    throw OpenMMException(
        "SurrogateForce: the force on particle " + to_string(overflowing - 1) +
        " is larger than fixed-point force buffers can hold (2^30 kJ/mol/nm). Many particles overlap there: minimize "
        "the energy on platform CPU first, or start from other positions.");
}

namespace SurrogatePlugin {
template class CudaPairList<float>;
template class CudaPairList<double>;
} // namespace SurrogatePlugin
