// SPDX-License-Identifier: MIT
// Random networks as TorchScript modules: our forces and energies against LibTorch's forward pass and autograd, in double.
#include "TestModels.h"
#include "TestNetworks.h"
#include "openmmsurrogate/TorchImport.h"
#include <gtest/gtest.h>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <torch/csrc/autograd/autograd.h>
#include <torch/script.h>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using std::string;
using std::vector;
using torch::jit::Module;

namespace {

const double cutoff = 0.85, minimumDistance = 0.3;

at::Tensor toTensor(const vector<float>& values, at::IntArrayRef shape) {
    return at::tensor(at::ArrayRef<float>(values)).reshape(shape);
}

Module makeLinear(const PairNetwork& network, int layer) {
    const int inputs = network.getWidths()[layer], outputs = network.getWidths()[layer + 1];
    Module linear("Linear");
    linear.register_parameter("weight", toTensor(network.getWeights(layer), {outputs, inputs}), false);
    linear.register_parameter("bias", toTensor(network.getBiases(layer), {outputs}), false);
    linear.define("def forward(self, x):\n  return torch.matmul(x, self.weight.t()) + self.bias\n");
    return linear;
}

Module makeActivation(const PairNetwork& network) {
    switch (network.getActivation()) {
    case PairNetwork::SiLU: {
        Module module("SiLU");
        module.define("def forward(self, x):\n  return x / (1.0 + torch.exp(-x))\n");
        return module;
    }
    case PairNetwork::ClampedPolynomial: {
        Module module("ClampedPolynomial");
        module.register_buffer("coefficients", at::tensor(at::ArrayRef<double>(network.getActivationCoefficients())));
        module.define("def forward(self, x):\n"
                      "  c = self.coefficients\n"
                      "  x = torch.minimum(torch.maximum(x, -c[0]), c[0])\n"
                      "  return c[1] * x + c[2] * x**3 + c[3] * x**5\n");
        return module;
    }
    default: {
        Module module("Tanh");
        module.define("def forward(self, x):\n  return 1.0 - 2.0 / (1.0 + torch.exp(2.0 * x))\n");
        return module;
    }
    }
}

/** Make a TorchScript module of a network, with formulas other than those of the library. */
Module makeModule(const PairNetwork& network) {
    Module module("Stack");
    string forward = "def forward(self, x):\n";
    for (int layer = 0; layer < network.getNumLayers(); layer++) {
        const string number = std::to_string(layer);
        module.register_module("fc" + number, makeLinear(network, layer));
        forward += "  x = self.fc" + number + ".forward(x)\n";
        if (layer + 1 < network.getNumLayers()) {
            module.register_module("activation" + number, makeActivation(network));
            forward += "  x = self.activation" + number + ".forward(x)\n";
        }
    }
    module.define(forward + "  return x\n");
    return module;
}

TorchNetworkOptions makeOptions(PairNetwork::Output output) {
    TorchNetworkOptions options;
    options.output = output;
    options.outputMean = 2;
    options.outputStandardDeviation = 20;
    options.minimumDistance = minimumDistance;
    return options;
}

/** The output of a module in double precision, mean + standard deviation*y(r/rc), and its derivative by r from autograd. */
struct TorchFunction {
    explicit TorchFunction(const Module& original) : module(original.deepcopy()) { module.to(at::kDouble); }
    void evaluate(const vector<double>& r, vector<double>& values, vector<double>& derivatives) {
        at::Tensor input = at::tensor(at::ArrayRef<double>(r)).reshape({-1, 1}).requires_grad_();
        const at::Tensor output = 2.0 + 20.0 * module.forward({input / cutoff}).toTensor();
        const at::Tensor gradient = torch::autograd::grad({output.sum()}, {input})[0];
        values.assign(output.const_data_ptr<double>(), output.const_data_ptr<double>() + r.size());
        derivatives.assign(gradient.const_data_ptr<double>(), gradient.const_data_ptr<double>() + r.size());
    }
    /**
     * Integrate the output from each of the increasing distances to the last: Gauss-Legendre with 5 points on 16 panels between
     * neighbors, so many because the third derivative of the polynomial jumps at its clamp.
     */
    vector<double> integrate(const vector<double>& r) {
        const double nodes[] = {0, 0.5384693101056831, -0.5384693101056831, 0.9061798459386640, -0.9061798459386640};
        const double factors[] = {0.5688888888888889, 0.4786286704993665, 0.4786286704993665, 0.2369268850561891,
                                  0.2369268850561891};
        const int numPanels = 16;
        vector<double> points, values, derivatives, integrals(r.size(), 0.0);
        for (size_t i = 0; i + 1 < r.size(); i++)
            for (int panel = 0; panel < numPanels; panel++)
                for (double node : nodes)
                    points.push_back(r[i] + 0.5 * (r[i + 1] - r[i]) / numPanels * (2 * panel + 1 + node));
        evaluate(points, values, derivatives);
        for (size_t i = r.size() - 1; i-- > 0;) {
            integrals[i] = integrals[i + 1];
            for (int k = 0; k < 5 * numPanels; k++)
                integrals[i] += 0.5 * (r[i + 1] - r[i]) / numPanels * factors[k % 5] * values[i * 5 * numPanels + k];
        }
        return integrals;
    }
    Module module;
};

vector<NetworkOptions> listNetworks() {
    vector<NetworkOptions> list;
    std::mt19937 random(7);
    for (auto activation : {PairNetwork::Tanh, PairNetwork::SiLU, PairNetwork::ClampedPolynomial})
        for (auto output : {PairNetwork::ForceWeight, PairNetwork::Energy})
            for (int depth = 0; depth < 5; depth++) {
                NetworkOptions options;
                options.activation = activation;
                options.output = output;
                options.widths = {1};
                for (int layer = 0; layer < depth; layer++)
                    options.widths.push_back(std::uniform_int_distribution<int>(1, 64)(random));
                options.widths.push_back(1);
                list.push_back(options);
            }
    return list;
}

class RandomNetwork : public testing::TestWithParam<NetworkOptions> {};

} // namespace

TEST_P(RandomNetwork, HasForcesAndEnergiesOfLibTorch) {
    const PairNetwork network = makeRandomNetwork(3, GetParam());
    const bool isEnergy = network.getOutput() == PairNetwork::Energy;
    const Module module = makeModule(network);
    const SurrogateModel model = importTorchScript(module, {"Ar"}, cutoff, makeOptions(network.getOutput()));
    TorchFunction function(module);
    vector<double> r, values, derivatives;
    for (int i = 0; i <= 100; i++)
        r.push_back(minimumDistance + i * (cutoff - minimumDistance) / 101);
    r.push_back(cutoff);
    function.evaluate(r, values, derivatives);
    const vector<double> integrals = function.integrate(r);
    double forceError = 0, forceScale = 0, energyError = 0, energyScale = 0;
    for (int i = 0; i <= 100; i++) {
        const double force = isEnergy ? -derivatives[i] : values[i];
        const double energy = isEnergy ? values[i] - values.back() : integrals[i];
        forceScale = std::max(forceScale, std::fabs(force));
        energyScale = std::max(energyScale, std::fabs(values[i]) * (isEnergy ? 1 : cutoff));
        forceError = std::max(forceError, std::fabs(model.computeForce(0, 0, r[i]) - force));
        energyError = std::max(energyError, std::fabs(model.computeEnergy(0, 0, r[i]) - energy));
    }
    std::printf("largest error of forces %.1e, of energies %.1e, over the largest value\n", forceError / forceScale,
                energyError / energyScale);
    // Rounding of sums over up to 64 channels, in each of up to five layers; and of the integral.
    EXPECT_LE(forceError, 1e-13 * forceScale);
    EXPECT_LE(energyError, 1e-13 * energyScale);
}

INSTANTIATE_TEST_SUITE_P(All, RandomNetwork, testing::ValuesIn(listNetworks()),
                         [](const auto& info) { return describe(info.param) + "_" + std::to_string(info.index); });

TEST(TorchImport, KeepsParametersAndOptions) {
    NetworkOptions given;
    given.widths = {1, 5, 3, 1};
    given.activation = PairNetwork::ClampedPolynomial;
    const PairNetwork network = makeRandomNetwork(4, given);
    TorchNetworkOptions options = makeOptions(PairNetwork::Energy);
    options.coreStiffness = 12;
    const PairNetwork imported = importTorchNetwork(makeModule(network), options);
    EXPECT_EQ(imported.getWidths(), network.getWidths());
    EXPECT_EQ(imported.getActivation(), PairNetwork::ClampedPolynomial);
    EXPECT_EQ(imported.getActivationCoefficients(), network.getActivationCoefficients());
    for (int layer = 0; layer < 3; layer++) {
        EXPECT_EQ(imported.getWeights(layer), network.getWeights(layer));
        EXPECT_EQ(imported.getBiases(layer), network.getBiases(layer));
    }
    EXPECT_EQ(imported.getOutput(), PairNetwork::Energy);
    EXPECT_EQ(imported.getOutputMean(), 2);
    EXPECT_EQ(imported.getOutputStandardDeviation(), 20);
    EXPECT_EQ(imported.getMinimumDistance(), minimumDistance);
    EXPECT_EQ(imported.getCoreStiffness(), 12);
}

TEST(TorchImport, LeavesTheModuleAlone) {
    Module module = makeModule(makeRandomNetwork(5));
    module.train();
    importTorchNetwork(module);
    EXPECT_TRUE(module.is_training());
    for (const at::Tensor& parameter : module.parameters())
        EXPECT_EQ(parameter.scalar_type(), at::kFloat);
}

TEST(TorchImport, RoundsDoubleParameters) {
    const PairNetwork network = makeRandomNetwork(6);
    Module module = makeModule(network);
    module.to(at::kDouble);
    at::Tensor weight = module.attr("fc1").toModule().attr("weight").toTensor();
    weight.mul_(1 + 1e-12);
    EXPECT_EQ(importTorchNetwork(module).getWeights(1), network.getWeights(1));
}

TEST(TorchImport, RefusesWhatIsNoPairNetwork) {
    NetworkOptions given;
    given.widths = {1, 4, 1};
    const PairNetwork network = makeRandomNetwork(8, given);
    Module lacksForward("Stack");
    lacksForward.register_module("fc0", makeLinear(network, 0));
    expectException([&] { importTorchNetwork(lacksForward); }, "the module Stack has no forward()");
    Module empty("Stack");
    empty.define("def forward(self, x):\n  return x\n");
    expectException([&] { importTorchNetwork(empty); }, "there is no layer with weights");
    Module reversed = makeModule(network);
    reversed.define("def backward(self, x):\n  return x\n");
    EXPECT_NO_THROW(importTorchNetwork(reversed)); // other methods do not matter
    Module notFinite = makeModule(network);
    notFinite.attr("fc1").toModule().attr("bias").toTensor().fill_(NAN);
    expectException([&] { importTorchNetwork(notFinite); }, "layer 1 has a weight or bias that is not finite");
    TorchNetworkOptions options;
    options.outputStandardDeviation = 0;
    expectException([&] { importTorchNetwork(makeModule(network), options); }, "standard deviation must be positive");
}
