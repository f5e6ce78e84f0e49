// SPDX-License-Identifier: MIT
#include "TestModels.h"
#include "TestNetworks.h"
#include "openmmsurrogate/SurrogateModel.h"
#include "openmmsurrogate/internal/PairFunction.h"
#include <gtest/gtest.h>
#include <cmath>
#include <limits>
#include <thread>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using std::string;
using std::vector;

namespace {

const double infinity = std::numeric_limits<double>::infinity();

/** A network whose output is a constant. */
PairNetwork makeConstantNetwork(double value) {
    PairNetwork network({1, 1}, {{0.0f}}, {{0.0f}});
    network.setOutputStandardization(value, 1.0);
    return network;
}

} // namespace

TEST(SurrogateModel, hasDocumentedDefaults) {
    const SurrogateModel model({"A", "B"}, 1.25);
    EXPECT_EQ(model.getCutoff(), 1.25);
    EXPECT_EQ(model.getNumTypes(), 2);
    EXPECT_EQ(model.getTypeNames(), vector<string>({"A", "B"}));
    EXPECT_EQ(model.getNumNetworks(), 0);
    EXPECT_EQ(model.getPairNetwork(0, 1), SurrogateModel::Undefined);
    EXPECT_EQ(model.getEnergyOffset(1), 0);
    EXPECT_EQ(model.getFormat(), NumericFormat::Default);
    EXPECT_TRUE(model.getEndLayersSingle());
    EXPECT_EQ(model.getWeightGroupSize(), 16);
    EXPECT_EQ(model.getProvenance(), "{}");
}

TEST(SurrogateModel, refusesBadTypesAndCutoffs) {
    expectException([] { SurrogateModel({}, 1); }, "there must be 1 to 256 particle types; got 0");
    expectException([] { SurrogateModel(vector<string>(257, "A"), 1); }, "got 257");
    expectException([] { SurrogateModel({"A", ""}, 1); }, "not empty");
    expectException([] { SurrogateModel({"A", "B", "A"}, 1); }, "two particle types are named 'A'");
    expectException([] { SurrogateModel({"\xff"}, 1); }, "'?' is not valid UTF-8");
    for (double cutoff : {0.0, -1.0, infinity, std::nan("")})
        expectException([=] { SurrogateModel({"A"}, cutoff); }, "the cutoff must be positive and finite");
}

TEST(SurrogateModel, findsTypesByName) {
    const SurrogateModel model({"Na", "Cl"}, 1);
    EXPECT_EQ(model.getTypeIndex("Cl"), 1);
    expectException([&] { model.getTypeIndex("K"); }, "there is no particle type 'K'; the types are: Na, Cl");
}

TEST(SurrogateModel, keepsPairNetworksSymmetric) {
    SurrogateModel model({"A", "B", "C"}, 1);
    const int first = model.addNetwork(makeConstantNetwork(1)), second = model.addNetwork(makeConstantNetwork(2));
    model.setPairNetwork(0, 2, second);
    model.setPairNetwork(1, 0, first);
    model.setPairNetwork(2, 2, SurrogateModel::NonInteracting);
    EXPECT_EQ(model.getPairNetwork(2, 0), second);
    EXPECT_EQ(model.getPairNetwork(0, 1), first);
    EXPECT_EQ(model.getPairNetwork(2, 2), SurrogateModel::NonInteracting);
    EXPECT_EQ(model.getPairNetwork(0, 0), SurrogateModel::Undefined);
    EXPECT_EQ(model.computeForce(2, 0, 0.5), 2);
    EXPECT_EQ(model.computeForce(2, 2, 0.5), 0);
    EXPECT_EQ(model.computeEnergy(2, 2, 0.5), 0);
}

TEST(SurrogateModel, replacesANetworkForAllItsPairs) {
    SurrogateModel model({"A", "B"}, 1);
    const int shared = model.addNetwork(makeConstantNetwork(1));
    model.setPairNetwork(0, 0, shared);
    model.setPairNetwork(0, 1, shared);
    EXPECT_EQ(model.computeForce(0, 0, 0.5), 1);
    const SurrogateModel copy = model;
    model.setNetwork(shared, makeConstantNetwork(3));
    EXPECT_EQ(model.computeForce(0, 0, 0.5), 3);
    EXPECT_EQ(model.computeForce(1, 0, 0.5), 3);
    EXPECT_EQ(model.getForceScale(), 3);
    EXPECT_EQ(copy.computeForce(0, 0, 0.5), 1);
}

TEST(SurrogateModel, refusesIndicesOutOfRange) {
    SurrogateModel model = makeSimpleModel();
    expectException([&] { model.getNetwork(1); }, "there is no network 1; there are 1");
    expectException([&] { model.getNetwork(-1); }, "there is no network -1");
    expectException([&] { model.setNetwork(1, makeConstantNetwork(1)); }, "there is no network 1");
    expectException([&] { model.setPairNetwork(0, 0, 1); }, "there is no network 1");
    expectException([&] { model.setPairNetwork(0, 0, SurrogateModel::Undefined); }, "there is no network -1");
    expectException([&] { model.setPairNetwork(0, 1, 0); }, "there is no particle type 1; there are 1");
    expectException([&] { model.getPairNetwork(-1, 0); }, "there is no particle type -1");
    expectException([&] { model.getEnergyOffset(1); }, "there is no particle type 1");
    expectException([&] { model.setEnergyOffset(1, 0.0); }, "there is no particle type 1");
    expectException([&] { model.computeForce(0, 1, 0.5); }, "there is no particle type 1");
    expectException([&] { model.getPairFunction(3, NumericFormat::Double); }, "there is no network 3");
    EXPECT_EQ(model.getPairNetwork(0, 0), 0);
}

TEST(SurrogateModel, refusesBadValues) {
    SurrogateModel model = makeSimpleModel();
    for (double bad : {infinity, std::nan("")}) {
        expectException([&] { model.setEnergyOffset(0, bad); }, "energy offset");
        expectException([&] { model.setForceScale(bad); }, "force scale");
        expectException([&] { model.computeForce(0, 0, bad); }, "the distance must be finite and not negative");
        expectException([&] { model.computeEnergy(0, 0, bad); }, "the distance must be finite and not negative");
    }
    expectException([&] { model.setForceScale(-1); }, "got -1 kJ/mol/nm");
    expectException([&] { model.computeForce(0, 0, -0.1); }, "got -0.1 nm");
    expectException([&] { model.setWeightGroupSize(0); }, "weight group size");
    expectException([&] { model.setFormat((NumericFormat::Type) 15); }, "15");
    expectException([&] { model.computeForce(0, 0, 0.5, (NumericFormat::Type) 9); }, "9");
    PairNetwork network = makeConstantNetwork(1);
    network.setCore(0.85);
    expectException([&] { model.addNetwork(network); }, "must be below the cutoff, 0.85 nm");
    expectException([&] { model.setNetwork(0, network); }, "must be below the cutoff, 0.85 nm");
    EXPECT_EQ(model.getNumNetworks(), 1);
}

TEST(SurrogateModel, namesTheTypesOfAnUndefinedPair) {
    const SurrogateModel model({"Na", "Cl"}, 1);
    expectException([&] { model.computeForce(0, 1, 0.5); }, "the types Na and Cl have no network");
    expectException([&] { model.computeEnergy(0, 1, 0.5); }, "the types Na and Cl have no network");
}

TEST(SurrogateModel, keepsProvenanceInNormalForm) {
    SurrogateModel model({"A"}, 1);
    model.setProvenance("{ \"b\": 1,\n \"a\": \"\xc3\xa9\" }");
    EXPECT_EQ(model.getProvenance(), "{\"a\":\"\\u00e9\",\"b\":1}");
    expectException([&] { model.setProvenance("[1]"); }, "must be a JSON object; it is of type array");
    expectException([&] { model.setProvenance("{"); }, "is not valid JSON");
    expectException([&] { model.setProvenance("{\"a\":1,\"a\":2}"); }, "has the key 'a' twice");
    expectException([&] { model.setProvenance("{\"a\":\"\xff\"}"); }, "is not valid JSON");
    expectException([&] { model.setProvenance("{\"a\":" + string(100000, '[')); }, "nested more than");
    EXPECT_EQ(model.getProvenance(), "{\"a\":\"\\u00e9\",\"b\":1}");
}

TEST(SurrogateModel, sharesFunctionsBetweenCopiesUntilOneChanges) {
    SurrogateModel model = makeSimpleModel();
    const SurrogateModel copy = model;
    const auto function = model.getPairFunction(0, NumericFormat::BFloat16);
    EXPECT_EQ(copy.getPairFunction(0, NumericFormat::BFloat16), function);
    EXPECT_EQ(copy.getPairFunction(0, NumericFormat::Default), model.getPairFunction(0, NumericFormat::Double));
    const double force = model.computeForce(0, 0, 0.5, NumericFormat::BFloat16);
    model.setEndLayersSingle(false);
    EXPECT_NE(model.getPairFunction(0, NumericFormat::BFloat16), function);
    EXPECT_NE(model.computeForce(0, 0, 0.5, NumericFormat::BFloat16), force);
    EXPECT_EQ(copy.getPairFunction(0, NumericFormat::BFloat16), function);
    EXPECT_EQ(copy.computeForce(0, 0, 0.5, NumericFormat::BFloat16), force);
}

TEST(SurrogateModel, makesEachFunctionOnceForManyThreads) {
    const SurrogateModel model = makeSimpleModel();
    vector<std::shared_ptr<const PairFunction> > found(8);
    vector<std::thread> threads;
    for (auto& function : found)
        threads.emplace_back([&] { function = model.getPairFunction(0, NumericFormat::Single); });
    for (std::thread& thread : threads)
        thread.join();
    for (const auto& function : found)
        EXPECT_EQ(function, found[0]);
    EXPECT_NE(found[0], nullptr);
}

TEST(SurrogateModel, findsForceScaleInTheOuterHalf) {
    SurrogateModel model({"A"}, 1.0);
    expectException([&] { model.getForceScale(); }, "call setForceScale()");
    model.addNetwork(makeConstantNetwork(0));
    expectException([&] { model.getForceScale(); }, "call setForceScale()");
    // w = 2 - 4 s: with rmin = 0.2 the outer half begins at 0.6 and |w| grows from 0.4 there to 2 at the cutoff.
    PairNetwork line({1, 1}, {{-4.0f}}, {{2.0f}});
    line.setCore(0.2);
    model.addNetwork(line);
    const double gridError = 0.01; // the largest value is looked for on a grid
    EXPECT_NEAR(model.getForceScale(), 2.0, gridError);
    // w = 10 (1 - s) falls: 10*0.4 where the outer half begins, and more inside, which must not count.
    PairNetwork falling({1, 1}, {{-10.0f}}, {{10.0f}});
    falling.setCore(0.2);
    model.addNetwork(falling);
    EXPECT_NEAR(model.getForceScale(), 4.0, gridError);
    EXPECT_EQ(SurrogateModel(model).getForceScale(), model.getForceScale());
    model.setForceScale(7.5);
    EXPECT_EQ(model.getForceScale(), 7.5);
    model.setForceScale(0);
    EXPECT_NEAR(model.getForceScale(), 4.0, gridError);
}

TEST(SurrogateModel, energyIsTheIntegralOfTheForce) {
    const SurrogateModel model = makeSimpleModel();
    for (double r = 0.1; r < 0.85; r += 0.05) {
        const double h = 1e-5;
        const double difference = -(model.computeEnergy(0, 0, r + h) - model.computeEnergy(0, 0, r - h)) / (2 * h);
        EXPECT_NEAR(difference, model.computeForce(0, 0, r),
                    1e-5 * model.getForceScale() + 1e-6 * std::fabs(difference))
            << "r = " << r;
    }
    EXPECT_EQ(model.computeEnergy(0, 0, 0.85), 0);
    EXPECT_EQ(model.computeForce(0, 0, 0.85), 0);
    EXPECT_EQ(model.computeForce(0, 0, 2.0), 0);
}
