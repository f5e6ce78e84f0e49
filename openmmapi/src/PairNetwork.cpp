// SPDX-License-Identifier: MIT
#include "openmmsurrogate/PairNetwork.h"
#include <openmm/OpenMMException.h>
#include <cmath>

using namespace SurrogatePlugin;
using OpenMM::OpenMMException;
using std::string;
using std::to_string;
using std::vector;

namespace {

void require(bool condition, const string& message) {
    if (!condition)
        throw OpenMMException("PairNetwork: " + message);
}

template <class T>
bool allFinite(const vector<T>& values) {
    for (T value : values)
        if (!std::isfinite(value))
            return false;
    return true;
}

void checkWidths(const vector<int>& widths) {
    require(widths.size() >= 2,
            "there must be at least two widths, an input and an output; got " + to_string(widths.size()));
    require((int) widths.size() - 1 <= PairNetwork::getMaxLayers(), "there may be at most " +
                                                                        to_string(PairNetwork::getMaxLayers()) +
                                                                        " layers; got " + to_string(widths.size() - 1));
    for (int width : widths)
        require(width > 0 && width <= PairNetwork::getMaxWidth(),
                "widths must be between 1 and " + to_string(PairNetwork::getMaxWidth()) + "; got " + to_string(width));
    require(widths.front() == 1 && widths.back() == 1,
            "the first and the last width must be 1 (a distance in, a force weight or an energy out); got " +
                to_string(widths.front()) + " and " + to_string(widths.back()));
}

void checkSize(const string& what, int layer, size_t expected, size_t found) {
    require(expected == found, what + " of layer " + to_string(layer) + " must have " + to_string(expected) +
                                   " values by the widths; got " + to_string(found));
}

} // namespace

PairNetwork::PairNetwork(const vector<int>& widths, const vector<vector<float> >& weights,
                         const vector<vector<float> >& biases, Activation activation, Output output)
    : widths(widths), weights(weights), biases(biases), activation(activation), output(output), outputMean(0),
      outputStandardDeviation(1), minimumDistance(0), coreStiffness(10) {
    checkWidths(widths);
    require(activation >= Tanh && activation <= ClampedPolynomial,
            to_string((int) activation) + " is not an activation; use Tanh, SiLU or ClampedPolynomial");
    require(output == ForceWeight || output == Energy,
            to_string((int) output) + " is not an output; use ForceWeight or Energy");
    const size_t numLayers = widths.size() - 1;
    require(weights.size() == numLayers && biases.size() == numLayers,
            to_string(widths.size()) + " widths need " + to_string(numLayers) +
                " weight matrices and bias vectors; got " + to_string(weights.size()) + " and " +
                to_string(biases.size()));
    for (size_t layer = 0; layer < numLayers; layer++) {
        checkSize("the weights", layer, (size_t) widths[layer] * widths[layer + 1], weights[layer].size());
        checkSize("the biases", layer, widths[layer + 1], biases[layer].size());
        require(allFinite(weights[layer]) && allFinite(biases[layer]),
                "layer " + to_string(layer) + " has a weight or bias that is not finite");
    }
    if (activation == ClampedPolynomial)
        activationCoefficients = {1.0, 1.0}; // the hard tanh, clamp(x, -1, 1)
    quantization.resize(numLayers);
}

const vector<float>& PairNetwork::getWeights(int layer) const {
    require(layer >= 0 && layer < getNumLayers(),
            "there is no layer " + to_string(layer) + "; there are " + to_string(getNumLayers()));
    return weights[layer];
}

const vector<float>& PairNetwork::getBiases(int layer) const {
    getWeights(layer);
    return biases[layer];
}

void PairNetwork::setActivationCoefficients(const vector<double>& coefficients) {
    if (activation != ClampedPolynomial) {
        require(coefficients.empty(), "only the ClampedPolynomial activation has coefficients; leave them empty");
        return;
    }
    require(coefficients.size() >= 2 && coefficients.size() <= 17 && allFinite(coefficients) && coefficients[0] > 0,
            "a ClampedPolynomial activation needs a positive clamp and 1 to 16 finite coefficients: {c, a1, a3, ...}");
    activationCoefficients = coefficients;
}

void PairNetwork::setOutputStandardization(double mean, double standardDeviation) {
    require(std::isfinite(mean), "the output mean must be finite; got " + to_string(mean));
    require(std::isfinite(standardDeviation) && standardDeviation > 0,
            "the output standard deviation must be positive and finite; got " + to_string(standardDeviation));
    outputMean = mean;
    outputStandardDeviation = standardDeviation;
}

void PairNetwork::setCore(double minimumDistance, double coreStiffness) {
    require(std::isfinite(minimumDistance) && minimumDistance >= 0,
            "the minimum distance must be finite and not negative; got " + to_string(minimumDistance) + " nm");
    require(std::isfinite(coreStiffness) && coreStiffness > 0,
            "the core stiffness must be positive and finite; got " + to_string(coreStiffness));
    this->minimumDistance = minimumDistance;
    this->coreStiffness = coreStiffness;
}

void PairNetwork::setTrainingHistogram(const vector<double>& counts) {
    for (double count : counts)
        require(std::isfinite(count) && count >= 0,
                "training histogram counts must be finite and not negative; got " + to_string(count));
    trainingHistogram = counts;
}

const PairNetwork::LayerQuantization& PairNetwork::getLayerQuantization(int layer) const {
    getWeights(layer);
    return quantization[layer];
}

void PairNetwork::setLayerQuantization(int layer, const LayerQuantization& q) {
    getWeights(layer);
    const size_t rows = widths[layer + 1], inputs = widths[layer];
    const string where = " of layer " + to_string(layer);
    require(q.weightScales.size() % rows == 0 && q.weightScales.size() <= rows * inputs,
            "the weight scales" + where + " must be a whole number of groups for each of its " + to_string(rows) +
                " rows; got " + to_string(q.weightScales.size()) + " values");
    require(q.activationScales.empty() || q.activationScales.size() == 1 || q.activationScales.size() == inputs,
            "the activation scales" + where + " must be one value or one for each of its " + to_string(inputs) +
                " inputs; got " + to_string(q.activationScales.size()));
    require(q.activationZeroPoints.size() == q.activationScales.size(),
            "there must be as many activation zero points as activation scales" + where);
    for (const vector<float>* scales : {&q.weightScales, &q.activationScales})
        for (float scale : *scales)
            require(std::isfinite(scale) && scale > 0,
                    "scales" + where + " must be positive and finite; got " + to_string(scale));
    for (int zero : q.activationZeroPoints)
        require(zero >= -127 && zero <= 127,
                "zero points" + where + " must be between -127 and 127; got " + to_string(zero));
    quantization[layer] = q;
}
