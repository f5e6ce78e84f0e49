// SPDX-License-Identifier: MIT
#include "NetworkEvaluator.h"

using namespace SurrogatePlugin;
using std::vector;

NetworkEvaluator::NetworkEvaluator(const PairNetwork& network, const vector<vector<double> >& weights)
    : activation(network.getActivation()), coefficients(network.getActivationCoefficients()),
      outputMean(network.getOutputMean()), outputStandardDeviation(network.getOutputStandardDeviation()) {
    for (int l = 0; l < network.getNumLayers(); l++) {
        Layer layer;
        layer.numInputs = network.getWidths()[l];
        layer.numOutputs = network.getWidths()[l + 1];
        layer.weights.resize(weights[l].size());
        for (int o = 0; o < layer.numOutputs; o++)
            for (int i = 0; i < layer.numInputs; i++)
                layer.weights[(size_t) i * layer.numOutputs + o] = weights[l][(size_t) o * layer.numInputs + i];
        layer.biases.assign(network.getBiases(l).begin(), network.getBiases(l).end());
        layers.push_back(layer);
    }
}
