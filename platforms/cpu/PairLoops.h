// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PAIRLOOPS_H_
#define OPENMM_SURROGATE_PAIRLOOPS_H_

#include <cstdint>

namespace SurrogatePlugin {

/**
 * How one coordinate is stored. In single precision it is a fraction of a period in fixed point: all 32 bits count wherever the
 * particle is, and the difference of two of them wraps to the nearest image by itself. In double precision it is the
 * fraction as a floating point number.
 */
template <class Real>
struct CoordinateType;
template <>
struct CoordinateType<float> {
    using Type = int32_t;
    static constexpr double UnitsPerPeriod = 4294967296.0;
};
template <>
struct CoordinateType<double> {
    using Type = double;
    static constexpr double UnitsPerPeriod = 1.0;
};

/** The box in which differences of coordinates become displacements: x = ax*da + bx*db + cx*dc and so on. */
template <class Real>
struct Lattice {
    Real ax, bx, by, cx, cy, cz;     // nm per unit of a coordinate
    Real edgeX, edgeY, shiftX;       // ax, by and bx of a whole period, nm
    Real inverseEdgeX, inverseEdgeY; // 1/nm
    bool triclinic;                  // whether bx, cx or cy is not 0
};

/** All PairTables of a force in one array. The table of types t, t' has the index t*numTypes+t'. */
template <class Real>
struct TableSet {
    int numTypes;
    const Real* coefficients; // [all cells][4], kJ/mol; each table ends with a cell of zeros
    const Real* grids; // [numTypes*numTypes][4]: 1/spacing in 1/nm^2, -origin/spacing, number of the first cell, 0
    Real cutoff2;      // nm^2
};

/** Particles sorted in space. */
template <class Real>
struct SortedParticles {
    const typename CoordinateType<Real>::Type* coordinates; // [numParticles][4]; the fourth is the type
    Lattice<Real> lattice;
};

/** The neighbours of some consecutive particles: particle first+k has those from starts[k] to starts[k+1]. */
struct NeighborBlock {
    int first, numParticles;
    const int* starts; // [numParticles+1], multiples of PairLoops::padding
    const int*
        neighbors; // aligned to 64 bytes. The particle itself fills up its list; it does not interact with itself
};

/** The inner loops for one instruction set. */
template <class Real>
struct PairLoops {
    /**
     * Compute the forces on the particles of a block, from all their neighbours.
     *
     * @param[out] forces  [block.numParticles][3], kJ/mol/nm
     * @param[out] energy  half the energy of all pairs in the block, kJ/mol; null if not wanted
     * @return the number of neighbours at distance 0, among which are those that fill up the lists
     */
    int (*computeForces)(const SortedParticles<Real>& particles, const TableSet<Real>& tables,
                         const NeighborBlock& block, double* forces, double* energy);
    /**
     * Find the particles from begin to end that are closer than a range to particle i, without i.
     *
     * @param[out] neighbors  their indices; there must be room for all candidates
     * @return their number
     */
    int (*findNeighbors)(const SortedParticles<Real>& particles, int i, int begin, int end, Real range2,
                         int* neighbors);
    /** Lists are filled up to a multiple of this: the number of lanes of a vector, and at least 4. */
    int padding;
    const char* instructionSet;
};

/** Get the loops for an instruction set ("generic" or "AVX2"), null if they do not exist here or the processor cannot run them. */
template <class Real>
const PairLoops<Real>* findPairLoops(const char* instructionSet);

/** Get the fastest loops that the processor can run. */
template <class Real>
const PairLoops<Real>& getPairLoops();

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PAIRLOOPS_H_*/
