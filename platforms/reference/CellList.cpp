// SPDX-License-Identifier: MIT
#include "CellList.h"
#include <algorithm>
#include <cmath>

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

/** Find the bins, not wrapped, that overlap the surroundings of a bin after these are moved by -shift. */
void CellList::findBinRange(const Axis& axis, int64_t bin, double shift, int64_t& low, int64_t& high) const {
    const double reach = range * (1 + SEARCH_MARGIN) / axis.width, offset = shift / axis.width;
    low = (int64_t) floor(bin - reach - offset);
    high = (int64_t) floor(bin + 1 + reach - offset);
    if (!box.periodic) {
        low = max(low, int64_t(0));
        high = min(high, axis.numCells - 1);
    }
}

void CellList::findNeighbors(int cell, vector<int>& neighbors) const {
    const uint64_t key = keys[cell];
    int64_t bins[3], low[3], high[3];
    for (int k = 0; k < 3; k++)
        bins[k] = (key >> (k * BIN_BITS)) & (MAX_BINS - 1);
    neighbors.clear();
    findBinRange(axes[2], bins[2], 0, low[2], high[2]);
    for (int64_t z = low[2]; z <= high[2]; z++) {
        // A cell beyond the boundary is an image of one inside, moved by a multiple of c, which moves x and y too.
        const int64_t turns2 = floorDivide(z, axes[2].numCells);
        const Vec3 shift2 = box.vectors[2] * (double) turns2;
        findBinRange(axes[1], bins[1], shift2[1], low[1], high[1]);
        for (int64_t y = low[1]; y <= high[1]; y++) {
            const int64_t turns1 = floorDivide(y, axes[1].numCells);
            const double shift = shift2[0] + box.vectors[1][0] * (double) turns1;
            findBinRange(axes[0], bins[0], shift, low[0], high[0]);
            for (int64_t x = low[0]; x <= high[0]; x++) {
                const int64_t turns0 = floorDivide(x, axes[0].numCells);
                const uint64_t other[3] = {uint64_t(x - turns0 * axes[0].numCells), uint64_t(y - turns1 * axes[1].numCells),
                                           uint64_t(z - turns2 * axes[2].numCells)};
                const int found = slots[findSlot(other[0] | (other[1] << BIN_BITS) | (other[2] << (2 * BIN_BITS)))];
                if (found != -1)
                    neighbors.push_back(found);
            }
        }
    }
    // With few cells per axis the same cell is met through several images.
    sort(neighbors.begin(), neighbors.end());
    neighbors.erase(unique(neighbors.begin(), neighbors.end()), neighbors.end());
}

} // namespace SurrogatePlugin
