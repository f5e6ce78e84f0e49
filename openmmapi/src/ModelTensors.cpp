// SPDX-License-Identifier: MIT
#include "ModelTensors.h"
#include "JsonFields.h"
#include <openmm/OpenMMException.h>

using namespace SurrogatePlugin;
using OpenMM::OpenMMException;
using std::size_t;
using std::string;
using std::to_string;
using std::vector;

namespace {

string networkPrefix(int network) {
    return "network." + to_string(network) + ".";
}

string layerPrefix(int network, size_t layer) {
    return networkPrefix(network) + "layer." + to_string(layer) + ".";
}

template <class T>
void append(vector<NamedTensor>& tensors, const string& name, NamedTensor::Type type, const vector<size_t>& shape,
            const vector<T>& values) {
    tensors.push_back({name, type, shape, vector<double>(values.begin(), values.end())});
}

void appendQuantization(const string& prefix, const PairNetwork::LayerQuantization& quantization, size_t numOutputs,
                        vector<NamedTensor>& tensors) {
    const vector<float>&weightScales = quantization.weightScales, &activationScales = quantization.activationScales;
    if (!weightScales.empty())
        append(tensors, prefix + "weight_scale", NamedTensor::Float32, {numOutputs, weightScales.size() / numOutputs},
               weightScales);
    if (!activationScales.empty()) {
        append(tensors, prefix + "activation_scale", NamedTensor::Float32, {activationScales.size()}, activationScales);
        append(tensors, prefix + "activation_zero_point", NamedTensor::Int32, {activationScales.size()},
               quantization.activationZeroPoints);
    }
}

} // namespace

void ModelTensors::appendNetwork(int index, const PairNetwork& network, vector<NamedTensor>& tensors) {
    for (int layer = 0; layer < network.getNumLayers(); layer++) {
        const size_t numInputs = network.getWidths()[layer], numOutputs = network.getWidths()[layer + 1];
        const string prefix = layerPrefix(index, layer);
        append(tensors, prefix + "weight", NamedTensor::Float32, {numOutputs, numInputs}, network.getWeights(layer));
        append(tensors, prefix + "bias", NamedTensor::Float32, {numOutputs}, network.getBiases(layer));
        appendQuantization(prefix, network.getLayerQuantization(layer), numOutputs, tensors);
    }
    const vector<double>& histogram = network.getTrainingHistogram();
    if (!histogram.empty())
        append(tensors, networkPrefix(index) + "training_histogram", NamedTensor::Float64, {histogram.size()},
               histogram);
}

ModelTensors::ModelTensors(const vector<NamedTensor>& tensors) {
    for (const NamedTensor& tensor : tensors)
        if (!available.emplace(tensor.name, &tensor).second)
            throw OpenMMException("there are two tensors named '" + printable(tensor.name) + "'");
}

const NamedTensor& ModelTensors::take(const string& name, NamedTensor::Type type) {
    const auto found = available.find(name);
    if (found == available.end())
        throw OpenMMException("tensor '" + name + "' is missing");
    const NamedTensor& tensor = *found->second;
    if (tensor.type != type)
        throw OpenMMException("tensor '" + name + "' must be of type " + NamedTensor::getTypeName(type) +
                              "; it is of type " + NamedTensor::getTypeName(tensor.type));
    available.erase(found);
    return tensor;
}

vector<float> ModelTensors::takeFloats(const string& name, const vector<size_t>& shape) {
    const NamedTensor& tensor = take(name, NamedTensor::Float32);
    if (tensor.shape != shape)
        throw OpenMMException("tensor '" + name + "' must have shape " + NamedTensor::describeShape(shape) +
                              "; it has " + NamedTensor::describeShape(tensor.shape));
    return vector<float>(tensor.values.begin(), tensor.values.end());
}

PairNetwork::LayerQuantization ModelTensors::takeQuantization(const string& prefix, size_t numOutputs) {
    PairNetwork::LayerQuantization quantization;
    const string weightName = prefix + "weight_scale", scaleName = prefix + "activation_scale",
                 zeroName = prefix + "activation_zero_point";
    if (has(weightName)) {
        const NamedTensor& scales = take(weightName, NamedTensor::Float32);
        if (scales.shape.size() != 2 || scales.shape[0] != numOutputs || scales.shape[1] == 0)
            throw OpenMMException("tensor '" + weightName + "' must have shape [" + to_string(numOutputs) +
                                  ", number of groups]; it has " + NamedTensor::describeShape(scales.shape));
        quantization.weightScales.assign(scales.values.begin(), scales.values.end());
    }
    if (has(scaleName) || has(zeroName)) {
        const NamedTensor& scales = take(scaleName, NamedTensor::Float32);
        const NamedTensor& zeroPoints = take(zeroName, NamedTensor::Int32);
        if (scales.shape.size() != 1 || scales.shape[0] == 0 || zeroPoints.shape != scales.shape)
            throw OpenMMException("tensors '" + scaleName + "' and '" + zeroName +
                                  "' must have one dimension and the same length; they have " +
                                  NamedTensor::describeShape(scales.shape) + " and " +
                                  NamedTensor::describeShape(zeroPoints.shape));
        quantization.activationScales.assign(scales.values.begin(), scales.values.end());
        quantization.activationZeroPoints.assign(zeroPoints.values.begin(), zeroPoints.values.end());
    }
    return quantization;
}

PairNetwork ModelTensors::takeNetwork(int index, const vector<size_t>& widths, PairNetwork::Activation activation,
                                      PairNetwork::Output output) {
    const size_t numLayers = widths.size() - 1;
    vector<vector<float> > weights, biases;
    vector<PairNetwork::LayerQuantization> quantization;
    for (size_t layer = 0; layer < numLayers; layer++) {
        const string prefix = layerPrefix(index, layer);
        weights.push_back(takeFloats(prefix + "weight", {widths[layer + 1], widths[layer]}));
        biases.push_back(takeFloats(prefix + "bias", {widths[layer + 1]}));
        quantization.push_back(takeQuantization(prefix, widths[layer + 1]));
    }
    PairNetwork network(vector<int>(widths.begin(), widths.end()), weights, biases, activation, output);
    for (size_t layer = 0; layer < numLayers; layer++)
        network.setLayerQuantization((int) layer, quantization[layer]);
    const string histogramName = networkPrefix(index) + "training_histogram";
    if (has(histogramName)) {
        const NamedTensor& histogram = take(histogramName, NamedTensor::Float64);
        if (histogram.shape.size() != 1 || histogram.shape[0] == 0)
            throw OpenMMException("tensor '" + histogramName + "' must have one dimension; it has shape " +
                                  NamedTensor::describeShape(histogram.shape));
        network.setTrainingHistogram(histogram.values);
    }
    return network;
}

void ModelTensors::finish() const {
    if (!available.empty())
        throw OpenMMException("tensor '" + printable(available.begin()->first) + "' is unknown");
}
