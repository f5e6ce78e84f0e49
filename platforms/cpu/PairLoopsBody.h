// SPDX-License-Identifier: MIT
/**
 * The inner loops, compiled once per instruction set: PairLoopsGeneric.cpp and PairLoopsAvx2.cpp include this file and are compiled with different flags. The loops are plain C++ that the compiler vectorizes ("omp simd").
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

/** Neighbours are worked off in batches whose intermediate results stay in the first-level cache. A multiple of every padding. */
const int BATCH_SIZE = 128;

typedef float Float4 __attribute__((vector_size(16)));
typedef double Double2 __attribute__((vector_size(16)));

template <class Vector, class T>
inline Vector load(const T* source) {
    Vector v;
    __builtin_memcpy(&v, source, sizeof(v));
    return v;
}

template <class T, class Vector>
inline void store(T* target, Vector v) {
    __builtin_memcpy(target, &v, sizeof(v));
}

/**
 * Get rows of an array [][4] and transpose them: out0[k] = rows[indices[k]][0], and so on. out3 may be null. T is any type of 32 bits.
 *
 * Gather instructions would do this in fewer steps, but on the processor tried (a Xeon of the Emerald Rapids generation) loops with
 * them took nearly three times as long as without any vectors.
 */
template <class T>
inline void gatherRows(const T* rows, const int* indices, int count, T* out0, T* out1, T* out2, T* out3) {
    for (int k = 0; k < count; k += 4) {
        const Float4 a = load<Float4>(rows + 4 * (long) indices[k]), b = load<Float4>(rows + 4 * (long) indices[k + 1]);
        const Float4 c = load<Float4>(rows + 4 * (long) indices[k + 2]),
                     d = load<Float4>(rows + 4 * (long) indices[k + 3]);
        const Float4 lowAB = __builtin_shufflevector(a, b, 0, 4, 1, 5),
                     lowCD = __builtin_shufflevector(c, d, 0, 4, 1, 5);
        const Float4 highAB = __builtin_shufflevector(a, b, 2, 6, 3, 7),
                     highCD = __builtin_shufflevector(c, d, 2, 6, 3, 7);
        store(out0 + k, __builtin_shufflevector(lowAB, lowCD, 0, 1, 4, 5));
        store(out1 + k, __builtin_shufflevector(lowAB, lowCD, 2, 3, 6, 7));
        store(out2 + k, __builtin_shufflevector(highAB, highCD, 0, 1, 4, 5));
        if (out3 != nullptr)
            store(out3 + k, __builtin_shufflevector(highAB, highCD, 2, 3, 6, 7));
    }
}

inline void gatherRows(const double* rows, const int* indices, int count, double* out0, double* out1, double* out2,
                       double* out3) {
    for (int k = 0; k < count; k += 2) {
        const double *row1 = rows + 4 * (long) indices[k], *row2 = rows + 4 * (long) indices[k + 1];
        const Double2 low1 = load<Double2>(row1), high1 = load<Double2>(row1 + 2);
        const Double2 low2 = load<Double2>(row2), high2 = load<Double2>(row2 + 2);
        store(out0 + k, __builtin_shufflevector(low1, low2, 0, 2));
        store(out1 + k, __builtin_shufflevector(low1, low2, 1, 3));
        store(out2 + k, __builtin_shufflevector(high1, high2, 0, 2));
        if (out3 != nullptr)
            store(out3 + k, __builtin_shufflevector(high1, high2, 1, 3));
    }
}

/** What is known about a batch of neighbours, one element for each. */
template <class Real>
struct Batch {
    using Coordinate = typename CoordinateType<Real>::Type;
    alignas(64) Coordinate a[BATCH_SIZE];
    alignas(64) Coordinate b[BATCH_SIZE];
    alignas(64) Coordinate c[BATCH_SIZE];
    alignas(64) Coordinate type[BATCH_SIZE];
    alignas(64) Real x[BATCH_SIZE];
    alignas(64) Real y[BATCH_SIZE];
    alignas(64) Real z[BATCH_SIZE];
    alignas(64) Real r2[BATCH_SIZE];
    alignas(64) Real inverseSpacing[BATCH_SIZE];
    alignas(64) Real offset[BATCH_SIZE];
    alignas(64) Real firstCell[BATCH_SIZE];
    alignas(64) Real t[BATCH_SIZE];
    alignas(64) Real c0[BATCH_SIZE];
    alignas(64) Real c1[BATCH_SIZE];
    alignas(64) Real c2[BATCH_SIZE];
    alignas(64) Real c3[BATCH_SIZE];
    alignas(64) int index[BATCH_SIZE]; // first of the row of tables, then of the cell in the coefficients
};

/** Force on a particle, its share of the energy, and the number of neighbours at distance 0. */
template <class Real>
struct Sums {
    Real fx, fy, fz, energy;
    int numCoincident;
};

/** Fill in displacements and distances from particle i. */
template <class Real, bool Triclinic>
inline void computeDistances(const SortedParticles<Real>& particles, int i, int count, Batch<Real>& batch) {
    const auto* center = particles.coordinates + 4 * (long) i;
    const auto a = center[0], b = center[1], c = center[2];
    const Lattice<Real> lattice = particles.lattice;
#pragma omp simd
    for (int k = 0; k < count; k++) {
        Real x, y, z;
        findDisplacement<Real, Triclinic>(lattice, subtract(a, batch.a[k]), subtract(b, batch.b[k]),
                                          subtract(c, batch.c[k]), x, y, z);
        batch.x[k] = x;
        batch.y[k] = y;
        batch.z[k] = z;
        batch.r2[k] = x * x + y * y + z * z;
    }
}

/** Find the cell of each pair in its table, and where in it. Pairs out of range get the first one: its value is not used. */
template <class Real, bool ManyTables>
inline void findCells(const TableSet<Real>& tables, int rowOfTables, int count, Batch<Real>& batch) {
    const Real inverseSpacing = tables.grids[0], offset = tables.grids[1], firstCell = tables.grids[2],
               cutoff2 = tables.cutoff2;
    if (ManyTables) {
        for (int k = 0; k < count; k++)
            batch.index[k] = rowOfTables + (int) batch.type[k];
        gatherRows(tables.grids, batch.index, count, batch.inverseSpacing, batch.offset, batch.firstCell,
                   (Real*) nullptr);
    }
#pragma omp simd
    for (int k = 0; k < count; k++) {
        const Real r2 = batch.r2[k];
        const bool inside = (r2 < cutoff2) & (r2 > 0);
        const Real scaled =
            r2 * (ManyTables ? batch.inverseSpacing[k] : inverseSpacing) + (ManyTables ? batch.offset[k] : offset);
        const Real u = (inside ? scaled : Real(0));
        const int cell = (int) u;
        batch.t[k] = u - (Real) cell;
        batch.index[k] = cell + (int) (ManyTables ? batch.firstCell[k] : firstCell);
    }
}

/** Evaluate the tables' polynomials and add up. */
template <class Real, bool ManyTables, bool Energy>
inline void addForces(const TableSet<Real>& tables, int count, const Batch<Real>& batch, Sums<Real>& sums) {
    const Real cutoff2 = tables.cutoff2, inverseSpacing = tables.grids[0];
    Real fx = 0, fy = 0, fz = 0, energy = 0;
    int numCoincident = 0;
#pragma omp simd reduction(+ : fx, fy, fz, energy, numCoincident)
    for (int k = 0; k < count; k++) {
        const Real t = batch.t[k], c1 = batch.c1[k], c2 = batch.c2[k], c3 = batch.c3[k], r2 = batch.r2[k];
        const bool inside = (r2 < cutoff2) & (r2 > 0);
        const Real slope = (c1 + t * (2 * c2 + (3 * t) * c3)) * (ManyTables ? batch.inverseSpacing[k] : inverseSpacing);
        const Real weight = (inside ? -2 * slope : Real(0));
        fx += weight * batch.x[k];
        fy += weight * batch.y[k];
        fz += weight * batch.z[k];
        if (Energy)
            energy += (inside ? batch.c0[k] + t * (c1 + t * (c2 + t * c3)) : Real(0));
        numCoincident += (r2 == 0 ? 1 : 0);
    }
    sums.fx += fx;
    sums.fy += fy;
    sums.fz += fz;
    sums.energy += energy;
    sums.numCoincident += numCoincident;
}

/** Compute the force on particle i from its neighbours. */
template <class Real, bool Triclinic, bool ManyTables, bool Energy>
inline Sums<Real> computeParticle(const SortedParticles<Real>& particles, const TableSet<Real>& tables, int i,
                                  const int* neighbors, int count, Batch<Real>& batch) {
    Sums<Real> sums = {0, 0, 0, 0, 0};
    const int rowOfTables = (ManyTables ? (int) particles.coordinates[4 * (long) i + 3] * tables.numTypes : 0);
    for (int begin = 0; begin < count; begin += BATCH_SIZE) {
        const int size = (count - begin < BATCH_SIZE ? count - begin : BATCH_SIZE);
        gatherRows(particles.coordinates, neighbors + begin, size, batch.a, batch.b, batch.c,
                   ManyTables ? batch.type : (typename CoordinateType<Real>::Type*) nullptr);
        computeDistances<Real, Triclinic>(particles, i, size, batch);
        findCells<Real, ManyTables>(tables, rowOfTables, size, batch);
        gatherRows(tables.coefficients, batch.index, size, batch.c0, batch.c1, batch.c2, batch.c3);
        addForces<Real, ManyTables, Energy>(tables, size, batch, sums);
    }
    return sums;
}

template <class Real, bool Triclinic, bool ManyTables, bool Energy>
int computeBlock(const SortedParticles<Real>& particles, const TableSet<Real>& tables, const NeighborBlock& block,
                 double* forces, double& energy) {
    int numCoincident = 0;
    Batch<Real> batch;
    for (int k = 0; k < block.numParticles; k++) {
        const Sums<Real> sums = computeParticle<Real, Triclinic, ManyTables, Energy>(
            particles, tables, block.first + k, block.neighbors + block.starts[k],
            block.starts[k + 1] - block.starts[k], batch);
        forces[3 * k] = sums.fx;
        forces[3 * k + 1] = sums.fy;
        forces[3 * k + 2] = sums.fz;
        energy += 0.5 * sums.energy; // each pair is in the lists of both particles
        numCoincident += sums.numCoincident;
    }
    return numCoincident;
}

template <class Real, bool Triclinic, bool ManyTables>
int computeBlock(const SortedParticles<Real>& particles, const TableSet<Real>& tables, const NeighborBlock& block,
                 double* forces, double* energy) {
    double ignored = 0;
    if (energy == nullptr)
        return computeBlock<Real, Triclinic, ManyTables, false>(particles, tables, block, forces, ignored);
    *energy = 0;
    return computeBlock<Real, Triclinic, ManyTables, true>(particles, tables, block, forces, *energy);
}

template <class Real>
int computeForces(const SortedParticles<Real>& particles, const TableSet<Real>& tables, const NeighborBlock& block,
                  double* forces, double* energy) {
    if (particles.lattice.triclinic)
        return tables.numTypes > 1 ? computeBlock<Real, true, true>(particles, tables, block, forces, energy)
                                   : computeBlock<Real, true, false>(particles, tables, block, forces, energy);
    return tables.numTypes > 1 ? computeBlock<Real, false, true>(particles, tables, block, forces, energy)
                               : computeBlock<Real, false, false>(particles, tables, block, forces, energy);
}

/** Distances are computed in vectors, a batch at a time, and sifted one by one. */
template <class Real, bool Triclinic>
int siftNeighbors(const SortedParticles<Real>& particles, int i, int begin, int end, Real range2, int* neighbors) {
    Real r2[BATCH_SIZE];
    const auto* all = particles.coordinates;
    const auto a = all[4 * (long) i], b = all[4 * (long) i + 1], c = all[4 * (long) i + 2];
    const Lattice<Real> lattice = particles.lattice;
    int found = 0;
    for (int batch = begin; batch < end; batch += BATCH_SIZE) {
        const int count = (end - batch < BATCH_SIZE ? end - batch : BATCH_SIZE);
#pragma omp simd
        for (int k = 0; k < count; k++) {
            const auto* other = all + 4 * (long) (batch + k);
            Real x, y, z;
            findDisplacement<Real, Triclinic>(lattice, subtract(a, other[0]), subtract(b, other[1]),
                                              subtract(c, other[2]), x, y, z);
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
