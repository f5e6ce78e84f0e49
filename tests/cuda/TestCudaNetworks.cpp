// SPDX-License-Identifier: MIT
/** Networks on the matrix units, in every numeric format, against platform Reference, which emulates the format in double. */
#include "ArgonLikeModel.h"
#include "ForceChecks.h"
#include "TestModels.h"
#include "TestNetworks.h"
#include "Tolerances.h"
#include <gtest/gtest.h>
#include <openmm/OpenMMException.h>
#include <cmath>

using namespace OpenMM;
using namespace SurrogatePlugin;
using namespace SurrogateTest;
using std::string;
using std::vector;

namespace {

class CudaNetworks : public PlatformTest {};

vector<PlatformCase> listCases() {
    vector<PlatformCase> cases = {{"CUDA", SurrogateForce::Network, SurrogateForce::Double, "double"},
                                  {"CUDA", SurrogateForce::Network, SurrogateForce::Single, "double"},
                                  {"CUDA", SurrogateForce::Network, SurrogateForce::BFloat16, "double"},
                                  {"CUDA", SurrogateForce::Network, SurrogateForce::Int8, "mixed"}};
    for (SurrogateForce::Precision precision :
         {SurrogateForce::Double, SurrogateForce::Single, SurrogateForce::TF32, SurrogateForce::BFloat16,
          SurrogateForce::Float16, SurrogateForce::Float8, SurrogateForce::Int8, SurrogateForce::Int4})
        cases.push_back({"CUDA", SurrogateForce::Network, precision, "single"});
    return cases;
}

/** Types A, B and C with a network of its own for A-A, another shape for A-B and B-B, a third for A-C; no force between B and C, and C and C. */
SurrogateModel makeMixtureOfShapes() {
    SurrogateModel model({"A", "B", "C"}, argonCutoff);
    model.addNetwork(makeArgonLikeNetwork(1, 0.34, {1, 64, 64, 64, 1}));
    model.addNetwork(makeArgonLikeNetwork(2, 0.32, {1, 32, 16, 1}));
    model.addNetwork(makeArgonLikeNetwork(3, 0.30, {1, 64, 64, 64, 1}));
    model.setPairNetwork(0, 0, 0);
    model.setPairNetwork(0, 1, 1);
    model.setPairNetwork(1, 1, 1);
    model.setPairNetwork(0, 2, 2);
    model.setPairNetwork(1, 2, SurrogateModel::NonInteracting);
    model.setPairNetwork(2, 2, SurrogateModel::NonInteracting);
    return model;
}

double findRmsError(const vector<Vec3>& forces, const vector<Vec3>& expected) {
    vector<Vec3> difference;
    for (size_t i = 0; i < expected.size(); i++)
        difference.push_back(forces[i] - expected[i]);
    const double rms = findRms(expected);
    return rms == 0 ? findRms(difference) : findRms(difference) / rms;
}

/**
 * Expect forces and energy on CUDA to be those of Reference in the same format, at the positions that the CUDA Context holds, within the
 * bound of the format. What the format itself does to the forces is printed beside it, for comparison.
 */
void expectReference(SurrogateSystem& system, const PlatformCase& platformCase, const string& name) {
    const Context& cuda = system.createContext(platformCase);
    const ForcesAndEnergy computed = getForcesAndEnergy(const_cast<Context&>(cuda));
    const vector<Vec3> positions = cuda.getState(State::Positions).getPositions();
    auto computeReference = [&](SurrogateForce::Precision precision) {
        Context& context = system.createContext({"Reference", SurrogateForce::Network, precision});
        context.setPositions(positions);
        return getForcesAndEnergy(context);
    };
    const ForcesAndEnergy expected = computeReference(platformCase.precision),
                          exact = computeReference(SurrogateForce::Double);
    const double error = findRmsError(computed.forces, expected.forces), bound = getNetworkTolerance(platformCase),
                 energyScale = std::max(1.0, (double) positions.size());
    printf("%-28s %-16s error %.1e of the RMS force (bound %.0e; the format itself: %.1e), energy %.1e kJ/mol per "
           "particle\n",
           platformCase.getName().c_str(), name.c_str(), error, bound, findRmsError(expected.forces, exact.forces),
           std::fabs(computed.energy - expected.energy) / energyScale);
    EXPECT_LE(error, bound) << name;
    EXPECT_LE(std::fabs(computed.energy - expected.energy) / energyScale, bound * 30) << name;
    EXPECT_LE(findNetForce(computed.forces), 1e-10) << name << ": a pair's two forces are one number and its negative";
}

vector<int> allOfOneType(const vector<Vec3>& positions) {
    return vector<int>(positions.size(), 0);
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Formats, CudaNetworks, testing::ValuesIn(listCases()), PlatformCaseName());

TEST_P(CudaNetworks, AgreeWithReferenceInAllStates) {
    const SurrogateModel model = makeArgonLikeModel({1, 64, 64, 64, 1});
    const Box liquid = makeArgonBox(600);
    for (double spacing :
         {0.35, 0.37}) { // the jitter of a solid is a tenth of a liquid's here: closer spacing, less room
        const vector<Vec3> positions = makeFluid(liquid, spacing);
        SurrogateSystem system(model, allOfOneType(positions), positions);
        system.setBox(liquid);
        expectReference(system, GetParam(), spacing < 0.36 ? "dense" : "liquid");
    }
    const vector<Vec3> gas = makeGas(300, 3.0); // some pairs are in the core
    SurrogateSystem system(model, allOfOneType(gas), gas);
    expectReference(system, GetParam(), "gas");
}

TEST_P(CudaNetworks, AgreeWithReferenceInMixtures) {
    for (int shape : {0, 3}) {
        const Box box = makeBoxes(argonCutoff, 1.1)[shape];
        const vector<Vec3> positions = makeFluid(box, 0.36);
        SurrogateSystem system(makeMixtureOfShapes(), makeTypes(positions.size(), 3), positions);
        system.setBox(box);
        for (size_t i = 0; i + 1 < positions.size(); i += 3)
            system.getForce().addExclusion(i, i + 1);
        expectReference(system, GetParam(), "mixture, " + box.name);
    }
}

TEST_P(CudaNetworks, AgreeForAllShapes) {
    const vector<Vec3> positions = makeGas(64, 1.6);
    const vector<NetworkOptions> shapes = [] {
        vector<NetworkOptions> list(5);
        list[0].widths = {1, 16, 1};
        list[1].widths = {1, 20, 40, 7, 1}; // padded
        list[1].activation = PairNetwork::SiLU;
        list[2].widths = {1, 128, 96, 1};
        list[2].activation = PairNetwork::ClampedPolynomial;
        list[3].widths = {1, 16, 32, 48, 32, 16, 1};
        list[3].activation = PairNetwork::SiLU;
        list[4].widths = {1, 64, 64, 1};
        list[4].output = PairNetwork::Energy;
        return list;
    }();
    for (const NetworkOptions& options : shapes)
        for (bool endLayersSingle : {true, false}) {
            if (options.output == PairNetwork::Energy && GetParam().precision == SurrogateForce::Int8)
                continue; // not defined
            PairNetwork network = makeRandomNetwork(3, options);
            if (options.activation == PairNetwork::ClampedPolynomial)
                network.setActivationCoefficients({1.5, 1.0, -4.0 / 27}); // flat at the clamp
            SurrogateModel model({"A"}, argonCutoff);
            model.setPairNetwork(0, 0, model.addNetwork(network));
            model.setEndLayersSingle(endLayersSingle);
            SurrogateSystem system(model, allOfOneType(positions), positions);
            expectReference(system, GetParam(), describe(options) + (endLayersSingle ? "" : ", ends rounded"));
        }
}

TEST_P(CudaNetworks, EnergiesBelongToTheForces) {
    const Box box = makeArgonBox(500);
    const vector<Vec3> positions = makeFluid(box, 0.36);
    SurrogateSystem system(makeArgonLikeModel({1, 64, 64, 64, 1}), allOfOneType(positions), positions);
    system.setBox(box);
    Context& context = system.createContext(GetParam());
    vector<Vec3> random = makeGas(positions.size(), 2.0);
    for (Vec3& direction : random)
        direction -= Vec3(1, 1, 1);
    const double error = findDerivativeError(context, random, 0.01);
    printf("%s: derivative of the energy differs by %.1e of the forces\n", GetParam().getName().c_str(), error);
    // Steps of rounded formats average out over many pairs; otherwise as for tables in single.
    EXPECT_LE(error, NumericFormat::isReduced(GetParam().precision) ? getNetworkTolerance(GetParam()) : 1e-4);
}

TEST_P(CudaNetworks, TakeOverAnotherModel) {
    const Box box = makeBoxes(argonCutoff, 1.1)[0];
    const vector<Vec3> positions = makeFluid(box, 0.36);
    SurrogateSystem system(makeMixtureOfShapes(), makeTypes(positions.size(), 3), positions);
    system.setBox(box);
    Context& context = system.createContext(GetParam());
    getForcesAndEnergy(context);
    SurrogateModel other = makeMixtureOfShapes();
    const int added = other.addNetwork(makeArgonLikeNetwork(4, 0.31, {1, 48, 48, 1}));
    other.setPairNetwork(2, 2, added);
    other.setPairNetwork(0, 0, 2);
    system.getForce().setModel(other);
    system.getForce().updateParametersInContext(context);
    const ForcesAndEnergy updated = getForcesAndEnergy(context);
    const ForcesAndEnergy fresh = getForcesAndEnergy(system.createContext(GetParam()));
    EXPECT_EQ(fresh.forces, updated.forces);
    EXPECT_EQ(fresh.energy, updated.energy);
}

TEST_P(CudaNetworks, RefuseWhatIsTooLarge) {
    SurrogateSystem wide(makeArgonLikeModel({1, 129, 1}), {0, 0}, makeGas(2, 1.0));
    expectException([&] { wide.createContext(GetParam()); }, "widths 1-129-1; use evaluation method Table");
    SurrogateSystem deep(makeArgonLikeModel({1, 8, 8, 8, 8, 8, 8, 1}), {0, 0}, makeGas(2, 1.0));
    expectException([&] { deep.createContext(GetParam()); }, "1 to 5 hidden layers");
}
