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

/** Get the scale of integer codes that reach the largest magnitude of a group; 0 for a group of zeros. */
double findScale(const double* begin, const double* end, NumericFormat::Type format) {
    double largest = 0;
    for (const double* w = begin; w < end; w++)
        largest = std::max(largest, std::fabs(*w));
    return largest / (format == NumericFormat::Int8 ? 127 : 7);
}

/**
 * Round the weights that share a scale.
 *
 * @param scale  0 if the model gives none
 * @return the scale that was used
 */
double roundGroup(double* begin, double* end, NumericFormat::Type format, double scale) {
    if (!isInteger(format)) {
        if (scale == 0)
            scale = 1;
        for (double* w = begin; w < end; w++)
            *w = scale * NumericFormat::round(*w / scale, format);
        return scale;
    }
    if (scale == 0)
        scale = findScale(begin, end, format);
    for (double* w = begin; w < end && scale > 0; w++) {
        *w = NumericFormat::dequantize(NumericFormat::quantize(*w, scale, 0, format), scale, 0);
        if (format == NumericFormat::Int4) // tensor cores multiply the weight that a code stands for in Float16
            *w = NumericFormat::round(*w, NumericFormat::Float16);
    }
    return scale;
}

/**
 * Get what the weights of each input are multiplied by before they are rounded: the scale of the input over the largest one, so that
 * a sum of products of codes has one scale. All 1 unless a layer in Int8 has scales per channel.
 */
vector<double> findFolds(const PairNetwork& network, int layer, NumericFormat::Type format) {
    vector<double> folds(network.getWidths()[layer], 1.0);
    const vector<float>& scales = network.getLayerQuantization(layer).activationScales;
    if (format == NumericFormat::Int8 && scales.size() > 1)
        for (size_t i = 0; i < folds.size(); i++)
            folds[i] = (double) scales[i] / *std::max_element(scales.begin(), scales.end());
    return folds;
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
        roundWeights(network, l, single ? NumericFormat::Single : scheme.format, scheme.weightGroupSize);
    }
    if (scheme.format == NumericFormat::Int8)
        findActivationScales(network, network.getMinimumDistance() / cutoff);
}

vector<vector<double> > FormatEmulation::getWeights() const {
    vector<vector<double> > weights;
    for (const RoundedLayer& layer : layers)
        weights.push_back(layer.weights);
    return weights;
}

void FormatEmulation::roundWeights(const PairNetwork& network, int layer, NumericFormat::Type format, int groupSize) {
    RoundedLayer result;
    result.numOutputs = network.getWidths()[layer + 1];
    result.numInputs = network.getWidths()[layer];
    // Int4 is a format of weights only: its activations are Float16.
    result.format = format == NumericFormat::Int4 ? NumericFormat::Float16 : format;
    result.weights.assign(network.getWeights(layer).begin(), network.getWeights(layer).end());
    result.biases.assign(network.getBiases(layer).begin(), network.getBiases(layer).end());
    const int rows = result.numOutputs, inputs = result.numInputs;
    vector<float> given;
    if (NumericFormat::isReduced(format))
        given = network.getLayerQuantization(layer).weightScales;
    int numGroups = 1;
    if (!given.empty())
        numGroups = (int) given.size() / rows;
    else if (format == NumericFormat::Int4)
        numGroups = (inputs + groupSize - 1) / groupSize;
    if (format == NumericFormat::Int8 && numGroups != 1)
        throw OpenMMException("int8 needs one weight scale for each output of a layer, but layer " +
                              std::to_string(layer) + " has " + std::to_string(numGroups) +
                              " groups of inputs with scales of their own; quantize the model again for int8");
    const int size = (inputs + numGroups - 1) / numGroups;
    const vector<double> folds = findFolds(network, layer, format);
    for (int o = 0; o < rows; o++) {
        double* row = &result.weights[(size_t) o * inputs];
        for (int i = 0; i < inputs; i++)
            row[i] *= folds[i];
        double scale = 0;
        for (int g = 0; g < numGroups; g++)
            scale = roundGroup(row + std::min(g * size, inputs), row + std::min((g + 1) * size, inputs), format,
                               given.empty() ? 0 : given[(size_t) o * numGroups + g]);
        for (int i = 0; i < inputs; i++) {
            if (format == NumericFormat::Int8)
                result.weightCodes.push_back(scale == 0 ? 0 : (int) std::nearbyint(row[i] / scale));
            row[i] /= folds[i];
        }
        if (format == NumericFormat::Int8)
            result.sumScales.push_back(scale); // the scale of the inputs is still to come
    }
    layers.push_back(result);
}

void FormatEmulation::findActivationScales(const PairNetwork& network, double lowest) {
    vector<double> largest(layers.size(), 0.0);
    const NetworkEvaluator evaluator(network, getWeights());
    constexpr int numSamples = 256;
    for (int k = 0; k <= numSamples; k++)
        evaluator.evaluate(lowest + (1 - lowest) * k / numSamples, RangeFinder{largest});
    for (size_t l = 0; l < layers.size(); l++) {
        RoundedLayer& layer = layers[l];
        if (layer.format != NumericFormat::Int8)
            continue;
        const PairNetwork::LayerQuantization& given = network.getLayerQuantization(l);
        double largestScale = 0;
        for (int i = 0; i < layer.numInputs; i++) {
            const size_t source = given.activationScales.size() == 1 ? 0 : i;
            layer.activationScales.push_back(given.activationScales.empty() ? std::max(largest[l], 1e-30) / 127
                                                                            : given.activationScales[source]);
            layer.zeroPoints.push_back(given.activationScales.empty() ? 0 : given.activationZeroPoints[source]);
            largestScale = std::max(largestScale, layer.activationScales.back());
        }
        for (double& scale : layer.sumScales)
            scale *= largestScale;
    }
}

void FormatEmulation::operator()(int l, vector<double>& inputs) const {
    const RoundedLayer& layer = layers[l];
    if (layer.format == NumericFormat::Double)
        return;
    for (size_t i = 0; i < inputs.size(); i++) {
        if (layer.format == NumericFormat::Int8) {
            const double scale = layer.activationScales[i];
            const int code = NumericFormat::quantize(inputs[i], scale, layer.zeroPoints[i], layer.format);
            inputs[i] = NumericFormat::dequantize(code, scale, layer.zeroPoints[i]);
        } else
            inputs[i] = NumericFormat::round(inputs[i], layer.format);
    }
}

void FormatEmulation::operator()(int l, vector<Jet<double, 1> >& inputs) const {
    if (layers[l].format == NumericFormat::Double)
        return;
    for (Jet<double, 1>& input : inputs)
        for (double& c : input.c)
            c = NumericFormat::round(c, layers[l].format);
}
