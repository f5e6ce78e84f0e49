// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CELLLIST_H_
#define OPENMM_SURROGATE_CELLLIST_H_

#include "PeriodicBox.h"
#include <openmm/Vec3.h>
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace SurrogatePlugin {

/**
 * Particles sorted into cells, to find all pairs closer than a range in a time that grows as their number.
 *
 * Cells are rectangular bricks, also in triclinic boxes. (Cells that follow the box vectors would be simpler, but in a
 * long and skewed box, which OpenMM allows, they become so long and oblique that the search degenerates to all pairs.) The
 * rows of bricks do not line up across a triclinic boundary, so that a cell has up to four neighbours per axis there.
 *
 * Only occupied cells are stored, found by hashing: memory does not depend on the volume, and is below 100 bytes per particle.
 * Reading is safe from several threads.
 */
class CellList {
public:
    /** @param cellsPerRange  how many cells span the range: 1, or more for fewer candidates and more cells */
    explicit CellList(int cellsPerRange = 1) : cellsPerRange(cellsPerRange) {}
    /**
     * Sort particles into cells.
     *
     * @param positions  [numParticles], nm; finite
     * @param members    indices of the particles to sort; the others are ignored
     * @param box        the box; if periodic, no edge may be shorter than twice the range
     * @param range      the distance up to which pairs will be found, nm
     */
    void build(const std::vector<OpenMM::Vec3>& positions, const std::vector<int>& members, const PeriodicBox& box,
               double range);
    int getNumCells() const { return (int) keys.size(); }
    /** Get the particle indices, cell by cell. */
    const std::vector<int>& getOrder() const { return order; }
    /** Get where the particles of a cell begin in getOrder(); they end where those of the next cell begin. */
    int getStart(int cell) const { return starts[cell]; }
    /** Get the cell of a place in getOrder(). */
    int findCellOf(int place) const {
        return int(std::upper_bound(starts.begin(), starts.end(), place) - starts.begin()) - 1;
    }
    /**
     * Find the cells that hold all particles within the range of a particle of a given cell, in any image.
     *
     * @param cell            index of an occupied cell
     * @param[out] neighbors  indices of occupied cells in ascending order, each once, the cell itself among them
     */
    void findNeighbors(int cell, std::vector<int>& neighbors) const;
    /**
     * Call visit(i, j) once for each unordered pair of members that may be within the range, and for no pair twice.
     * The caller computes the distance with PeriodicBox::minimumImage().
     */
    template <class Visitor>
    void forEachCandidatePair(Visitor visit) const;

private:
    struct Axis {
        double origin, width;
        int64_t numCells;
    };
    void chooseGrid(const std::vector<OpenMM::Vec3>& positions, const std::vector<int>& members);
    int64_t findBin(const Axis& axis, double x) const;
    uint64_t findKey(const OpenMM::Vec3& position) const;
    struct BinRange;
    BinRange findBinRange(const Axis& axis, int64_t bin, double shift) const;
    void fillHashTable();
    size_t findSlot(uint64_t key) const;
    int cellsPerRange;
    double range = 0;
    PeriodicBox box;
    Axis axes[3];
    std::vector<int> order, starts;
    std::vector<uint64_t> keys; // of the occupied cells, ascending
    std::vector<int> slots;     // open-addressing hash table: key -> cell, -1 if free
    int hashShift = 0;
    std::vector<std::pair<uint64_t, int> > entries, entryScratch; // key and particle
};

template <class Visitor>
void CellList::forEachCandidatePair(Visitor visit) const {
    std::vector<int> neighbors;
    for (int cell = 0; cell < getNumCells(); cell++) {
        findNeighbors(cell, neighbors);
        for (int i = starts[cell]; i < starts[cell + 1]; i++)
            for (int other : neighbors) {
                if (other < cell)
                    continue;
                for (int j = (other == cell ? i + 1 : starts[other]); j < starts[other + 1]; j++)
                    visit(order[i], order[j]);
            }
    }
}

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CELLLIST_H_*/
