// SPDX-License-Identifier: MIT
#include "TestNetworks.h"
#include <cmath>
#include <random>

using namespace SurrogatePlugin;
using std::vector;

namespace SurrogateTest {

PairNetwork makeRandomNetwork(unsigned seed, const NetworkOptions& options) {
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal;
    vector<vector<float> > weights, biases;
    for (size_t l = 0; l + 1 < options.widths.size(); l++) {
        const int inputs = options.widths[l], outputs = options.widths[l + 1];
        const double weightScale = (l == 0 ? options.frequency : 1 / std::sqrt((double) inputs));
        const double biasScale = (l == 0 ? 0.5 * options.frequency : 0.2);
        vector<float> w((size_t) inputs * outputs), b(outputs);
        for (float& value : w)
            value = weightScale * normal(generator);
        for (float& value : b)
            value = biasScale * normal(generator);
        weights.push_back(w);
        biases.push_back(b);
    }
    PairNetwork network(options.widths, weights, biases, options.activation, options.output);
    if (options.activation == PairNetwork::ClampedPolynomial)
        // x - 2/(3c^2) x^3 + 1/(5c^4) x^5 has first and second derivative 0 at the clamp c, where it reaches 1.
        network.setActivationCoefficients({1.875, 1.0, -2 / (3 * 3.515625), 1 / (5 * 12.359619140625)});
    network.setOutputStandardization(0.1 * options.scale, options.scale);
    network.setCore(options.minimumDistance);
    return network;
}

std::string describe(const NetworkOptions& options) {
    const char* activations[] = {"Tanh", "SiLU", "ClampedPolynomial"};
    const char* outputs[] = {"ForceWeight", "Energy"};
    std::string name = std::string(activations[options.activation]) + outputs[options.output];
    for (int width : options.widths)
        name += "_" + std::to_string(width);
    return name;
}

} // namespace SurrogateTest
