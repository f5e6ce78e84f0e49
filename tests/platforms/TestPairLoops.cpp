// SPDX-License-Identifier: MIT
/** The CPU platform's inner loops for every instruction set that this processor has, against plain double arithmetic. */
#include "ArgonLikeModel.h"
#include "CoordinateFrame.h"
#include "PairLoops.h"
#include "TestSystems.h"
#include "VerletList.h"
#include <gtest/gtest.h>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using OpenMM::Vec3;
using std::vector;

namespace {

template <class Real>
class PairLoopsOfType : public testing::Test {};

using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(PairLoopsOfType, Types);

/** Particles in a box, in the form that loops read. */
template <class Real>
struct Sample {
    using Coordinate = typename CoordinateType<Real>::Type;
    PeriodicBox box;
    vector<Vec3> positions;
    CoordinateFrame<Real> frame;
    vector<Coordinate> coordinates;
    explicit Sample(const Box& shape) : positions(makeFluid(shape, 0.5)) {
        box.periodic = true;
        box.vectors[0] = shape.a;
        box.vectors[1] = shape.b;
        box.vectors[2] = shape.c;
        frame = CoordinateFrame<Real>(box, argonCutoff);
        coordinates.resize(4 * positions.size());
        for (size_t i = 0; i < positions.size(); i++) {
            frame.convert(positions[i], &coordinates[4 * i]);
            coordinates[4 * i + 3] = Coordinate(i % 3);
        }
    }
    double findDistance2(int i, int j) const {
        const Vec3 d = box.minimumImage(positions[i] - positions[j]);
        return d.dot(d);
    }
};

/** Tables of a polynomial, which is exact in them, with a factor of its own for each pair of types. */
template <class Real>
struct SampleTables {
    static constexpr int numTypes = 3;
    static constexpr double spacing = 0.01, cutoff2 = argonCutoff * argonCutoff;
    vector<Real> coefficients, grids;
    SampleTables() {
        const int numCells = int(cutoff2 / spacing) + 2;
        for (int pair = 0; pair < numTypes * numTypes; pair++) {
            grids.insert(grids.end(), {Real(1 / spacing), Real(0.5), Real(pair * numCells), Real(0)});
            for (int cell = 0; cell < numCells; cell++) // U = factor*(1 + x + x^2 + x^3), x = spacing*(cell-0.5+t)
                appendCell((cell - 0.5) * spacing, getFactor(pair));
        }
    }
    static double getFactor(int pair) { return 1 + (pair / numTypes) + (pair % numTypes); }
    void appendCell(double x, double factor) {
        const double h = spacing;
        for (double c : {1 + x + x * x + x * x * x, h * (1 + 2 * x + 3 * x * x), h * h * (1 + 3 * x), h * h * h})
            coefficients.push_back(Real(factor * c));
    }
    TableSet<Real> get(int types) const { return {types, coefficients.data(), grids.data(), Real(cutoff2)}; }
};

} // namespace

TYPED_TEST(PairLoopsOfType, ComputeForcesOfEveryInstructionSet) {
    using Real = TypeParam;
    const SampleTables<Real> tables;
    const double tolerance = (sizeof(Real) == 4 ? 1e-5 : 1e-12);
    for (const Box& shape : makeBoxes(argonCutoff, 1.4))
        for (const char* name : {"generic", "AVX2"})
            for (int numTypes : {1, 3}) {
                const PairLoops<Real>* loops = findPairLoops<Real>(name);
                if (loops == nullptr)
                    continue;
                SCOPED_TRACE(shape.name + " " + name + " " + std::to_string(numTypes));
                const Sample<Real> sample(shape);
                const int n = (int) sample.positions.size();
                vector<int, AlignedAllocator<int> > neighbors;
                for (int j = 1; j < n; j++)
                    neighbors.push_back(j);
                const int numNeighbors = (int) neighbors.size();
                while (neighbors.size() % loops->padding != 0)
                    neighbors.push_back(0);
                const int starts[] = {0, (int) neighbors.size()}, numFillers = int(neighbors.size()) - numNeighbors;
                double force[3], energy;
                const int numZero =
                    loops->computeForces({sample.coordinates.data(), sample.frame.getLattice()}, tables.get(numTypes),
                                         {0, 1, starts, neighbors.data()}, force, &energy);
                Vec3 expected;
                double expectedEnergy = 0, scale = 0;
                for (int j = 1; j < n; j++) {
                    const Vec3 d = sample.box.minimumImage(sample.positions[0] - sample.positions[j]);
                    const double x = d.dot(d), factor = (numTypes == 1 ? 1.0 : tables.getFactor(j % 3));
                    if (x >= tables.cutoff2)
                        continue;
                    expected -= d * (2 * factor * (1 + 2 * x + 3 * x * x));
                    expectedEnergy += 0.5 * factor * (1 + x + x * x + x * x * x);
                    scale += factor;
                }
                ASSERT_GT(scale, 0);
                EXPECT_EQ(numFillers, numZero);
                for (int k = 0; k < 3; k++)
                    EXPECT_NEAR(expected[k], force[k], tolerance * scale);
                EXPECT_NEAR(expectedEnergy, energy, tolerance * scale);
            }
}

TYPED_TEST(PairLoopsOfType, FindNeighborsOfEveryInstructionSet) {
    using Real = TypeParam;
    const double range2 = 0.8 * 0.8;
    for (const Box& shape : makeBoxes(argonCutoff, 1.4))
        for (const char* name : {"generic", "AVX2"}) {
            const PairLoops<Real>* loops = findPairLoops<Real>(name);
            if (loops == nullptr)
                continue;
            SCOPED_TRACE(shape.name + " " + name);
            const Sample<Real> sample(shape);
            const int n = (int) sample.positions.size(), i = 3;
            vector<int> found(n), expected;
            found.resize(loops->findNeighbors({sample.coordinates.data(), sample.frame.getLattice()}, i, 1, n,
                                              Real(range2), found.data()));
            for (int j = 1; j < n; j++)
                if (j != i && sample.findDistance2(i, j) < range2)
                    expected.push_back(j);
            EXPECT_EQ(expected, found);
        }
}
