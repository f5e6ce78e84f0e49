// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_NETWORKEVALUATOR_H_
#define OPENMM_SURROGATE_NETWORKEVALUATOR_H_

#include "Activation.h"
#include "openmmsurrogate/PairNetwork.h"
#include <vector>

namespace SurrogatePlugin {

/** Does not round: the last argument of NetworkEvaluator::evaluate() for exact arithmetic. */
struct NoRounding {
    template <class T>
    void operator()(int, std::vector<T>&) const {}
};

/**
 * Evaluates the forward pass of one network in any arithmetic: the value (double), derivatives (Jet), enclosures of both
 * (Jet of Interval). The destandardization is included.
 */
class NetworkEvaluator {
public:
    /** @param weights  for each layer, [numOutputs][numInputs] row major: the network's own, or rounded ones */
    NetworkEvaluator(const PairNetwork& network, const std::vector<std::vector<double> >& weights);
    /**
     * Evaluate the network.
     *
     * @param s      the input, r/rc
     * @param round  round(layer, inputs) is called with the inputs of each layer before they are multiplied
     */
    template <class T, class Rounding = NoRounding>
    T evaluate(const T& s, const Rounding& round = Rounding()) const;

private:
    struct Layer {
        int numInputs, numOutputs;
        // [numInputs][numOutputs], so that the inner loop runs along memory and needs no reordering of sums
        std::vector<double> weights;
        std::vector<double> biases;
    };
    template <class T>
    static void multiply(const Layer& layer, const std::vector<T>& inputs, std::vector<T>& sums);
    std::vector<Layer> layers;
    PairNetwork::Activation activation;
    std::vector<double> coefficients;
    double outputMean, outputStandardDeviation;
};

template <class T>
void NetworkEvaluator::multiply(const Layer& layer, const std::vector<T>& inputs, std::vector<T>& sums) {
    sums.assign(layer.biases.begin(), layer.biases.end());
    for (int i = 0; i < layer.numInputs; i++) {
        const T input = inputs[i];
        const double* weights = &layer.weights[(size_t) i * layer.numOutputs];
        for (int o = 0; o < layer.numOutputs; o++)
            sums[o] += weights[o] * input;
    }
}

template <class T, class Rounding>
T NetworkEvaluator::evaluate(const T& s, const Rounding& round) const {
    std::vector<T> inputs(1, s), sums;
    for (size_t l = 0; l < layers.size(); l++) {
        round(l, inputs);
        multiply(layers[l], inputs, sums);
        if (l + 1 < layers.size())
            for (T& z : sums)
                z = activate(activation, coefficients, z);
        std::swap(inputs, sums);
    }
    T result(outputMean);
    result += outputStandardDeviation * inputs[0];
    return result;
}

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_NETWORKEVALUATOR_H_*/
