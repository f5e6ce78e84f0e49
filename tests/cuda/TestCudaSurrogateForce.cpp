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
#include <memory>
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

class CudaTables : public PlatformTest {};

/** Expect forces and energy to be those of Reference with the same table, at the positions that the GPU holds. */
void expectReferenceTable(SurrogateSystem& system, const PlatformCase& platformCase, const std::string& name) {
    Context& cuda = system.createContext(platformCase);
    const ForcesAndEnergy computed = getForcesAndEnergy(cuda);
    const vector<Vec3> held = cuda.getState(State::Positions).getPositions();
    Context& reference = system.createContext({"Reference", platformCase.method, platformCase.precision});
    reference.setPositions(held);
    const ForcesAndEnergy expected = getForcesAndEnergy(reference);
    vector<Vec3> difference;
    for (size_t i = 0; i < held.size(); i++)
        difference.push_back(computed.forces[i] - expected.forces[i]);
    const double error = findRms(difference) / findRms(expected.forces),
                 energyError = std::fabs(computed.energy - expected.energy) / std::fabs(expected.energy);
    printf("%s, %s: force error %.1e, energy error %.1e\n", platformCase.getName().c_str(), name.c_str(), error,
           energyError);
    EXPECT_LE(error, platformCase.isSingleArithmetic() ? 1e-5 : 1e-10) << name;
    EXPECT_LE(energyError, platformCase.isSingleArithmetic() ? 1e-5 : 1e-10) << name;
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Precisions, CudaTables, testing::Values(cases[0], cases[2]), PlatformCaseName());

TEST_P(CudaTables, AreThoseOfReferenceInAllStates) {
    const Box box = makeArgonBox(600);
    for (double spacing : {0.35, 0.37}) {
        const vector<Vec3> positions = makeFluid(box, spacing);
        SurrogateSystem system(makeArgonLikeModel(), vector<int>(positions.size(), 0), positions);
        system.setBox(box);
        expectReferenceTable(system, GetParam(), spacing < 0.36 ? "dense" : "liquid");
    }
    const vector<Vec3> gas = makeGas(300, 3.0); // some pairs are in the core
    SurrogateSystem system(makeArgonLikeModel(), vector<int>(gas.size(), 0), gas);
    expectReferenceTable(system, GetParam(), "gas");
    const vector<Vec3> positions = makeFluid(box, 0.36);
    SurrogateSystem mixture(makeMixtureModel(), makeTypes(positions.size(), 3), positions);
    mixture.setBox(box);
    expectReferenceTable(mixture, GetParam(), "mixture");
}

TEST_P(CudaTables, MayBecomeLargerWithinSharedMemory) {
    // The same program then serves more rows than it was started with.
    const Box box = makeArgonBox(600);
    const vector<Vec3> positions = makeFluid(box, 0.36);
    SurrogateModel small = makeMixtureModel();
    for (int type1 = 0; type1 < 3; type1++)
        for (int type2 = type1; type2 < 3; type2++)
            small.setPairNetwork(type1, type2, SurrogateModel::NonInteracting);
    small.setPairNetwork(0, 0, 0);
    SurrogateSystem system(small, makeTypes(positions.size(), 3), positions);
    system.setBox(box);
    system.getForce().setTableTolerance(1e-3);
    Context& cuda = system.createContext(GetParam());
    getForcesAndEnergy(cuda);
    system.getForce().setModel(makeMixtureModel());
    system.getForce().updateParametersInContext(cuda);
    const vector<Vec3> updated = getForcesAndEnergy(cuda).forces;
    const ForcesAndEnergy fresh = getForcesAndEnergy(system.createContext(GetParam()));
    EXPECT_LE(findForceError(updated, fresh.forces), 1e-12);
}

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
    // Some 250 neighbors each, more than is allocated at first. The device finds so by itself: it searches cells, and lists are longer afterwards.
    SurrogateSystem system(makeArgonLikeModel(), vector<int>(2000, 0), makeGas(2000, 4.4));
    system.getForce().setUsesPeriodicBoundaryConditions(false);
    Context& context = system.createContext(GetParam());
    context.getState(State::Forces);
    context.setPositions(makeGas(2000, 2.2));
    const ForcesAndEnergy first = getForcesAndEnergy(context);
    expectForcesOfPositions(context, system, 0, GetParam());
    const ForcesAndEnergy second = getForcesAndEnergy(context);
    EXPECT_LE(findForceError(first.forces, second.forces), GetParam().isSingleArithmetic() ? 1e-5 : 1e-10);
}

TEST_P(CudaSurrogateForce, ListsThatTheHostAsksForFitAtOnce) {
    // In which step lists become longer must not depend on how far the device is behind: the order of sums changes there.
    const vector<Vec3> positions = makeGas(2000, 2.2);
    SurrogateSystem system(makeArgonLikeModel(), vector<int>(positions.size(), 0), positions);
    system.getForce().setUsesPeriodicBoundaryConditions(false);
    Context& context = system.createContext(GetParam());
    const ForcesAndEnergy first = getForcesAndEnergy(context), second = getForcesAndEnergy(context);
    for (size_t i = 0; i < positions.size(); i++)
        EXPECT_EQ(first.forces[i], second.forces[i]) << "particle " << i;
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

TEST_P(CudaSurrogateForce, DeterministicForcesDoNotDependOnWhenTheListWasBuilt) {
    // After a checkpoint is loaded the list is built anew; in the run that went on it was not.
    const Box box = makeBoxes(argonCutoff, 1.6)[2];
    const vector<Vec3> positions = makeFluid(box, 0.36);
    SurrogateSystem system(makeMixtureModel(), makeTypes(positions.size(), 3), positions);
    system.setBox(box);
    for (size_t i = 0; i + 1 < positions.size(); i += 5)
        system.getForce().addExclusion(i, i + 1);
    PlatformCase deterministic = GetParam();
    deterministic.deterministic = true;
    Context& context = system.createContext(deterministic);
    context.setVelocitiesToTemperature(300, 1);
    context.getIntegrator().step(107);
    std::stringstream checkpoint;
    context.createCheckpoint(checkpoint);
    auto finish = [&] {
        context.getIntegrator().step(100); // across several builds of the list
        return context.getState(State::Positions | State::Energy);
    };
    const State expected = finish();
    for (int run = 0; run < 10; run++) {
        checkpoint.clear();
        checkpoint.seekg(0);
        context.loadCheckpoint(checkpoint);
        const State found = finish();
        EXPECT_EQ(expected.getPositions(), found.getPositions()) << "run " << run;
        EXPECT_EQ(expected.getPotentialEnergy(), found.getPotentialEnergy()) << "run " << run;
    }
    expectForcesOfPositions(context, system, 0, GetParam());
}

TEST_P(CudaSurrogateForce, ContextsAndForcesDoNotMeet) {
    // Two Contexts by turns, each with two forces of ours in groups of their own, between particles of their own.
    const vector<Vec3> positions = makeFluid(makeBoxes(argonCutoff, 1.2)[0], 0.4);
    const int n = (int) positions.size();
    vector<int> lower(n, 0), upper(n, 0);
    for (int i = 0; i < n; i++)
        (i < n / 3 ? upper : lower)[i] = -1;
    vector<std::unique_ptr<SurrogateSystem> > systems;
    vector<SurrogateForce*> seconds;
    for (double scale : {1.2, 1.3}) {
        systems.emplace_back(new SurrogateSystem(makeArgonLikeModel(), lower, positions));
        systems.back()->setBox(makeBoxes(argonCutoff, scale)[0]);
        SurrogateForce* second = new SurrogateForce(systems.back()->getForce());
        for (int i = 0; i < n; i++)
            second->setParticleType(i, upper[i]);
        second->setForceGroup(1);
        second->setEvaluationMethod(GetParam().method);
        second->setPrecision(GetParam().precision);
        second->setTableTolerance(systems.back()->getForce().getTableTolerance());
        systems.back()->getSystem().addForce(second);
        seconds.push_back(second);
        systems.back()->createContext(GetParam()).setVelocitiesToTemperature(100, 1);
    }
    for (int turn = 0; turn < 3; turn++)
        for (size_t k = 0; k < systems.size(); k++) {
            Context& context = systems[k]->getContext();
            context.getIntegrator().step(20);
            expectForcesOfPositions(context, *systems[k], 0, GetParam());
            const State state = context.getState(State::Positions);
            Vec3 box[3];
            state.getPeriodicBoxVectors(box[0], box[1], box[2]);
            expectAgreement(getForcesAndEnergy(context, 2),
                            computeAllPairs(*seconds[k], state.getPositions(), box, GetParam().precision), GetParam(),
                            seconds[k]->getTableErrorInContext(context));
        }
}

TEST_P(CudaSurrogateForce, RefusesSeveralGpus) {
    SurrogateSystem system(makeArgonLikeModel(), {0, 0}, makeGas(2, 1.0));
    system.getForce().setEvaluationMethod(GetParam().method);
    VerletIntegrator integrator(0.002);
    const std::map<std::string, std::string> properties = {{"DeviceIndex", "0,0"}};
    expectException([&] { Context context(system.getSystem(), integrator, GetParam().getPlatform(), properties); },
                    "one GPU at a time; give one DeviceIndex instead of 2");
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
