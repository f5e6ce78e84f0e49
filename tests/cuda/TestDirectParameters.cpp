// SPDX-License-Identifier: MIT
// What the kernel of direct space gets to know of particles. Needs no GPU.
#include "direct/DirectParameters.h"
#include "openmmsurrogate/internal/Units.h"
#include <gtest/gtest.h>
#include <cmath>

using namespace SurrogatePlugin;
using std::vector;

namespace {

/** So many particles of each of so many kinds, one kind after another. */
vector<NonbondedParticle> makeParticles(int numKinds, int ofEach) {
    vector<NonbondedParticle> particles;
    for (int kind = 0; kind < numKinds; kind++)
        particles.insert(particles.end(), ofEach, {0.1 * kind - 0.4, 0.1 + 0.01 * kind, 0.5 * kind});
    return particles;
}

} // namespace

TEST(DirectParameters, FewKindsHaveParametersOfTheirPairs) {
    const vector<NonbondedParticle> particles = makeParticles(3, 2);
    const DirectParameters<double> packed(particles, true);
    ASSERT_EQ(3, packed.numKinds);
    EXPECT_EQ(vector<double>({0, 0, 1, 1, 2, 2}), packed.carried);
    EXPECT_TRUE(packed.lennardJones.empty());
    ASSERT_EQ(3u * 3 * 4, packed.pairs.size());
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++) {
            const NonbondedParticle &first = particles[2 * a], &second = particles[2 * b];
            const double* pair = &packed.pairs[4 * (3 * a + b)];
            const double sigma = first.halfSigma + second.halfSigma;
            const double epsilon4 = first.twoSqrtEpsilon * second.twoSqrtEpsilon;
            EXPECT_DOUBLE_EQ(coulombConstant * first.charge * second.charge, pair[0]);
            EXPECT_NEAR(12 * epsilon4 * std::pow(sigma, 12), pair[1], 1e-14 * pair[1]);
            EXPECT_NEAR(6 * epsilon4 * std::pow(sigma, 6), pair[2], 1e-14 * pair[2]);
        }
}

TEST(DirectParameters, ManyKindsAreNoKinds) {
    const int most = DirectParameters<double>::MostKinds;
    EXPECT_EQ(most, DirectParameters<double>(makeParticles(most, 1), true).numKinds);
    const vector<NonbondedParticle> particles = makeParticles(most + 1, 1);
    const DirectParameters<double> packed(particles, true);
    EXPECT_EQ(0, packed.numKinds);
    EXPECT_TRUE(packed.pairs.empty());
    ASSERT_EQ(particles.size(), packed.carried.size());
    for (size_t i = 0; i < particles.size(); i++) {
        EXPECT_DOUBLE_EQ(std::sqrt(coulombConstant) * particles[i].charge, packed.carried[i]);
        EXPECT_DOUBLE_EQ(particles[i].halfSigma, packed.lennardJones[2 * i]);
        EXPECT_DOUBLE_EQ(particles[i].twoSqrtEpsilon, packed.lennardJones[2 * i + 1]);
    }
}

TEST(DirectParameters, CoulombAloneKeepsTheKinds) {
    for (int numKinds : {5, DirectParameters<double>::MostKinds + 4}) {
        const vector<NonbondedParticle> particles = makeParticles(numKinds, 2);
        const DirectParameters<double> whole(particles, true), coulomb(particles, false);
        EXPECT_EQ(whole.numKinds, coulomb.numKinds); // so that the same program serves
        EXPECT_EQ(whole.carried, coulomb.carried);
        for (size_t k = 0; k < coulomb.pairs.size(); k += 4) {
            EXPECT_DOUBLE_EQ(whole.pairs[k], coulomb.pairs[k]);
            EXPECT_EQ(0, coulomb.pairs[k + 1]);
            EXPECT_EQ(0, coulomb.pairs[k + 2]);
        }
        for (size_t k = 1; k < coulomb.lennardJones.size(); k += 2)
            EXPECT_EQ(0, coulomb.lennardJones[k]);
    }
}
