// SPDX-License-Identifier: MIT
#include "VerletList.h"
#include <algorithm>
#include <atomic>

using namespace OpenMM;
using namespace std;

namespace SurrogatePlugin {

template <class Real>
SortedParticles<Real> VerletList<Real>::getParticles() const {
    return {coordinates.data(), frame.getLattice()};
}

template <class Real>
NeighborBlock VerletList<Real>::getBlock(int index) const {
    const Block& block = blocks[index];
    return {index * MaxBlockSize, (int) block.starts.size() - 1, block.starts.data(), block.neighbors.data()};
}

template <class Real>
void VerletList<Real>::update(const vector<Vec3>& positions, const PeriodicBox& box, const ListedPairs& pairs,
                              ThreadPool& threads) {
    if (valid && this->box == box && convertPositions(positions, threads))
        return;
    valid = false;
    build(positions, box, pairs, threads);
    valid = true;
}

/** Convert positions to coordinates. @return whether all are so near to where the list was built that it is still valid */
template <class Real>
bool VerletList<Real>::convertPositions(const vector<Vec3>& positions, ThreadPool& threads) {
    const double limit2 = 0.25 * skin * skin;
    atomic<bool> near(true);
    threads.execute([&](ThreadPool& pool, int threadIndex) {
        const long long numParticles = order.size();
        const int end = (threadIndex + 1) * numParticles / pool.getNumThreads();
        for (int i = threadIndex * numParticles / pool.getNumThreads(); i < end; i++) {
            const Vec3& position = positions[order[i]];
            const Vec3 moved = position - builtAt[i];
            if (!(moved.dot(moved) <= limit2)) { // so that NaN counts as far, too
                near = false;
                return;
            }
            frame.convert(position, &coordinates[4 * i]);
        }
    });
    threads.waitForThreads();
    return near;
}

template <class Real>
void VerletList<Real>::build(const vector<Vec3>& positions, const PeriodicBox& box, const ListedPairs& pairs,
                             ThreadPool& threads) {
    pairs.checkPositions(positions);
    this->box = box;
    const double cutoff = pairs.getCutoff();
    skin = RelativeSkin * cutoff;
    if (box.periodic) // within half the box, a pair has only one image: see PeriodicBox
        skin = max(0.0, min(skin, 0.5 * box.getSmallestEdge() - cutoff));
    range = cutoff + skin;
    cells.build(positions, pairs.getMembers(), box, range);
    frame = CoordinateFrame<Real>(box, range);
    order = cells.getOrder();
    const int numParticles = (int) order.size();
    builtAt.resize(numParticles);
    coordinates.resize(4 * numParticles);
    for (int i = 0; i < numParticles; i++) {
        builtAt[i] = positions[order[i]];
        coordinates[4 * i + 3] = pairs.getType(order[i]);
    }
    convertPositions(positions, threads);
    blocks.resize((numParticles + MaxBlockSize - 1) / MaxBlockSize);
    atomic<int> next(0);
    threads.execute([&](ThreadPool&, int) {
        for (int block = next++; block < (int) blocks.size(); block = next++)
            buildBlock(block, pairs);
    });
    threads.waitForThreads();
}

/** Find the particles that may be within the range of those of a cell, as ranges of indices. */
template <class Real>
void VerletList<Real>::findCandidates(int cell, vector<int>& scratch, vector<Range>& ranges) const {
    cells.findNeighbors(cell, scratch);
    ranges.clear();
    for (int other : scratch) {
        const Range range = {cells.getStart(other), cells.getStart(other + 1)};
        if (!ranges.empty() && ranges.back().end == range.begin)
            ranges.back().end = range.end;
        else
            ranges.push_back(range);
    }
}

template <class Real>
void VerletList<Real>::buildBlock(int index, const ListedPairs& pairs) {
    const PairLoops<Real>& loops = getPairLoops<Real>();
    const SortedParticles<Real> sorted = getParticles();
    // In single precision distances are rounded: keep a pair rather than lose one.
    const Real range2 = Real(range * range * (1 + 1e-5));
    const int first = index * MaxBlockSize, last = min(first + MaxBlockSize, (int) order.size());
    Block& block = blocks[index];
    block.neighbors.clear();
    block.starts.assign(1, 0);
    block.numFillers = 0;
    vector<int> scratch, found;
    vector<Range> ranges;
    int cell = cells.findCellOf(first);
    findCandidates(cell, scratch, ranges);
    for (int i = first; i < last; i++) {
        if (i == cells.getStart(cell + 1))
            findCandidates(++cell, scratch, ranges);
        int numCandidates = 0, count = 0;
        for (const Range& range : ranges)
            numCandidates += range.end - range.begin;
        found.resize(numCandidates);
        for (const Range& range : ranges)
            count += loops.findNeighbors(sorted, i, range.begin, range.end, range2, found.data() + count);
        count = removeNonInteracting(i, found.data(), count, pairs);
        block.neighbors.insert(block.neighbors.end(), found.begin(), found.begin() + count);
        while (block.neighbors.size() % loops.padding != 0) {
            block.neighbors.push_back(i);
            block.numFillers++;
        }
        block.starts.push_back((int) block.neighbors.size());
    }
}

/** Remove the neighbours that a particle does not interact with. @return how many remain */
template <class Real>
int VerletList<Real>::removeNonInteracting(int index, int* neighbors, int count, const ListedPairs& pairs) const {
    const int particle = order[index];
    if (pairs.interactsWithAll(particle))
        return count;
    int* end = remove_if(neighbors, neighbors + count, [&](int j) { return !pairs.interact(particle, order[j]); });
    return (int) (end - neighbors);
}

template <class Real>
void VerletList<Real>::findCoincident(const vector<Vec3>& positions, const function<void(int, int)>& found) const {
    for (int index = 0; index < getNumBlocks(); index++) {
        const NeighborBlock block = getBlock(index);
        for (int k = 0; k < block.numParticles; k++)
            for (int m = block.starts[k]; m < block.starts[k + 1]; m++) {
                const int i = order[block.first + k], j = order[block.neighbors[m]];
                if (i < j && box.minimumImage(positions[i] - positions[j]) == Vec3())
                    found(i, j);
            }
    }
}

template class VerletList<float>;
template class VerletList<double>;

} // namespace SurrogatePlugin
