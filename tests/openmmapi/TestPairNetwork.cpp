// SPDX-License-Identifier: MIT
#include "TestNetworks.h"
#include <gtest/gtest.h>
#include <openmm/OpenMMException.h>
#include <cmath>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using OpenMM::OpenMMException;
using std::vector;

namespace {

const vector<vector<float> > weights = {{1, 2}, {3, 4}}, biases = {{0, 1}, {2}};

} // namespace

TEST(PairNetwork, KeepsItsArrays) {
    const PairNetwork network({1, 2, 1}, weights, biases);
    EXPECT_EQ(2, network.getNumLayers());
    for (int l = 0; l < 2; l++) {
        EXPECT_EQ(weights[l], network.getWeights(l));
        EXPECT_EQ(biases[l], network.getBiases(l));
    }
    EXPECT_EQ(PairNetwork::Tanh, network.getActivation());
    EXPECT_EQ(PairNetwork::ForceWeight, network.getOutput());
    EXPECT_THROW(network.getWeights(2), OpenMMException);
    EXPECT_THROW(network.getBiases(-1), OpenMMException);
}

TEST(PairNetwork, RefusesArraysThatDoNotFit) {
    EXPECT_THROW(PairNetwork({1}, {}, {}), OpenMMException);
    EXPECT_THROW(PairNetwork({1, 3, 1}, weights, biases), OpenMMException);
    EXPECT_THROW(PairNetwork({2, 1, 1}, {{1, 2}, {3}}, {{0}, {1}}), OpenMMException);
    EXPECT_THROW(PairNetwork({1, 2, 2}, {{1, 2}, {3, 4, 5, 6}}, {{0, 1}, {2, 3}}), OpenMMException);
    EXPECT_THROW(PairNetwork({1, -2, 1}, weights, biases), OpenMMException);
    EXPECT_THROW(PairNetwork({1, 100000, 1}, weights, biases), OpenMMException);
    EXPECT_THROW(PairNetwork({1, 2, 1}, weights, {{0, 1}}), OpenMMException);
    EXPECT_THROW(PairNetwork({1, 2, 1}, {{1, NAN}, {3, 4}}, biases), OpenMMException);
    EXPECT_THROW(PairNetwork({1, 2, 1}, weights, {{0, INFINITY}, {2}}), OpenMMException);
    EXPECT_THROW(PairNetwork({1, 2, 1}, weights, biases, (PairNetwork::Activation) 7), OpenMMException);
    EXPECT_THROW(PairNetwork({1, 2, 1}, weights, biases, PairNetwork::Tanh, (PairNetwork::Output) -1), OpenMMException);
}

TEST(PairNetwork, RefusesBadSettings) {
    PairNetwork network({1, 2, 1}, weights, biases);
    EXPECT_THROW(network.setOutputStandardization(0, 0), OpenMMException);
    EXPECT_THROW(network.setOutputStandardization(NAN, 1), OpenMMException);
    EXPECT_THROW(network.setCore(-0.1), OpenMMException);
    EXPECT_THROW(network.setCore(0.1, 0), OpenMMException);
    EXPECT_THROW(network.setTrainingHistogram({1, -1}), OpenMMException);
    EXPECT_THROW(network.setActivationCoefficients({1, 1}), OpenMMException);
    EXPECT_THROW(network.setLayerQuantization(2, {}), OpenMMException);
    EXPECT_THROW(network.setLayerQuantization(0, {{1, 2, 3}, {}, {}}), OpenMMException);
    EXPECT_THROW(network.setLayerQuantization(0, {{1, -2}, {}, {}}), OpenMMException);
    EXPECT_THROW(network.setLayerQuantization(1, {{1}, {1, 2}, {0}}), OpenMMException);
    EXPECT_THROW(network.setLayerQuantization(1, {{1}, {1, 2}, {0, 200}}), OpenMMException);
    network.setLayerQuantization(1, {{1}, {1, 2}, {0, -3}});
    EXPECT_EQ(-3, network.getLayerQuantization(1).activationZeroPoints[1]);
}

TEST(PairNetwork, ClampedPolynomialHasCoefficients) {
    PairNetwork network({1, 2, 1}, weights, biases, PairNetwork::ClampedPolynomial);
    EXPECT_EQ(vector<double>({1, 1}), network.getActivationCoefficients());
    EXPECT_THROW(network.setActivationCoefficients({}), OpenMMException);
    EXPECT_THROW(network.setActivationCoefficients({-1, 1}), OpenMMException);
    network.setActivationCoefficients({1.5, 1, -4.0 / 27});
    EXPECT_EQ(3, (int) network.getActivationCoefficients().size());
}
