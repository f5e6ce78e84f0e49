// SPDX-License-Identifier: MIT
/** What is particular to platform CUDA: its pair list, particles that move in memory, errors found late. */
#include "ArgonLikeModel.h"
#include "ForceChecks.h"
#include "TestModels.h"
#include <gtest/gtest.h>
#include <openmm/LangevinMiddleIntegrator.h>
#include <openmm/NonbondedForce.h>
#include <openmm/OpenMMException.h>
#include <cmath>
#include <limits>
#include <sstream>

using namespace OpenMM;
using namespace SurrogatePlugin;
using namespace SurrogateTest;
using std::vector;

namespace {

class CudaSurrogateForce : public PlatformTest {};

const PlatformCase cases[] = {{"CUDA", SurrogateForce::Table, SurrogateForce::Single, "single"},
                              {"CUDA", SurrogateForce::Table, SurrogateForce::Single, "mixed"},
                              {"CUDA", SurrogateForce::Table, SurrogateForce::Double, "double"},
                              {"CUDA", SurrogateForce::Network, SurrogateForce::Single, "single"},
                              {"CUDA", SurrogateForce::Network, SurrogateForce::Double, "double"}};

/** Expect the forces in a Context to be those of its positions, whatever it did before. */
void expectForcesOfPositions(Context& context, SurrogateSystem& system, int group, const PlatformCase& platformCase) {
    const State state = context.getState(State::Positions);
    Vec3 box[3];
    state.getPeriodicBoxVectors(box[0], box[1], box[2]);
    expectAgreement(getForcesAndEnergy(context, 1 << group),
                    computeAllPairs(system.getForce(), state.getPositions(), box, platformCase.precision), platformCase,
                    system.getForce().getTableErrorInContext(context));
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Precisions, CudaSurrogateForce, testing::ValuesIn(cases), PlatformCaseName());

TEST_P(CudaSurrogateForce, FollowsParticlesThatMoveInMemory) {
    // OpenMM reorders particles every few hundred steps where a force uses its neighbor list.
    const Box box = makeArgonBox(1000);
    const vector<Vec3> positions = makeFluid(box, 0.36);
    SurrogateSystem system(makeMixtureModel(), makeTypes(positions.size(), 3), positions);
    system.setBox(box);
    for (size_t i = 0; i + 1 < positions.size(); i += 5)
        system.getForce().addExclusion(i, i + 1);
    NonbondedForce* lennardJones = new NonbondedForce();
    lennardJones->setNonbondedMethod(NonbondedForce::CutoffPeriodic);
    lennardJones->setCutoffDistance(argonCutoff);
    for (size_t i = 0; i < positions.size(); i++)
        lennardJones->addParticle(0, 0.3, 1.0);
    lennardJones->setForceGroup(1);
    system.getSystem().addForce(lennardJones);
    Context& context = system.createContext(GetParam());
    context.setVelocitiesToTemperature(100, 1);
    for (int k = 0; k < 3; k++) {
        context.getIntegrator().step(300);
        expectForcesOfPositions(context, system, 0, GetParam());
    }
}

TEST_P(CudaSurrogateForce, ListsThatDoNotFitAreNotCutShort) {
    // Some 250 neighbors each, more than is allocated at first: the first evaluation searches cells, later ones use longer lists.
    const vector<Vec3> positions = makeGas(2000, 2.2);
    SurrogateSystem system(makeArgonLikeModel(), vector<int>(positions.size(), 0), positions);
    system.getForce().setUsesPeriodicBoundaryConditions(false);
    Context& context = system.createContext(GetParam());
    const ForcesAndEnergy first = getForcesAndEnergy(context);
    expectForcesOfPositions(context, system, 0, GetParam());
    const ForcesAndEnergy second = getForcesAndEnergy(context);
    EXPECT_LE(findForceError(first.forces, second.forces), GetParam().isSingleArithmetic() ? 1e-5 : 1e-10);
}

TEST_P(CudaSurrogateForce, RunsFromACheckpointAreEqualToTheBit) {
    const Box box = makeArgonBox(2000);
    const vector<Vec3> positions = makeFluid(box, 0.36);
    SurrogateSystem system(makeArgonLikeModel(), vector<int>(positions.size(), 0), positions);
    system.setBox(box);
    Context& context = system.createContext(GetParam());
    context.setVelocitiesToTemperature(300, 1);
    context.getIntegrator().step(100);
    std::stringstream checkpoint;
    context.createCheckpoint(checkpoint);
    vector<Vec3> expected;
    for (int run = 0; run < 10; run++) {
        checkpoint.clear();
        checkpoint.seekg(0);
        context.loadCheckpoint(checkpoint);
        context.getIntegrator().step(200); // across several builds of the list
        const vector<Vec3> found = context.getState(State::Positions).getPositions();
        if (run == 0)
            expected = found;
        EXPECT_EQ(expected, found) << "run " << run;
    }
}

TEST_P(CudaSurrogateForce, ASimulationThatBlowsUpIsStopped) {
    const Box box = makeArgonBox(500);
    const vector<Vec3> positions = makeFluid(box, 0.36);
    SurrogateSystem system(makeArgonLikeModel(), vector<int>(positions.size(), 0), positions);
    system.setBox(box);
    Context& context = system.createContext(GetParam());
    vector<Vec3> velocities(positions.size());
    velocities[7] = Vec3(1e12, 0, 0); // nm/ps
    context.setVelocities(velocities);
    // Found without waiting for the GPU, so perhaps some steps late.
    expectException(
        [&] {
            context.getIntegrator().step(1000);
            context.getState(State::Energy);
        },
        "particle 7 is at");
    context.setPositions(positions);
    context.setVelocities(vector<Vec3>(positions.size()));
    expectForcesOfPositions(context, system, 0, GetParam());
}
