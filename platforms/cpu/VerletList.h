// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_VERLETLIST_H_
#define OPENMM_SURROGATE_VERLETLIST_H_

#include "CellList.h"
#include "CoordinateFrame.h"
#include <openmm/internal/ThreadPool.h>
#include <functional>
#include <new>
#include <vector>

namespace SurrogatePlugin {

/** Memory on cache-line boundaries, for vector loads. */
template <class T>
struct AlignedAllocator {
    using value_type = T;
    AlignedAllocator() = default;
    template <class U>
    AlignedAllocator(const AlignedAllocator<U>&) {}
    T* allocate(size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t(64))); }
    void deallocate(T* p, size_t) { ::operator delete(p, std::align_val_t(64)); }
    bool operator==(const AlignedAllocator&) const { return true; }
    bool operator!=(const AlignedAllocator&) const { return false; }
};

/** What a VerletList asks the force that it is for. */
class ListedPairs {
public:
    virtual ~ListedPairs() = default;
    virtual double getCutoff() const = 0;
    /** Get the indices of the particles that are listed, ascending. */
    virtual const std::vector<int>& getMembers() const = 0;
    /** Get what is stored beside the coordinates of a particle. */
    virtual int getType(int particle) const = 0;
    /** Tell whether a particle interacts with all others. */
    virtual bool interactsWithAll(int particle) const = 0;
    virtual bool interact(int particle1, int particle2) const = 0;
    /** @throws OpenMM::OpenMMException if a position cannot be converted to coordinates */
    virtual void checkPositions(const std::vector<OpenMM::Vec3>& positions) const = 0;
};

/**
 * The neighbours of each particle (both particles of a pair know each other, so that threads need not share forces), up
 * to a distance somewhat larger than the cutoff: Verlet, Phys. Rev. 159, 98 (1967). The list remains valid until a particle
 * has moved half the difference, the skin.
 *
 * Particles are sorted in space. "Index" below means the place in that order. Lists and their order depend on
 * positions only, not on the number of threads.
 */
template <class Real>
class VerletList {
public:
    using Coordinate = typename CoordinateType<Real>::Type;
    VerletList() : cells(CellsPerRange) {}
    /**
     * Bring the coordinates up to date, and the list if need be.
     *
     * @param positions  [all particles of the System], nm
     * @throws OpenMM::OpenMMException if a position is not valid, see ListedPairs::checkPositions()
     */
    void update(const std::vector<OpenMM::Vec3>& positions, const PeriodicBox& box, const ListedPairs& pairs,
                OpenMM::ThreadPool& threads);
    /** Make the next update() build a new list. */
    void invalidate() { valid = false; }
    /** Get the index of the particle of the System that each place holds. */
    const std::vector<int>& getOrder() const { return order; }
    SortedParticles<Real> getParticles() const;
    int getNumBlocks() const { return (int) blocks.size(); }
    NeighborBlock getBlock(int block) const;
    /** Get the number of neighbours that only fill up the lists of a block. */
    int getNumFillers(int block) const { return blocks[block].numFillers; }
    /** Call found(i, j), i < j, for the pairs of particles of the System in the list that are at the same place. */
    void findCoincident(const std::vector<OpenMM::Vec3>& positions, const std::function<void(int, int)>& found) const;
    static constexpr int MaxBlockSize = 32;

private:
    struct Block {
        std::vector<int> starts;
        std::vector<int, AlignedAllocator<int> > neighbors;
        int numFillers;
    };
    struct Range {
        int begin, end;
    };
    bool convertPositions(const std::vector<OpenMM::Vec3>& positions, OpenMM::ThreadPool& threads);
    void build(const std::vector<OpenMM::Vec3>& positions, const PeriodicBox& box, const ListedPairs& pairs,
               OpenMM::ThreadPool& threads);
    void buildBlock(int index, const ListedPairs& pairs);
    void findCandidates(int cell, std::vector<int>& scratch, std::vector<Range>& ranges) const;
    int removeNonInteracting(int index, int* neighbors, int count, const ListedPairs& pairs) const;
    // Relative to the cutoff. Wide enough for some dozens of steps of a liquid.
    static constexpr double RelativeSkin = 0.15;
    // Half as wide as the range: nearly half as many candidates, in 125 cells instead of 27.
    static constexpr int CellsPerRange = 2;
    bool valid = false;
    PeriodicBox box;
    double skin = 0, range = 0;
    CellList cells;
    CoordinateFrame<Real> frame;
    std::vector<int> order;
    std::vector<OpenMM::Vec3> builtAt;                                  // positions at the time of building, by index
    std::vector<Coordinate, AlignedAllocator<Coordinate> > coordinates; // [numParticles][4], with the type as fourth
    std::vector<Block> blocks;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_VERLETLIST_H_*/
