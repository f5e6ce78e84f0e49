// SPDX-License-Identifier: MIT
/** Bad input and extreme positions: errors that say what is wrong, and large finite forces. */
#include "ArgonLikeModel.h"
#include "ForceChecks.h"
#include "TestModels.h"
#include "Tolerances.h"
#include <gtest/gtest.h>
#include <openmm/HarmonicBondForce.h>
#include <openmm/LangevinMiddleIntegrator.h>
#include <openmm/LocalEnergyMinimizer.h>
#include <openmm/MonteCarloBarostat.h>
#include <openmm/OpenMMException.h>
#include <algorithm>
#include <cmath>
#include <limits>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using namespace OpenMM;
using std::vector;

namespace {

class SurrogateForceErrors : public PlatformTest {};

} // namespace

INSTANTIATE_TEST_SUITE_P(Platforms, SurrogateForceErrors, testing::ValuesIn(getPlatformCases()), PlatformCaseName());

TEST_P(SurrogateForceErrors, OverlappingParticlesRepelStrongly) {
    for (double r : {0.2, 0.05, 1e-3, 1e-6}) {
        SurrogateSystem system(makeArgonLikeModel(), {0, 0}, {Vec3(1, 2, 3), Vec3(1, 2, 3 + r)});
        expectAgreement(system, GetParam());
        const ForcesAndEnergy result = getForcesAndEnergy(system.createContext(GetParam()));
        EXPECT_GT(result.energy, 10 * Argon::epsilon);
        EXPECT_LT(result.energy, 1e9);
        EXPECT_LT(result.forces[0][2], 0);
        EXPECT_GT(result.forces[1][2], 0);
    }
}

TEST_P(SurrogateForceErrors, CoincidentParticlesAreNamed) {
    vector<Vec3> positions = makeFluid(makeBoxes(1.0, 1.0)[0], 0.4);
    positions[3] = positions[17];
    const vector<int> types(positions.size(), 0);
    SurrogateSystem system(makeArgonLikeModel(), types, positions);
    Context& context = system.createContext(GetParam());
    expectException([&] { getForcesAndEnergy(context); }, "particles 3 and 17 ");
    // Excluded pairs, and particles that take no part, may be at the same place.
    system.getForce().addExclusion(3, 17);
    expectAgreement(system, GetParam());
    system.getForce().setExclusionParticles(0, 3, 18);
    system.getForce().setParticleType(17, -1);
    expectAgreement(system, GetParam());
}

TEST_P(SurrogateForceErrors, CoincidentImagesAreNamed) {
    const Box box = makeBoxes(1.0, 1.0)[3];
    SurrogateSystem system(makeArgonLikeModel(), {0, 0}, {Vec3(), box.c});
    system.setBox(box);
    expectException([&] { getForcesAndEnergy(system.createContext(GetParam())); }, "particles 0 and 1 ");
}

TEST_P(SurrogateForceErrors, InvalidPositionsAreNamedAndTheContextRecovers) {
    const vector<Vec3> positions = makeFluid(makeBoxes(1.0, 1.0)[0], 0.4);
    for (bool periodic : {false, true}) {
        SurrogateSystem system(makeArgonLikeModel(), vector<int>(positions.size(), 0), positions);
        if (periodic)
            system.setBox(makeBoxes(1.0, 1.1)[2]);
        // On CUDA OpenMM moves molecules back into the box when it reorders atoms, those that are too far away among them.
        const bool wraps = periodic && GetParam().platform == "CUDA";
        Context& context = system.createContext(GetParam());
        const ForcesAndEnergy before = getForcesAndEnergy(context);
        for (double bad : {wraps ? 1e30 : 1.1e6, -3e30, std::numeric_limits<double>::infinity(), std::nan("")}) {
            vector<Vec3> moved = positions;
            moved[5][1] = bad;
            context.setPositions(moved);
            // OpenMM's CPU platform finds NaN before any force is computed, and does not name the particle.
            const bool found = (GetParam().platform == "CPU" && std::isnan(bad));
            expectException([&] { getForcesAndEnergy(context); },
                            found ? "Particle coordinate is NaN" : "particle 5 is at");
        }
        context.setPositions(positions);
        const ForcesAndEnergy after = getForcesAndEnergy(context);
        EXPECT_NEAR(before.energy, after.energy,
                    wraps ? getEnergyTolerance(GetParam()) * std::max(1.0, std::fabs(before.energy)) : 0);
        EXPECT_LE(findForceError(after.forces, before.forces), wraps ? getForceTolerance(GetParam()) : 0);
    }
}

TEST_P(SurrogateForceErrors, SmallBoxesAreRefused) {
    const vector<Vec3> positions = makeGas(2, 0.5);
    SurrogateSystem system(makeArgonLikeModel(), {0, 0}, positions);
    system.setBox(makeBoxes(argonCutoff, 0.99)[0]);
    expectException([&] { system.createContext(GetParam()); }, "twice the cutoff");
    system.setBox(makeBoxes(argonCutoff, 1.0)[0]);
    Context& context = system.createContext(GetParam());
    getForcesAndEnergy(context);
    const Box box = makeBoxes(argonCutoff, 0.99)[0];
    context.setPeriodicBoxVectors(box.a, box.b, box.c);
    expectException([&] { getForcesAndEnergy(context); }, "twice the cutoff");
}

TEST_P(SurrogateForceErrors, ABoxThatShrinksTooMuchIsRefused) {
    const Box box = makeBoxes(argonCutoff, 1.05)[0];
    const vector<Vec3> positions = makeFluid(box, 0.8);
    SurrogateSystem system(makeArgonLikeModel(), vector<int>(positions.size(), 0), positions);
    system.setBox(box);
    MonteCarloBarostat* barostat = new MonteCarloBarostat(1e5, 100, 1);
    barostat->setRandomNumberSeed(1);
    system.getSystem().addForce(barostat);
    Context& context = system.createContext(GetParam());
    context.setVelocitiesToTemperature(100, 1);
    expectException([&] { context.getIntegrator().step(2000); }, "twice the cutoff");
}

TEST_P(SurrogateForceErrors, MismatchesAreRefused) {
    const vector<Vec3> positions = makeGas(3, 1.0);
    SurrogateSystem system(makeMixtureModel(), {0, 1, 2}, positions);
    system.getForce().addParticle(0);
    expectException([&] { system.createContext(GetParam()); }, "4 particles");
    SurrogateModel incomplete({"A", "B"}, argonCutoff);
    incomplete.setPairNetwork(0, 0, incomplete.addNetwork(makeArgonLikeNetwork()));
    SurrogateSystem lacking(incomplete, {0, 1, 0}, positions);
    expectException([&] { lacking.createContext(GetParam()); }, "A-B");
    // A particle of type B without a partner needs no network for B-B, and none for A-B if it has no A to meet.
    SurrogateSystem lonely(incomplete, {-1, 1, -1}, positions);
    EXPECT_EQ(0, getForcesAndEnergy(lonely.createContext(GetParam())).energy);
}

TEST_P(SurrogateForceErrors, ExclusionsThatMakeNoSenseAreRefused) {
    const vector<Vec3> positions = makeGas(3, 1.0);
    auto expectRefused = [&](const vector<std::pair<int, int> >& exclusions, const std::string& message) {
        SurrogateSystem system(makeArgonLikeModel(), {0, 0, 0}, positions);
        for (const auto& exclusion : exclusions)
            system.getForce().addExclusion(exclusion.first, exclusion.second);
        expectException([&] { system.createContext(GetParam()); }, message);
    };
    expectRefused({{0, 1}, {2, 2}}, "exclusion 1 (2, 2) excludes a particle from itself; remove it");
    expectRefused({{0, 1}, {1, 2}, {1, 0}}, "exclusion 2 (1, 0) repeats an earlier exclusion; remove it");
    expectRefused({{0, 3}}, "exclusion 0 (0, 3) names a particle that does not exist; particles are 0 to 2");
    expectRefused({{-1, 0}}, "exclusion 0 (-1, 0) names a particle that does not exist; particles are 0 to 2");
}

TEST_P(SurrogateForceErrors, UpdatesThatCannotWorkLeaveTheContextAsItWas) {
    const vector<Vec3> positions = makeGas(3, 0.7);
    SurrogateSystem system(makeMixtureModel(), {0, 1, 2}, positions);
    Context& context = system.createContext(GetParam());
    const ForcesAndEnergy before = getForcesAndEnergy(context);
    system.getForce().addExclusion(0, 1);
    expectException([&] { system.getForce().updateParametersInContext(context); }, "an exclusion has changed");
    EXPECT_EQ(before.forces, getForcesAndEnergy(context).forces);
}

TEST_P(SurrogateForceErrors, MinimizerSeparatesOverlappingParticles) {
    // The minimizer of a System that has other forces, too.
    vector<Vec3> positions = makeFluid(makeBoxes(1.0, 1.0)[0], 0.45);
    for (size_t i = 0; i + 1 < positions.size(); i += 2)
        positions[i] = positions[i + 1] + Vec3(0.02, 0.01, 0);
    SurrogateSystem system(makeArgonLikeModel(), vector<int>(positions.size(), 0), positions);
    HarmonicBondForce* bonds = new HarmonicBondForce();
    bonds->addBond(0, 1, 0.4, 1000);
    system.getSystem().addForce(bonds);
    Context& context = system.createContext(GetParam());
    const double before = context.getState(State::Energy).getPotentialEnergy();
    LocalEnergyMinimizer::minimize(context, 10, 200);
    const State state = context.getState(State::Energy | State::Positions);
    EXPECT_LT(state.getPotentialEnergy(), 0.01 * before);
    for (size_t i = 0; i < positions.size(); i++)
        for (size_t j = 0; j < i; j++) {
            const Vec3 d = state.getPositions()[i] - state.getPositions()[j];
            EXPECT_GT(std::sqrt(d.dot(d)), 0.9 * Argon::sigma);
        }
}

TEST_P(SurrogateForceErrors, ForcesAloneAreCheckedToo) {
    // Platforms that compute asynchronously might return before they have found the error.
    const vector<Vec3> positions = makeFluid(makeBoxes(1.0, 1.0)[0], 0.4);
    SurrogateSystem system(makeArgonLikeModel(), vector<int>(positions.size(), 0), positions);
    Context& context = system.createContext(GetParam());
    context.getIntegrator().step(3);
    vector<Vec3> moved = positions;
    moved[5][1] = 1.1e6;
    context.setPositions(moved);
    expectException([&] { context.getState(State::Forces); }, "particle 5 is at");
    moved[5] = moved[8];
    context.setPositions(moved);
    expectException([&] { context.getState(State::Forces); }, "particles 5 and 8 ");
    context.setPositions(positions);
    EXPECT_EQ(positions.size(), context.getState(State::Forces).getForces().size());
}

TEST_P(SurrogateForceErrors, UpdatesDoNotChangeTheFormat) {
    SurrogateModel model = makeArgonLikeModel();
    SurrogateSystem system(model, {0, 0}, makeGas(2, 0.5));
    PlatformCase unset = GetParam();
    unset.precision = SurrogateForce::Default;
    Context& context = system.createContext(unset);
    model.setFormat(NumericFormat::BFloat16);
    system.getForce().setModel(model);
    expectException([&] { system.getForce().updateParametersInContext(context); }, "the format of the model");
}
