// SPDX-License-Identifier: MIT
#include "CellList.h"
#include <algorithm>
#include <cmath>
#include <functional>

using namespace OpenMM;
using namespace std;

namespace SurrogatePlugin {

namespace {

// A key joins the bins of the three axes: 20 bits each. In boxes of more than a million cells per axis, cells get wider.
const int BIN_BITS = 20;
const int64_t MAX_BINS = int64_t(1) << BIN_BITS;
// Cells are wider, and their surroundings larger, than the range by these fractions, so that the rounding of bin numbers
// can lose no pair. Rounding is of the order 1e-16 of a coordinate, that is 1e-10 of a cell.
const double WIDTH_MARGIN = 1e-6, SEARCH_MARGIN = 1e-8;

int64_t floorDivide(int64_t a, int64_t b) {
    return a / b - (a % b < 0 ? 1 : 0);
}

/** Sort by key in time proportional to the number of entries: one counting pass per digit, least significant first. */
void radixSort(vector<pair<uint64_t, int> >& entries, vector<pair<uint64_t, int> >& scratch) {
    const int digitBits = 11;
    uint64_t largest = 0;
    for (auto& entry : entries)
        largest = max(largest, entry.first);
    scratch.resize(entries.size());
    for (int shift = 0; shift < 64 && (largest >> shift) != 0; shift += digitBits) {
        const uint64_t mask = (1 << digitBits) - 1;
        vector<int> starts((1 << digitBits) + 1, 0);
        for (auto& entry : entries)
            starts[((entry.first >> shift) & mask) + 1]++;
        for (size_t digit = 1; digit < starts.size(); digit++)
            starts[digit] += starts[digit - 1];
        for (auto& entry : entries)
            scratch[starts[(entry.first >> shift) & mask]++] = entry;
        entries.swap(scratch);
    }
}

} // namespace

void CellList::build(const vector<Vec3>& positions, const vector<int>& members, const PeriodicBox& box, double range) {
    this->box = box;
    this->range = range;
    chooseGrid(positions, members);
    entries.resize(members.size());
    for (size_t i = 0; i < members.size(); i++)
        entries[i] = make_pair(findKey(box.wrap(positions[members[i]])), members[i]);
    radixSort(entries, entryScratch);
    order.resize(entries.size());
    keys.clear();
    starts.clear();
    for (size_t i = 0; i < entries.size(); i++) {
        order[i] = entries[i].second;
        if (i == 0 || entries[i].first != entries[i - 1].first) {
            keys.push_back(entries[i].first);
            starts.push_back((int) i);
        }
    }
    starts.push_back((int) entries.size());
    fillHashTable();
}

void CellList::chooseGrid(const vector<Vec3>& positions, const vector<int>& members) {
    const double width = range / cellsPerRange * (1 + WIDTH_MARGIN);
    for (int k = 0; k < 3; k++) {
        double low = 0, high = 0;
        if (box.periodic)
            high = box.getEdge(k);
        else if (!members.empty()) {
            low = high = positions[members[0]][k];
            for (int i : members) {
                low = min(low, positions[i][k]);
                high = max(high, positions[i][k]);
            }
        }
        axes[k].origin = low;
        axes[k].numCells = (int64_t) max(1.0, min((double) MAX_BINS, floor((high - low) / width)));
        // Without a box, cells need not divide the extent evenly, but a single cell must not have width 0.
        axes[k].width = max(width, (high - low) / axes[k].numCells);
        if (box.periodic)
            axes[k].width = (high - low) / axes[k].numCells;
    }
}

int64_t CellList::findBin(const Axis& axis, double x) const {
    // Rounding can put a wrapped coordinate just outside of the box: it belongs to the cell at that end.
    int64_t bin = (int64_t) floor((x - axis.origin) / axis.width);
    return max(int64_t(0), min(bin, axis.numCells - 1));
}

uint64_t CellList::findKey(const Vec3& position) const {
    uint64_t key = 0;
    for (int k = 2; k >= 0; k--)
        key = (key << BIN_BITS) | (uint64_t) findBin(axes[k], position[k]);
    return key;
}

void CellList::fillHashTable() {
    size_t size = 4;
    hashShift = 62;
    while (size < 2 * keys.size()) {
        size *= 2;
        hashShift--;
    }
    slots.assign(size, -1);
    for (int cell = 0; cell < getNumCells(); cell++) {
        size_t slot = findSlot(keys[cell]);
        slots[slot] = cell;
    }
}

size_t CellList::findSlot(uint64_t key) const {
    // Multiplicative (Fibonacci) hashing: Knuth, The Art of Computer Programming, volume 3, section 6.4.
    size_t slot = (key * 0x9E3779B97F4A7C15ull) >> hashShift;
    while (slots[slot] != -1 && keys[slots[slot]] != key)
        slot = (slot + 1) & (slots.size() - 1);
    return slot;
}

/**
 * Bins from low to high, where those beyond the ends of the box stand for images. Iterating visits the bins of the second box that
 * it touches, if any, before those of the first: images come in ascending order, if there are not more of them than bins.
 */
struct CellList::BinRange {
    int64_t low, high, numCells, split;
    BinRange(int64_t low, int64_t high, int64_t numCells) : low(low), high(high), numCells(numCells) {
        split = (floorDivide(low, numCells) + 1) * numCells;
        if (split > high)
            split = low;
    }
    /** Call visit(bin, turns): bin in the box, and the number of box vectors to its image. */
    template <class Visitor>
    void forEach(Visitor visit) const {
        visitPart(split, high + 1, visit);
        visitPart(low, split, visit);
    }
    template <class Visitor>
    void visitPart(int64_t begin, int64_t end, Visitor visit) const {
        int64_t turns = floorDivide(begin, numCells), bin = begin - turns * numCells;
        for (int64_t k = begin; k < end; k++) {
            visit(bin, turns);
            if (++bin == numCells) {
                bin = 0;
                turns++;
            }
        }
    }
};

/** Find the bins that overlap the surroundings of a bin after these are moved by -shift. */
CellList::BinRange CellList::findBinRange(const Axis& axis, int64_t bin, double shift) const {
    const double reach = range * (1 + SEARCH_MARGIN) / axis.width, offset = shift / axis.width;
    int64_t low = (int64_t) floor(bin - reach - offset), high = (int64_t) floor(bin + 1 + reach - offset);
    if (!box.periodic) {
        low = max(low, int64_t(0));
        high = min(high, axis.numCells - 1);
    }
    return BinRange(low, high, axis.numCells);
}

void CellList::findNeighbors(int cell, vector<int>& neighbors) const {
    uint64_t bins[3];
    for (int k = 0; k < 3; k++)
        bins[k] = (keys[cell] >> (k * BIN_BITS)) & (MAX_BINS - 1);
    neighbors.clear();
    // A cell beyond the boundary is an image of one inside, moved by a multiple of c, which moves x and y too; then likewise of b.
    findBinRange(axes[2], bins[2], 0).forEach([&](uint64_t z, int64_t turnsZ) {
        const Vec3 shiftZ = box.vectors[2] * (double) turnsZ;
        findBinRange(axes[1], bins[1], shiftZ[1]).forEach([&](uint64_t y, int64_t turnsY) {
            const double shift = shiftZ[0] + box.vectors[1][0] * (double) turnsY;
            findBinRange(axes[0], bins[0], shift).forEach([&](uint64_t x, int64_t) {
                const int found = slots[findSlot(x | (y << BIN_BITS) | (z << (2 * BIN_BITS)))];
                if (found != -1)
                    neighbors.push_back(found);
            });
        });
    });
    // With few cells per axis the same cell is met through several images.
    if (adjacent_find(neighbors.begin(), neighbors.end(), greater_equal<int>()) != neighbors.end()) {
        sort(neighbors.begin(), neighbors.end());
        neighbors.erase(unique(neighbors.begin(), neighbors.end()), neighbors.end());
    }
}

} // namespace SurrogatePlugin
