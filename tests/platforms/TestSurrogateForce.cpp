// SPDX-License-Identifier: MIT
/** Forces and energies of a SurrogateForce on every platform, against a double loop over pairs. */
#include "ArgonLikeModel.h"
#include "ForceChecks.h"
#include "Tolerances.h"
#include <gtest/gtest.h>
#include <openmm/OpenMMException.h>
#include <cmath>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using namespace OpenMM;
using std::vector;

namespace {

class SurrogateForceOnPlatform : public PlatformTest {};

vector<int> allOfType(int type, const vector<Vec3>& positions) {
    return vector<int>(positions.size(), type);
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Platforms, SurrogateForceOnPlatform, testing::ValuesIn(getPlatformCases()),
                         PlatformCaseName());

TEST_P(SurrogateForceOnPlatform, AgreesInBoxesOfAllShapes) {
    // The smallest boxes allowed, somewhat larger ones (where a pair list can have a skin), and ones of several cells.
    for (double scale : {1.0, 1.1, 2.1})
        for (const Box& box : makeBoxes(argonCutoff, scale)) {
            SCOPED_TRACE(box.name + " times " + std::to_string(scale));
            const vector<Vec3> positions = makeFluid(box, scale < 2 ? 0.36 : 0.6);
            SurrogateSystem system(makeArgonLikeModel(), allOfType(0, positions), positions);
            system.setBox(box);
            expectAgreement(system, GetParam());
        }
}

TEST_P(SurrogateForceOnPlatform, AgreesWithoutBox) {
    vector<Vec3> positions = makeFluid(makeBoxes(1.0, 1.0)[0], 0.4);
    // A pair far away, where rounding positions themselves to single precision would be noticed.
    positions.push_back(Vec3(-5e4, 3e4, 1e4));
    positions.push_back(Vec3(-5e4, 3e4, 1e4 + 0.37));
    SurrogateSystem system(makeArgonLikeModel(), allOfType(0, positions), positions);
    expectAgreement(system, GetParam());
}

TEST_P(SurrogateForceOnPlatform, AgreesInHugeBox) {
    vector<Vec3> positions = makeFluid(makeBoxes(1.0, 1.0)[0], 0.4);
    if (GetParam().platform == "CUDA") // wraps positions into the box, at whose far faces single ones are 4e-3 nm apart
        for (Vec3& position : positions)
            position += Vec3(6, 6, 6);
    SurrogateSystem system(makeArgonLikeModel(), allOfType(0, positions), positions);
    system.setBox({"", Vec3(5e4, 0, 0), Vec3(0, 4e4, 0), Vec3(0, 0, 3e4)});
    expectAgreement(system, GetParam());
}

TEST_P(SurrogateForceOnPlatform, AgreesForMixturesSubsetsAndExclusions) {
    for (int shape : {0, 3}) {
        const Box box = makeBoxes(argonCutoff, 1.3)[shape];
        const vector<Vec3> positions = makeFluid(box, 0.33);
        const int n = (int) positions.size();
        SurrogateSystem system(makeMixtureModel(), makeTypes(n, 3), positions);
        system.setBox(box);
        for (int i = 0; i + 1 < n; i += 3)
            system.getForce().addExclusion(i + 1, i);
        for (int i = 20; i < n; i += 7)
            system.getForce().addExclusion(0, i);
        expectAgreement(system, GetParam());
    }
}

TEST_P(SurrogateForceOnPlatform, ExcludingAllPairsLeavesTheOffsets) {
    const vector<Vec3> positions = makeGas(20, 0.8);
    SurrogateSystem system(makeMixtureModel(), makeTypes(20, 3), positions);
    double offsets = 0;
    for (int i = 0; i < 20; i++) {
        const int type = system.getForce().getParticleType(i);
        offsets += (type < 0 ? 0 : system.getForce().getModel().getEnergyOffset(type));
        for (int j = 0; j < i; j++)
            system.getForce().addExclusion(i, j);
    }
    ASSERT_NE(0, offsets);
    const ForcesAndEnergy result = getForcesAndEnergy(system.createContext(GetParam()));
    EXPECT_DOUBLE_EQ(offsets, result.energy);
    for (const Vec3& force : result.forces)
        EXPECT_EQ(Vec3(), force);
}

TEST_P(SurrogateForceOnPlatform, HandlesSystemsWithFewParticipants) {
    for (int n : {0, 1, 2, 5})
        for (int type : {-1, 0}) {
            SCOPED_TRACE(std::to_string(n) + " particles of type " + std::to_string(type));
            const vector<Vec3> positions = makeFluid(makeBoxes(1.0, 1.0)[0], 0.4);
            // OpenMM cannot make a Context without particles: one that takes no part stands for it.
            vector<int> types(n + 1, type);
            types[n] = -1;
            SurrogateSystem system(makeArgonLikeModel(), types,
                                   vector<Vec3>(positions.begin(), positions.begin() + n + 1));
            system.setBox(makeBoxes(1.0, 1.0)[2]);
            expectAgreement(system, GetParam());
        }
}

TEST_P(SurrogateForceOnPlatform, ForceIsTheGradientOfTheEnergy) {
    const Box box = makeBoxes(argonCutoff, 1.2)[2];
    const vector<Vec3> positions = makeFluid(box, 0.36);
    SurrogateSystem system(makeArgonLikeModel(), allOfType(0, positions), positions);
    system.setBox(box);
    Context& context = system.createContext(GetParam());
    // A short step, so that hardly a pair crosses the cutoff, where the slope of w jumps; what remains is the rounding of the energy over
    // the step. A function rounded to single precision has steps that its energy follows on average. In single arithmetic
    // the energy is rounded much more: hence a longer step.
    const bool singleArithmetic = GetParam().isSingleArithmetic(),
               singleFunction = (GetParam().precision == SurrogateForce::Single);
    // Positions in single precision are off by up to 1e-3 of the displacement of a particle in such a step, at random.
    const double step = (singleArithmetic ? 0.01 : 1e-5);
    double tolerance = (singleFunction ? 1e-6 : 1e-9);
    if (singleArithmetic)
        tolerance = (GetParam().hasSinglePositions() ? 1e-4 : 1e-5);
    const vector<Vec3> gradient = context.getState(State::Forces).getForces();
    vector<Vec3> random = makeGas(positions.size(), 2.0);
    for (Vec3& direction : random)
        direction -= Vec3(1, 1, 1);
    const double alongGradient = findDerivativeError(context, gradient, step),
                 alongRandom = findDerivativeError(context, random, step);
    printf("%s: derivative differs by %.1e along the gradient, %.1e along a random direction (allowed %.0e)\n",
           GetParam().getName().c_str(), alongGradient, alongRandom, tolerance);
    EXPECT_LE(alongGradient, tolerance);
    EXPECT_LE(alongRandom, tolerance);
}

TEST_P(SurrogateForceOnPlatform, SeveralForcesAddUpAndObeyGroups) {
    const Box box = makeBoxes(argonCutoff, 1.2)[0];
    const vector<Vec3> positions = makeFluid(box, 0.36);
    SurrogateSystem system(makeMixtureModel(), makeTypes(positions.size(), 3, 1), positions);
    system.setBox(box);
    SurrogateForce* second = new SurrogateForce(makeArgonLikeModel());
    second->setEvaluationMethod(GetParam().method);
    second->setPrecision(GetParam().precision);
    second->setTableTolerance(tableTolerance);
    second->setForceGroup(3);
    for (int type : makeTypes(positions.size(), 1, 2))
        second->addParticle(type);
    system.getSystem().addForce(second);
    Context& context = system.createContext(GetParam());
    const double error1 = system.getForce().getTableErrorInContext(context),
                 error2 = second->getTableErrorInContext(context);
    Vec3 vectors[3] = {box.a, box.b, box.c};
    ForcesAndEnergy expected1 = computeAllPairs(system.getForce(), positions, vectors, GetParam().precision);
    const ForcesAndEnergy expected2 = computeAllPairs(*second, positions, vectors, GetParam().precision);
    expectAgreement(getForcesAndEnergy(context, 1 << 0), expected1, GetParam(), error1);
    expectAgreement(getForcesAndEnergy(context, 1 << 3), expected2, GetParam(), error2);
    EXPECT_EQ(0, getForcesAndEnergy(context, 1 << 1).energy);
    for (size_t i = 0; i < positions.size(); i++) {
        expected1.forces[i] += expected2.forces[i];
        expected1.forceScales[i] += expected2.forceScales[i];
    }
    expected1.energy += expected2.energy;
    expected1.energyScale += expected2.energyScale;
    expected1.tableEnergyScale += expected2.tableEnergyScale;
    expectAgreement(getForcesAndEnergy(context), expected1, GetParam(), std::max(error1, error2));
}

TEST_P(SurrogateForceOnPlatform, TakesOverTypesAndModel) {
    const Box box = makeBoxes(argonCutoff, 1.2)[1];
    const vector<Vec3> positions = makeFluid(box, 0.36);
    SurrogateSystem system(makeMixtureModel(), makeTypes(positions.size(), 3, 1), positions);
    system.setBox(box);
    Context& context = system.createContext(GetParam());
    getForcesAndEnergy(context);
    const vector<int> types = makeTypes(positions.size(), 3, 2);
    for (size_t i = 0; i < types.size(); i++)
        system.getForce().setParticleType((int) i, types[i]);
    SurrogateModel model = makeMixtureModel();
    model.setPairNetwork(0, 0, 2);
    model.setPairNetwork(1, 2, 0);
    model.setEnergyOffset(1, 7.5);
    system.getForce().setModel(model);
    system.getForce().updateParametersInContext(context);
    expectAgreement(getForcesAndEnergy(context), computeAllPairs(system, GetParam().precision), GetParam(),
                    system.getForce().getTableErrorInContext(context));
}

TEST_P(SurrogateForceOnPlatform, FollowsPositionsAndBox) {
    // Small moves, which a pair list survives, large ones, and changes of the box.
    const Box box = makeBoxes(argonCutoff, 1.3)[3];
    const vector<Vec3> start = makeFluid(box, 0.36), moves = makeGas(start.size(), 1.0, 7);
    SurrogateSystem system(makeArgonLikeModel(), allOfType(0, start), start);
    system.setBox(box);
    Context& context = system.createContext(GetParam());
    for (double distance : {0.0, 0.01, 0.02, 0.04, 0.08, 0.2, 0.0})
        for (double scale : {1.0, 1.02}) {
            SCOPED_TRACE("moved by " + std::to_string(distance) + " nm, box times " + std::to_string(scale));
            vector<Vec3> positions = start;
            for (size_t i = 0; i < start.size(); i++)
                positions[i] = (start[i] + moves[i] * distance) * scale;
            Vec3 vectors[3] = {box.a * scale, box.b * scale, box.c * scale};
            context.setPeriodicBoxVectors(vectors[0], vectors[1], vectors[2]);
            context.setPositions(positions);
            expectAgreement(getForcesAndEnergy(context),
                            computeAllPairs(system.getForce(), positions, vectors, GetParam().precision), GetParam(),
                            system.getForce().getTableErrorInContext(context));
        }
}

TEST_P(SurrogateForceOnPlatform, ReportsTheTableError) {
    SurrogateSystem system(makeMixtureModel(), {0, 1, 2}, makeGas(3, 1.0));
    const double error = system.getForce().getTableErrorInContext(system.createContext(GetParam()));
    if (!GetParam().usesTable())
        EXPECT_EQ(0, error);
    else if (GetParam().precision == SurrogateForce::Double)
        EXPECT_LE(error, tableTolerance);
    else // the steps of a function rounded to single precision, which no table can follow, come on top
        EXPECT_LE(error, 1e-4);
}

TEST_P(SurrogateForceOnPlatform, IsReproducible) {
    const Box box = makeArgonBox(500);
    const vector<Vec3> positions = makeFluid(box, 0.35);
    ForcesAndEnergy results[2];
    for (auto& result : results) {
        SurrogateSystem system(makeArgonLikeModel(), allOfType(0, positions), positions);
        system.setBox(box);
        Context& context = system.createContext(GetParam());
        context.getIntegrator().step(20);
        result = getForcesAndEnergy(context);
    }
    EXPECT_EQ(results[0].energy, results[1].energy);
    EXPECT_EQ(results[0].forces, results[1].forces);
}

TEST(SurrogateForceOnCpu, DoesNotDependOnTheNumberOfThreads) {
    loadPlugins();
    const Box box = makeArgonBox(500);
    const vector<Vec3> positions = makeFluid(box, 0.35);
    vector<ForcesAndEnergy> results;
    for (const char* threads : {"1", "2", "3", "8"}) {
        SurrogateSystem system(makeArgonLikeModel(), allOfType(0, positions), positions);
        system.setBox(box);
        VerletIntegrator integrator(0.002);
        Context context(system.getSystem(), integrator, Platform::getPlatform("CPU"), {{"Threads", threads}});
        context.setPositions(positions);
        results.push_back(getForcesAndEnergy(context));
    }
    for (auto& result : results) {
        EXPECT_EQ(results[0].energy, result.energy);
        EXPECT_EQ(results[0].forces, result.forces);
    }
}

TEST(SurrogateForcePrecision, DefaultDependsOnModelAndPlatform) {
    loadPlugins();
    const vector<Vec3> positions = makeFluid(makeBoxes(1.0, 1.0)[0], 0.4);
    for (const char* platform : {"Reference", "CPU"})
        for (NumericFormat::Type format : {NumericFormat::Default, NumericFormat::BFloat16}) {
            SurrogateModel model = makeArgonLikeModel();
            model.setFormat(format);
            SurrogateSystem system(model, allOfType(0, positions), positions);
            const NumericFormat::Type own =
                (std::string(platform) == "Reference" ? NumericFormat::Double : NumericFormat::Single);
            const NumericFormat::Type expected = (format == NumericFormat::Default ? own : format);
            const PlatformCase unset = {platform, SurrogateForce::Network, SurrogateForce::Default};
            const PlatformCase chosen = {platform, SurrogateForce::Network, expected};
            expectAgreement(getForcesAndEnergy(system.createContext(unset)), computeAllPairs(system, expected), chosen,
                            0);
        }
}

class ReducedPrecision : public testing::TestWithParam<NumericFormat::Type> {};

INSTANTIATE_TEST_SUITE_P(Formats, ReducedPrecision,
                         testing::Values(NumericFormat::TF32, NumericFormat::BFloat16, NumericFormat::Float16,
                                         NumericFormat::Float8, NumericFormat::Int8, NumericFormat::Int4),
                         [](const auto& info) { return NumericFormat::getName(info.param); });

TEST_P(ReducedPrecision, IsEmulatedOnHostPlatforms) {
    loadPlugins();
    const Box box = makeBoxes(argonCutoff, 1.2)[0];
    const vector<Vec3> positions = makeFluid(box, 0.4);
    SurrogateSystem system(makeArgonLikeModel(), allOfType(0, positions), positions);
    system.setBox(box);
    const ForcesAndEnergy expected = computeAllPairs(system, GetParam());
    const double effect = findForceError(expected.forces, computeAllPairs(system, NumericFormat::Double).forces);
    printf("%s changes forces by up to %.1e of their RMS\n", NumericFormat::getName(GetParam()).c_str(), effect);
    EXPECT_GT(effect, 1e-7);
    for (const char* platform : {"Reference", "CPU"}) {
        const PlatformCase platformCase = {platform, SurrogateForce::Network, GetParam()};
        expectAgreement(getForcesAndEnergy(system.createContext(platformCase)), expected, platformCase, 0);
    }
}
