// SPDX-License-Identifier: MIT
#include "TestModels.h"
#include "TestNetworks.h"
#include <gtest/gtest.h>
#include <openmm/OpenMMException.h>

using namespace SurrogatePlugin;
using std::string;

namespace SurrogateTest {

SurrogateModel makeFullModel() {
    SurrogateModel model({"Na", "Cl", "caf\xc3\xa9 <&\"'>"}, 0.85);
    NetworkOptions options;
    options.widths = {1, 4, 2, 1};
    options.minimumDistance = 0.21;
    PairNetwork first = makeRandomNetwork(1, options);
    first.setOutputStandardization(-1.0 / 3, 17.1);
    first.setCore(0.21, 12.5);
    first.setTrainingHistogram({0, 1, 1e17 / 3, 4});
    PairNetwork::LayerQuantization perGroup, perLayer;
    perGroup.weightScales = {0.1f, 0.2f, 0.3f, 0.4f};
    perGroup.activationScales = {0.01f, 0.02f, 0.03f, 0.04f};
    perGroup.activationZeroPoints = {-127, 0, 1, 127};
    perLayer.activationScales = {0.5f};
    perLayer.activationZeroPoints = {3};
    first.setLayerQuantization(1, perGroup);
    first.setLayerQuantization(2, perLayer);
    options.widths = {1, 3, 1};
    options.output = PairNetwork::Energy;
    options.activation = PairNetwork::ClampedPolynomial;
    PairNetwork second = makeRandomNetwork(2, options);
    second.setActivationCoefficients({2.5, 1.0, -0.1, 1e-300});
    model.addNetwork(first);
    model.addNetwork(second);
    model.setPairNetwork(0, 0, 0);
    model.setPairNetwork(1, 0, 1);
    model.setPairNetwork(1, 1, 0);
    model.setPairNetwork(2, 2, SurrogateModel::NonInteracting); // 0-2 and 1-2 stay undefined
    model.setForceScale(33.3);
    model.setEnergyOffset(0, -1.1);
    model.setEnergyOffset(2, 1e-9);
    model.setFormat(NumericFormat::Int4);
    model.setEndLayersSingle(false);
    model.setWeightGroupSize(2);
    model.setProvenance("{\"source\": \"made for a test \\u00e9\\n\", \"a\": {\"b\": [1, 2.5, null, true]}}");
    return model;
}

SurrogateModel makeSimpleModel(unsigned seed) {
    SurrogateModel model({"Ar"}, 0.85);
    NetworkOptions options;
    options.widths = {1, 8, 8, 1};
    model.setPairNetwork(0, 0, model.addNetwork(makeRandomNetwork(seed, options)));
    return model;
}

static void expectSameNetwork(const PairNetwork& a, const PairNetwork& b) {
    EXPECT_EQ(a.getWidths(), b.getWidths());
    EXPECT_EQ(a.getActivation(), b.getActivation());
    EXPECT_EQ(a.getActivationCoefficients(), b.getActivationCoefficients());
    EXPECT_EQ(a.getOutput(), b.getOutput());
    EXPECT_EQ(a.getOutputMean(), b.getOutputMean());
    EXPECT_EQ(a.getOutputStandardDeviation(), b.getOutputStandardDeviation());
    EXPECT_EQ(a.getMinimumDistance(), b.getMinimumDistance());
    EXPECT_EQ(a.getCoreStiffness(), b.getCoreStiffness());
    EXPECT_EQ(a.getTrainingHistogram(), b.getTrainingHistogram());
    ASSERT_EQ(a.getNumLayers(), b.getNumLayers());
    for (int layer = 0; layer < a.getNumLayers(); layer++) {
        EXPECT_EQ(a.getWeights(layer), b.getWeights(layer));
        EXPECT_EQ(a.getBiases(layer), b.getBiases(layer));
        EXPECT_EQ(a.getLayerQuantization(layer).weightScales, b.getLayerQuantization(layer).weightScales);
        EXPECT_EQ(a.getLayerQuantization(layer).activationScales, b.getLayerQuantization(layer).activationScales);
        EXPECT_EQ(a.getLayerQuantization(layer).activationZeroPoints,
                  b.getLayerQuantization(layer).activationZeroPoints);
    }
}

void expectSameModel(const SurrogateModel& a, const SurrogateModel& b) {
    EXPECT_EQ(a.getTypeNames(), b.getTypeNames());
    EXPECT_EQ(a.getCutoff(), b.getCutoff());
    EXPECT_EQ(a.getFormat(), b.getFormat());
    EXPECT_EQ(a.getEndLayersSingle(), b.getEndLayersSingle());
    EXPECT_EQ(a.getWeightGroupSize(), b.getWeightGroupSize());
    EXPECT_EQ(a.getProvenance(), b.getProvenance());
    ASSERT_EQ(a.getNumTypes(), b.getNumTypes());
    for (int i = 0; i < a.getNumTypes(); i++) {
        EXPECT_EQ(a.getEnergyOffset(i), b.getEnergyOffset(i));
        for (int j = 0; j < a.getNumTypes(); j++)
            EXPECT_EQ(a.getPairNetwork(i, j), b.getPairNetwork(i, j));
    }
    ASSERT_EQ(a.getNumNetworks(), b.getNumNetworks());
    for (int i = 0; i < a.getNumNetworks(); i++)
        expectSameNetwork(a.getNetwork(i), b.getNetwork(i));
    EXPECT_EQ(a.getForceScale(), b.getForceScale());
}

void expectException(const std::function<void()>& action, const string& message) {
    try {
        action();
    } catch (const OpenMM::OpenMMException& error) {
        EXPECT_NE(string(error.what()).find(message), string::npos)
            << "expected '" << message << "' in: " << error.what();
        return;
    }
    FAIL() << "there was no exception; expected one with '" << message << "'";
}

string replaceOnce(const string& text, const string& from, const string& to) {
    const size_t position = text.find(from);
    EXPECT_NE(position, string::npos) << "'" << from << "' is not in: " << text;
    if (position == string::npos)
        return text;
    EXPECT_EQ(text.find(from, position + 1), string::npos) << "'" << from << "' is more than once in: " << text;
    return string(text).replace(position, from.size(), to);
}

} // namespace SurrogateTest
