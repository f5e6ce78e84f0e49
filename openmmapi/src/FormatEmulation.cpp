// SPDX-License-Identifier: MIT
#include "FormatEmulation.h"
#include "NetworkEvaluator.h"
#include <openmm/OpenMMException.h>
#include <algorithm>
#include <cmath>

using namespace SurrogatePlugin;
using OpenMM::OpenMMException;
using std::vector;

namespace {

/** Finds the largest magnitude of each layer's inputs, for integer formats whose model brings no activation scales. */
struct RangeFinder {
    vector<double>& largest;
    void operator()(int layer, vector<double>& inputs) const {
        for (double value : inputs)
            largest[layer] = std::max(largest[layer], std::fabs(value));
    }
};

bool isInteger(NumericFormat::Type format) {
    return format == NumericFormat::Int8 || format == NumericFormat::Int4;
}

/** Round the weights that share a scale. A scale of 0 means that none was given. */
void roundGroup(double* begin, double* end, NumericFormat::Type format, double scale) {
    if (!isInteger(format)) {
        if (scale == 0)
            scale = 1;
        for (double* w = begin; w < end; w++)
            *w = scale * NumericFormat::round(*w / scale, format);
        return;
    }
    if (scale == 0) {
        for (double* w = begin; w < end; w++)
            scale = std::max(scale, std::fabs(*w));
        scale /= format == NumericFormat::Int8 ? 127 : 7;
    }
    for (double* w = begin; w < end && scale > 0; w++)
        *w = NumericFormat::dequantize(NumericFormat::quantize(*w, scale, 0, format), scale, 0);
}

} // namespace

FormatEmulation::FormatEmulation(const PairNetwork& network, double cutoff, const FormatScheme& scheme) {
    if (scheme.format == NumericFormat::Default)
        throw OpenMMException("FormatEmulation: choose a numeric format instead of default");
    if (scheme.format == NumericFormat::Int8 && network.getOutput() == PairNetwork::Energy)
        throw OpenMMException(
            "int8 is not defined for networks with energy output, because the derivatives that give the "
            "force would need scales of their own; use another precision or train a force output");
    const int last = network.getNumLayers() - 1;
    for (int l = 0; l <= last; l++) {
        const bool single = scheme.endLayersSingle && NumericFormat::isReduced(scheme.format) && (l == 0 || l == last);
        const NumericFormat::Type format = single ? NumericFormat::Single : scheme.format;
        roundWeights(network, l, format, scheme.weightGroupSize);
        // Int4 is a format of weights only: its activations are Float16.
        layers.push_back({format == NumericFormat::Int4 ? NumericFormat::Float16 : format, {}, {}});
    }
    if (scheme.format == NumericFormat::Int8)
        findActivationScales(network, network.getMinimumDistance() / cutoff);
}

void FormatEmulation::roundWeights(const PairNetwork& network, int layer, NumericFormat::Type format, int groupSize) {
    const int rows = network.getWidths()[layer + 1], inputs = network.getWidths()[layer];
    vector<double> result(network.getWeights(layer).begin(), network.getWeights(layer).end());
    vector<float> given;
    if (NumericFormat::isReduced(format))
        given = network.getLayerQuantization(layer).weightScales;
    int numGroups = 1;
    if (!given.empty())
        numGroups = (int) given.size() / rows;
    else if (format == NumericFormat::Int4)
        numGroups = (inputs + groupSize - 1) / groupSize;
    const int size = (inputs + numGroups - 1) / numGroups;
    for (int o = 0; o < rows; o++)
        for (int g = 0; g < numGroups; g++) {
            double* row = &result[(size_t) o * inputs];
            double* begin = row + std::min(g * size, inputs);
            double* end = row + std::min((g + 1) * size, inputs);
            roundGroup(begin, end, format, given.empty() ? 0 : given[(size_t) o * numGroups + g]);
        }
    weights.push_back(result);
}

void FormatEmulation::findActivationScales(const PairNetwork& network, double lowest) {
    vector<double> largest(layers.size(), 0.0);
    const NetworkEvaluator evaluator(network, weights);
    constexpr int numSamples = 256;
    for (int k = 0; k <= numSamples; k++)
        evaluator.evaluate(lowest + (1 - lowest) * k / numSamples, RangeFinder{largest});
    for (size_t l = 0; l < layers.size(); l++) {
        const PairNetwork::LayerQuantization& given = network.getLayerQuantization(l);
        const size_t inputs = network.getWidths()[l];
        for (size_t i = 0; i < inputs; i++) {
            const size_t source = given.activationScales.size() == 1 ? 0 : i;
            layers[l].scales.push_back(given.activationScales.empty() ? std::max(largest[l], 1e-30) / 127
                                                                      : given.activationScales[source]);
            layers[l].zeroPoints.push_back(given.activationScales.empty() ? 0 : given.activationZeroPoints[source]);
        }
    }
}

double FormatEmulation::LayerRounding::round(double value, size_t input) const {
    if (format != NumericFormat::Int8)
        return NumericFormat::round(value, format);
    const int code = NumericFormat::quantize(value, scales[input], zeroPoints[input], format);
    return NumericFormat::dequantize(code, scales[input], zeroPoints[input]);
}

void FormatEmulation::operator()(int layer, vector<double>& inputs) const {
    if (layers[layer].format == NumericFormat::Double)
        return;
    for (size_t i = 0; i < inputs.size(); i++)
        inputs[i] = layers[layer].round(inputs[i], i);
}

void FormatEmulation::operator()(int layer, vector<Jet<double, 1> >& inputs) const {
    if (layers[layer].format == NumericFormat::Double)
        return;
    for (Jet<double, 1>& input : inputs)
        for (double& c : input.c)
            c = NumericFormat::round(c, layers[layer].format);
}
