// SPDX-License-Identifier: MIT
/**
 * The inner loops, compiled once per instruction set: PairLoopsGeneric.cpp, PairLoopsAvx2.cpp and PairLoopsAvx512.cpp include
 * this file and are compiled with different flags. The loops are plain C++ that the compiler vectorizes ("omp simd").
 *
 * Nothing here may call an inline function of a header: the linker keeps one copy of it, perhaps one with instructions that the
 * processor lacks. Hence the anonymous namespace and the absence of the standard library.
 */
#include "PairLoops.h"

namespace SurrogatePlugin {

namespace {

/** Round to the nearest integer for |x| < 2^21, in two instructions of any instruction set. */
inline float roundToNearest(float x) {
    const float magic = 12582912.0f; // 1.5*2^23
    return (x + magic) - magic;
}

inline double roundToNearest(double x) {
    const double magic = 6755399441055744.0; // 1.5*2^52
    return (x + magic) - magic;
}

/** Subtract two coordinates, to the nearest image. */
inline float subtract(int32_t a, int32_t b) {
    return (float) (int32_t) ((uint32_t) a - (uint32_t) b);
}

inline double subtract(double a, double b) {
    const double difference = a - b;
    return difference - roundToNearest(difference);
}

/**
 * Turn differences of coordinates into a displacement to the nearest image; see PeriodicBox::minimumImage(). Every operation is
 * odd, so that exchanging two particles changes the sign and nothing else, and forces cancel exactly.
 */
template <class Real, bool Triclinic>
inline void findDisplacement(const Lattice<Real>& lattice, Real da, Real db, Real dc, Real& x, Real& y, Real& z) {
    x = da * lattice.ax;
    y = db * lattice.by;
    z = dc * lattice.cz;
    if (Triclinic) {
        y += dc * lattice.cy;
        const Real turnsY = roundToNearest(y * lattice.inverseEdgeY);
        y -= turnsY * lattice.edgeY;
        x += dc * lattice.cx + (db * lattice.bx - turnsY * lattice.shiftX);
        x -= roundToNearest(x * lattice.inverseEdgeX) * lattice.edgeX;
    }
}

/** Compute the force on particle i from its neighbours. */
template <class Real, bool Triclinic, bool ManyTables, bool Energy>
int computeParticle(const SortedParticles<Real>& particles, const TableSet<Real>& tables, int i, const int* neighbors, int count,
                    double* force, double& energy) {
    const auto* a = particles.coordinates[0];
    const auto* b = particles.coordinates[1];
    const auto* c = particles.coordinates[2];
    const auto ai = a[i], bi = b[i], ci = c[i];
    const Lattice<Real> lattice = particles.lattice;
    const int* types = particles.types;
    const int row = (ManyTables ? types[i] * tables.numTypes : 0);
    const Real *coefficients = tables.coefficients, *inverseSpacings = tables.inverseSpacing + row, *offsets = tables.offset + row;
    const int* firstCells = tables.firstCell + row;
    const Real inverseSpacing0 = inverseSpacings[0], offset0 = offsets[0], cutoff2 = tables.cutoff2;
    const int firstCell0 = firstCells[0];
    Real fx = 0, fy = 0, fz = 0, sum = 0;
    int numCoincident = 0;
    neighbors = (const int*) __builtin_assume_aligned(neighbors, 64);
#pragma omp simd reduction(+ : fx, fy, fz, sum, numCoincident)
    for (int k = 0; k < count; k++) {
        const int j = neighbors[k];
        Real x, y, z;
        findDisplacement<Real, Triclinic>(lattice, subtract(ai, a[j]), subtract(bi, b[j]), subtract(ci, c[j]), x, y, z);
        const Real r2 = x * x + y * y + z * z;
        const int type = (ManyTables ? types[j] : 0);
        const Real inverseSpacing = (ManyTables ? inverseSpacings[type] : inverseSpacing0);
        const Real offset = (ManyTables ? offsets[type] : offset0);
        const int firstCell = (ManyTables ? firstCells[type] : firstCell0);
        // Pairs out of range read the first cell, whose value is not used.
        const bool inside = (r2 < cutoff2) & (r2 > 0);
        const Real u = (inside ? r2 * inverseSpacing + offset : Real(0));
        const int cell = (int) u;
        const Real t = u - (Real) cell;
        const int index = 4 * (firstCell + cell);
        const Real c1 = coefficients[index + 1], c2 = coefficients[index + 2], c3 = coefficients[index + 3];
        const Real slope = (c1 + t * (2 * c2 + (3 * t) * c3)) * inverseSpacing;
        const Real weight = (inside ? -2 * slope : Real(0));
        fx += weight * x;
        fy += weight * y;
        fz += weight * z;
        if (Energy)
            sum += (inside ? coefficients[index] + t * (c1 + t * (c2 + t * c3)) : Real(0));
        numCoincident += (r2 == 0 ? 1 : 0);
    }
    force[0] = fx;
    force[1] = fy;
    force[2] = fz;
    energy += 0.5 * sum; // each pair is in the lists of both particles
    return numCoincident;
}

template <class Real, bool Triclinic, bool ManyTables, bool Energy>
int computeBlock(const SortedParticles<Real>& particles, const TableSet<Real>& tables, const NeighborBlock& block, double* forces,
                 double& energy) {
    int numCoincident = 0;
    for (int k = 0; k < block.numParticles; k++)
        numCoincident += computeParticle<Real, Triclinic, ManyTables, Energy>(
            particles, tables, block.first + k, block.neighbors + block.starts[k], block.starts[k + 1] - block.starts[k],
            forces + 3 * k, energy);
    return numCoincident;
}

template <class Real, bool Triclinic, bool ManyTables>
int computeBlock(const SortedParticles<Real>& particles, const TableSet<Real>& tables, const NeighborBlock& block, double* forces,
                 double* energy) {
    double ignored = 0;
    if (energy == nullptr)
        return computeBlock<Real, Triclinic, ManyTables, false>(particles, tables, block, forces, ignored);
    *energy = 0;
    return computeBlock<Real, Triclinic, ManyTables, true>(particles, tables, block, forces, *energy);
}

template <class Real>
int computeForces(const SortedParticles<Real>& particles, const TableSet<Real>& tables, const NeighborBlock& block, double* forces,
                  double* energy) {
    if (particles.lattice.triclinic)
        return tables.numTypes > 1 ? computeBlock<Real, true, true>(particles, tables, block, forces, energy)
                                   : computeBlock<Real, true, false>(particles, tables, block, forces, energy);
    return tables.numTypes > 1 ? computeBlock<Real, false, true>(particles, tables, block, forces, energy)
                               : computeBlock<Real, false, false>(particles, tables, block, forces, energy);
}

/** Distances are computed in vectors, a batch at a time, and sifted one by one. */
template <class Real, bool Triclinic>
int siftNeighbors(const SortedParticles<Real>& particles, int i, int begin, int end, Real range2, int* neighbors) {
    const int batchSize = 128;
    Real r2[batchSize];
    const auto* a = particles.coordinates[0];
    const auto* b = particles.coordinates[1];
    const auto* c = particles.coordinates[2];
    const auto ai = a[i], bi = b[i], ci = c[i];
    const Lattice<Real> lattice = particles.lattice;
    int found = 0;
    for (int batch = begin; batch < end; batch += batchSize) {
        const int count = (end - batch < batchSize ? end - batch : batchSize);
#pragma omp simd
        for (int k = 0; k < count; k++) {
            const int j = batch + k;
            Real x, y, z;
            findDisplacement<Real, Triclinic>(lattice, subtract(ai, a[j]), subtract(bi, b[j]), subtract(ci, c[j]), x, y, z);
            r2[k] = x * x + y * y + z * z;
        }
        for (int k = 0; k < count; k++) {
            neighbors[found] = batch + k;
            found += (int) (r2[k] < range2) & (int) (batch + k != i);
        }
    }
    return found;
}

template <class Real>
int findNeighbors(const SortedParticles<Real>& particles, int i, int begin, int end, Real range2, int* neighbors) {
    return particles.lattice.triclinic ? siftNeighbors<Real, true>(particles, i, begin, end, range2, neighbors)
                                       : siftNeighbors<Real, false>(particles, i, begin, end, range2, neighbors);
}

} // namespace

} // namespace SurrogatePlugin
