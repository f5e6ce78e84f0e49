// SPDX-License-Identifier: MIT
#include "TestNetworks.h"
#include "openmmsurrogate/internal/PairFunction.h"
#include <gtest/gtest.h>
#include <openmm/OpenMMException.h>
#include <cmath>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using OpenMM::OpenMMException;
using std::vector;

namespace {

const double cutoff = 0.85;

FormatScheme plain(NumericFormat::Type format) {
    return {format, true, 16};
}

/** The forward pass written as the formula says, and nothing else. */
double evaluateNaively(const PairNetwork& network, double r) {
    vector<double> h = {r / cutoff};
    for (int l = 0; l < network.getNumLayers(); l++) {
        const int inputs = network.getWidths()[l], outputs = network.getWidths()[l + 1];
        vector<double> z(outputs);
        for (int o = 0; o < outputs; o++) {
            z[o] = network.getBiases(l)[o];
            for (int i = 0; i < inputs; i++)
                z[o] += (double) network.getWeights(l)[o * inputs + i] * h[i];
            if (l + 1 < network.getNumLayers()) {
                const double c = 1.875, x = std::min(c, std::max(-c, z[o]));
                if (network.getActivation() == PairNetwork::Tanh)
                    z[o] = std::tanh(z[o]);
                else if (network.getActivation() == PairNetwork::SiLU)
                    z[o] = z[o] / (1 + std::exp(-z[o]));
                else
                    z[o] = x - 2 / (3 * c * c) * std::pow(x, 3) + std::pow(x, 5) / (5 * std::pow(c, 4));
            }
        }
        h = z;
    }
    return network.getOutputMean() + network.getOutputStandardDeviation() * h[0];
}

/** Composite Gauss-Legendre rule with 5 points on 400 panels. */
double integrate(const PairFunction& function, double low, double high) {
    const double nodes[] = {0, 0.5384693101056831, -0.5384693101056831, 0.9061798459386640, -0.9061798459386640};
    const double factors[] = {0.5688888888888889, 0.4786286704993665, 0.4786286704993665, 0.2369268850561891,
                              0.2369268850561891};
    double sum = 0;
    const double half = 0.5 * (high - low) / 400;
    for (int panel = 0; panel < 400; panel++)
        for (int k = 0; k < 5; k++)
            sum += half * factors[k] * function.computeForce(low + half * (2 * panel + 1 + nodes[k]));
    return sum;
}

vector<NetworkOptions> listNetworks() {
    vector<NetworkOptions> list;
    for (auto activation : {PairNetwork::Tanh, PairNetwork::SiLU, PairNetwork::ClampedPolynomial})
        for (auto output : {PairNetwork::ForceWeight, PairNetwork::Energy})
            for (const vector<int>& widths :
                 {vector<int>{1, 64, 64, 64, 1}, vector<int>{1, 16, 1}, vector<int>{1, 1}}) {
                NetworkOptions options;
                options.activation = activation;
                options.output = output;
                options.widths = widths;
                list.push_back(options);
            }
    return list;
}

class PairFunctionOfNetwork : public testing::TestWithParam<NetworkOptions> {};

} // namespace

TEST_P(PairFunctionOfNetwork, FollowsTheFormula) {
    const PairNetwork network = makeRandomNetwork(1, GetParam());
    const PairFunction function(network, cutoff, plain(NumericFormat::Double));
    const double scale = function.findLargestForce(0.3, cutoff), h = 1e-4;
    const double atCutoff = evaluateNaively(network, cutoff);
    for (double r = 0.31; r < 0.84; r += 0.0137) {
        if (network.getOutput() == PairNetwork::ForceWeight) {
            EXPECT_NEAR(evaluateNaively(network, r), function.computeForce(r), 1e-13 * scale);
        } else {
            EXPECT_NEAR(evaluateNaively(network, r) - atCutoff, function.computeEnergy(r), 1e-13 * scale);
            const double slope = (8 * (evaluateNaively(network, r + h) - evaluateNaively(network, r - h)) -
                                  (evaluateNaively(network, r + 2 * h) - evaluateNaively(network, r - 2 * h))) /
                                 (12 * h);
            // The third derivative of a clamped polynomial jumps, which costs the difference formula its order.
            const double tolerance = network.getActivation() == PairNetwork::ClampedPolynomial ? 1e-5 : 1e-8;
            EXPECT_NEAR(-slope, function.computeForce(r), tolerance * scale);
        }
    }
}

TEST_P(PairFunctionOfNetwork, EnergyIsTheIntegralOfTheForce) {
    const PairFunction function(makeRandomNetwork(2, GetParam()), cutoff, plain(NumericFormat::Double));
    const double depth = std::fabs(function.computeEnergy(0.3));
    // The quadrature of the test, not the energy, limits the agreement where a derivative jumps.
    const double tolerance = GetParam().activation == PairNetwork::ClampedPolynomial ? 1e-8 : 1e-10;
    for (double r : {0.0, 0.1, 0.3, 0.31, 0.4321, 0.6, 0.8499}) {
        const double core = r < 0.3 ? integrate(function, r, 0.3 * (1 - 1e-15)) : 0.0;
        EXPECT_NEAR(core + integrate(function, std::max(r, 0.3), cutoff * (1 - 1e-15)), function.computeEnergy(r),
                    tolerance * depth)
            << r;
    }
    EXPECT_EQ(0, function.computeEnergy(cutoff));
    EXPECT_EQ(0, function.computeForce(cutoff));
    EXPECT_EQ(0, function.computeForce(2 * cutoff));
}

TEST_P(PairFunctionOfNetwork, CoreJoinsSmoothly) {
    const PairFunction function(makeRandomNetwork(3, GetParam()), cutoff, plain(NumericFormat::Double));
    const double r = 0.3, h = 1e-6, scale = function.findLargestForce(0.0, cutoff);
    EXPECT_NEAR(function.computeForce(r), function.computeForce(r - 1e-13), 1e-10 * scale);
    const double below = (function.computeForce(r - h) - function.computeForce(r - 2 * h)) / h;
    const double above = (function.computeForce(r + h) - function.computeForce(r)) / h;
    EXPECT_NEAR(above, below, 1e-3 * (scale / r + std::fabs(above)));
    EXPECT_NEAR(function.computeEnergy(r), function.computeEnergy(r - 1e-13), 1e-12 * scale);
    EXPECT_EQ(0, function.computeForce(0));
    EXPECT_TRUE(std::isfinite(function.computeEnergy(0)));
}

INSTANTIATE_TEST_SUITE_P(Networks, PairFunctionOfNetwork, testing::ValuesIn(listNetworks()),
                         [](const auto& info) { return describe(info.param); });

TEST(PairFunction, CoreIsStrictlyRepulsiveWhereTheNetworkIs) {
    // w = 50 - 60 s: repulsive and rising inward at the minimum distance.
    PairNetwork network({1, 1}, {{-60}}, {{50}});
    network.setCore(0.3);
    const PairFunction function(network, cutoff, plain(NumericFormat::Double));
    double previous = function.computeEnergy(0.3);
    for (int k = 1; k <= 300; k++) {
        const double r = 0.3 - 0.001 * k;
        if (k < 300) {
            EXPECT_GT(function.computeForce(r), 0) << r;
        }
        EXPECT_GT(function.computeEnergy(std::max(0.0, r)), previous) << r;
        previous = function.computeEnergy(std::max(0.0, r));
    }
}

TEST(PairFunction, CoreEndsRepulsiveWhereTheNetworkIsNot) {
    PairNetwork network({1, 1}, {{60}}, {{-50}}); // attractive, and more so inward
    network.setCore(0.3);
    const PairFunction function(network, cutoff, plain(NumericFormat::Double));
    EXPECT_LT(function.computeForce(0.3), 0);
    EXPECT_GT(function.computeForce(0.1), 0);
    EXPECT_GT(function.computeEnergy(0), function.computeEnergy(0.3));
}

TEST(PairFunction, FormatsRoundAsMuchAsTheyShould) {
    const PairNetwork network = makeRandomNetwork(4);
    const PairFunction exact(network, cutoff, plain(NumericFormat::Double));
    auto rmsError = [&](const FormatScheme& scheme) {
        const PairFunction rounded(network, cutoff, scheme);
        double sum = 0, norm = 0;
        for (double r = 0.3; r < cutoff; r += 0.001) {
            sum += std::pow(rounded.computeForce(r) - exact.computeForce(r), 2);
            norm += std::pow(exact.computeForce(r), 2);
        }
        return std::sqrt(sum / norm);
    };
    const double single = rmsError(plain(NumericFormat::Single)), tf32 = rmsError(plain(NumericFormat::TF32));
    const double bfloat16 = rmsError(plain(NumericFormat::BFloat16)), float16 = rmsError(plain(NumericFormat::Float16));
    const double float8 = rmsError(plain(NumericFormat::Float8)), int8 = rmsError(plain(NumericFormat::Int8));
    const double int4 = rmsError(plain(NumericFormat::Int4)),
                 allBFloat16 = rmsError({NumericFormat::BFloat16, false, 16});
    printf("RMS error over RMS force: single %.1e, tf32 %.1e, bfloat16 %.1e (all layers %.1e), float16 %.1e, float8 "
           "%.1e, int8 %.1e, int4 %.1e\n",
           single, tf32, bfloat16, allBFloat16, float16, float8, int8, int4);
    // Half a unit in the last place is 2^-(bits+1); a few layers and correlated weights make a small multiple of it.
    EXPECT_LT(single, 4 * std::ldexp(1, -24));
    EXPECT_GT(single, 0);
    for (double error : {tf32, float16}) {
        EXPECT_LT(error, 4 * std::ldexp(1, -11));
        EXPECT_GT(error, 0.1 * std::ldexp(1, -11));
    }
    EXPECT_GT(bfloat16 / float16, 2); // 8 times coarser steps
    EXPECT_LT(bfloat16 / float16, 32);
    EXPECT_GT(allBFloat16, bfloat16);
    EXPECT_GT(float8 / bfloat16, 2); // 16 times coarser steps
    EXPECT_LT(float8, 0.5);
    EXPECT_LT(int8, 0.1);
    EXPECT_LT(int4, 0.5);
}

TEST(PairFunction, StepwiseEnergyIsTheIntegralOfTheRoundedForce) {
    for (auto format : {NumericFormat::TF32, NumericFormat::BFloat16, NumericFormat::Float16, NumericFormat::Float8,
                        NumericFormat::Int8, NumericFormat::Int4}) {
        const PairFunction function(makeRandomNetwork(5), cutoff, plain(format));
        double sum = 0, largestStep = 0, previous = function.computeForce(0.4);
        const int n = 20000;
        const double h = 0.45 / n;
        for (int k = 0; k < n; k++) {
            const double w = function.computeForce(0.4 + (k + 0.5) * h);
            sum += h * w;
            largestStep = std::max(largestStep, std::fabs(w - previous));
            previous = w;
        }
        EXPECT_NEAR(sum, function.computeEnergy(0.4), 100 * largestStep * h) << NumericFormat::getName(format);
    }
}

TEST(PairFunction, UsesTheScalesOfTheModel) {
    PairNetwork network({1, 2, 1}, {{0.9f, -0.4f}, {1.0f, 0.5f}}, {{0, 0}, {0}});
    network.setLayerQuantization(0, {{1.0f, 1.0f}, {1.0f / 127}, {0}});
    network.setLayerQuantization(1, {{0.4f}, {0.01f, 0.02f}, {3, -5}});
    network.setCore(0.3);
    const PairFunction function(network, cutoff, {NumericFormat::Int8, false, 16});
    // s = 0.5 rounds to code 64; weights of layer 0 round to 1 and 0. Those of layer 1 are 1.0 * 0.01/0.02 = 0.5 and 0.5 before
    // they are rounded, codes 1 and 1 (1.25 and 1.25 steps): 0.4 * 0.02/0.01 = 0.8 and 0.4 as multiplied.
    const double s = 64.0 / 127, h0 = std::nearbyint(std::tanh(s) / 0.01f) * (double) 0.01f, h1 = 0;
    EXPECT_NEAR((double) 0.4f * 0.02f / 0.01f * h0 + 0.4f * h1, function.computeForce(0.5 * cutoff), 1e-12);
}

TEST(PairFunction, Int8IsASumOfIntegers) {
    NetworkOptions options;
    options.widths = {1, 16, 16, 16, 1};
    PairNetwork network = makeRandomNetwork(7, options);
    PairNetwork::LayerQuantization perChannel;
    for (int i = 0; i < 16; i++) {
        perChannel.activationScales.push_back(0.004f + 0.0005f * i);
        perChannel.activationZeroPoints.push_back(3 * i - 20);
    }
    network.setLayerQuantization(2, perChannel);
    const PairFunction function(network, cutoff, {NumericFormat::Int8, true, 16});
    const RoundedLayer& layer = function.getLayers()[2];
    ASSERT_EQ(NumericFormat::Int8, layer.format);
    for (int o = 0; o < 16; o++)
        for (int i = 0; i < 16; i++) {
            const int code = layer.weightCodes[o * 16 + i];
            EXPECT_LE(std::abs(code), 127);
            // What one step of an input adds to the sum.
            EXPECT_NEAR(layer.sumScales[o] * code, layer.weights[o * 16 + i] * layer.activationScales[i], 1e-15);
        }
    perChannel.weightScales.assign(32, 0.01f);
    network.setLayerQuantization(2, perChannel);
    EXPECT_THROW(PairFunction(network, cutoff, {NumericFormat::Int8, true, 16}), OpenMMException) << "two groups";
}

TEST(PairFunction, RefusesWhatItCannotRepresent) {
    PairNetwork network = makeRandomNetwork(6);
    EXPECT_THROW(PairFunction(network, 0.2, plain(NumericFormat::Double)), OpenMMException) << "cutoff inside the core";
    EXPECT_THROW(PairFunction(network, cutoff, plain(NumericFormat::Default)), OpenMMException);
    network.setCore(0.3, 1e9);
    EXPECT_THROW(PairFunction(network, cutoff, plain(NumericFormat::Double)), OpenMMException)
        << "force beyond fixed point";
    // Finite weights whose function is not, or is more than a force buffer holds: found when the function is made.
    PairNetwork large({1, 1}, {{-1e10f}}, {{0}}), infinite({1, 1}, {{1e38f}}, {{1e38f}});
    large.setCore(0.3);
    infinite.setOutputStandardization(0, 1e300);
    EXPECT_THROW(PairFunction(large, cutoff, plain(NumericFormat::Double)), OpenMMException);
    EXPECT_THROW(PairFunction(infinite, cutoff, plain(NumericFormat::Double)), OpenMMException);
    NetworkOptions options;
    options.output = PairNetwork::Energy;
    EXPECT_THROW(PairFunction(makeRandomNetwork(6, options), cutoff, plain(NumericFormat::Int8)), OpenMMException);
}
