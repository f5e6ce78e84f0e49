// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/ParticleCharges.h"
#include <gtest/gtest.h>

using namespace SurrogatePlugin;
using OpenMM::NonbondedForce;

namespace {

/** Make a force of two particles, the second one's charge with an offset. */
NonbondedForce makeForce() {
    NonbondedForce force;
    force.addParticle(1.0, 0.3, 0.5);
    force.addParticle(-1.0, 0.2, 0.0);
    force.addGlobalParameter("lambda", 0.5);
    force.addParticleParameterOffset("lambda", 1, 0.4, 0.0, 0.0);
    return force;
}

} // namespace

TEST(ParticleCharges, ApplyOffsets) {
    ParticleCharges charges(makeForce());
    charges.update({{"lambda", 0.5}});
    EXPECT_EQ(charges.getCharges(), (std::vector<double>{1.0, -0.8}));
    charges.update({{"lambda", 1.0}});
    EXPECT_EQ(charges.getCharges(), (std::vector<double>{1.0, -0.6}));
}

TEST(ParticleCharges, TellWhetherAnythingMayHaveChanged) {
    NonbondedForce force = makeForce();
    ParticleCharges charges(force);
    EXPECT_TRUE(charges.update({{"lambda", 0.0}, {"other", 1.0}}));
    EXPECT_FALSE(charges.update({{"lambda", 0.0}, {"other", 2.0}})); // which nothing depends on
    EXPECT_TRUE(charges.update({{"lambda", 0.1}, {"other", 2.0}}));
    EXPECT_FALSE(charges.update({{"lambda", 0.1}, {"other", 2.0}}));
    force.setParticleParameters(0, 2.0, 0.3, 0.5);
    charges.copyParameters(force, 0, 0);
    EXPECT_TRUE(charges.update({{"lambda", 0.1}}));
    EXPECT_EQ(charges.getCharges()[0], 2.0);
}

TEST(ParticleCharges, NeedNoParametersWithoutOffsets) {
    NonbondedForce force;
    force.addParticle(0.5, 0.3, 0.5);
    ParticleCharges charges(force);
    EXPECT_TRUE(charges.update({}));
    EXPECT_FALSE(charges.update({{"lambda", 1.0}}));
}
