// SPDX-License-Identifier: MIT
#include "NetworkAssembly.h"
#include <openmm/OpenMMException.h>
#include <algorithm>
#include <cctype>

using namespace SurrogatePlugin;
using std::size_t;
using std::string;
using std::vector;

namespace {

const char* const expectation = "; expected are only <layer>.weight, shape [outputs, inputs], and <layer>.bias, shape "
                                "[outputs], of fully connected layers";

struct Layer {
    string name;
    const NamedTensor* weight = nullptr;
    const NamedTensor* bias = nullptr;
    int getInputs() const { return (int) weight->shape[1]; }
    int getOutputs() const { return (int) weight->shape[0]; }
};

vector<string> split(const string& name) {
    vector<string> parts(1);
    for (char c : name)
        if (c == '.')
            parts.emplace_back();
        else
            parts.back() += c;
    return parts;
}

string join(vector<string>::const_iterator begin, vector<string>::const_iterator end) {
    string text;
    for (auto part = begin; part != end; ++part)
        text += (part == begin ? "" : ".") + *part;
    return text;
}

bool isNumber(const string& text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
}

/** What an array's name says: "weight", "bias" or "coefficients", or nothing known; and of which layer. */
struct Role {
    string kind, layer;
};

Role readName(const string& name) {
    const vector<string> parts = split(name);
    const size_t n = parts.size();
    if (parts[n - 1] == "weight" || parts[n - 1] == "bias" || parts[n - 1] == "coefficients")
        return {parts[n - 1], join(parts.begin(), parts.end() - 1)};
    if (n > 1 && isNumber(parts[n - 1]) && (parts[n - 2] == "weights" || parts[n - 2] == "biases")) {
        vector<string> layer(parts.begin(), parts.end() - 2);
        layer.push_back(parts[n - 1]);
        return {parts[n - 2] == "weights" ? "weight" : "bias", join(layer.begin(), layer.end())};
    }
    return {};
}

vector<Layer> collectLayers(const vector<NamedTensor>& tensors, const string& source) {
    vector<Layer> layers;
    for (const NamedTensor& tensor : tensors) {
        const Role role = readName(tensor.name);
        if (role.kind == "coefficients")
            continue;
        const bool isWeight = role.kind == "weight";
        if (role.kind.empty() || tensor.shape.size() != (isWeight ? 2 : 1))
            failImport(source, "the array '" + tensor.name + "' of shape " + NamedTensor::describeShape(tensor.shape) +
                                   " is not part of a pair network" + expectation);
        auto layer = std::find_if(layers.begin(), layers.end(), [&](const Layer& l) { return l.name == role.layer; });
        if (layer == layers.end()) {
            layers.push_back({role.layer});
            layer = layers.end() - 1;
        }
        (isWeight ? layer->weight : layer->bias) = &tensor;
    }
    if (layers.empty())
        failImport(source,
                   string("there is no layer with weights") + expectation +
                       " (a frozen TorchScript module has lost them: import it as it was before torch.jit.freeze)");
    for (const Layer& layer : layers) {
        if (!layer.weight)
            failImport(source, "layer '" + layer.name + "' has a bias, but no weight" + expectation);
        if (layer.bias && layer.bias->shape[0] != layer.weight->shape[0])
            failImport(source, "the bias of layer '" + layer.name + "' has shape " +
                                   NamedTensor::describeShape(layer.bias->shape) + ", but its weight has shape " +
                                   NamedTensor::describeShape(layer.weight->shape) + expectation);
    }
    return layers;
}

bool isChain(const vector<Layer>& layers) {
    if (layers.front().getInputs() != 1 || layers.back().getOutputs() != 1)
        return false;
    for (size_t i = 1; i < layers.size(); i++)
        if (layers[i - 1].getOutputs() != layers[i].getInputs())
            return false;
    return true;
}

/** Move the layer with one input to the front and that with one output to the end, if they are not in order as they come. */
void orderLayers(vector<Layer>& layers, const string& source) {
    if (isChain(layers))
        return;
    std::stable_sort(layers.begin(), layers.end(), [](const Layer& a, const Layer& b) {
        auto rank = [](const Layer& l) { return l.getInputs() == 1 ? 0 : (l.getOutputs() == 1 ? 2 : 1); };
        return rank(a) < rank(b);
    });
    if (isChain(layers))
        return;
    string found;
    for (const Layer& layer : layers)
        found += " " + layer.name + " " + NamedTensor::describeShape(layer.weight->shape);
    failImport(source, "the layers do not form a network 1-...-1, from a distance to a force weight or energy; their "
                       "weights [outputs, inputs] are:" +
                           found);
}

HiddenActivation readActivation(const vector<NamedTensor>& tensors, HiddenActivation result, const string& source) {
    const NamedTensor* first = nullptr;
    for (const NamedTensor& tensor : tensors) {
        if (readName(tensor.name).kind != "coefficients")
            continue;
        if (first && tensor.values != first->values)
            failImport(source, "'" + tensor.name + "' differs from '" + first->name +
                                   "': all hidden layers of a pair network have the same activation");
        first = &tensor;
    }
    if (first)
        result = {PairNetwork::ClampedPolynomial, first->values};
    return result;
}

vector<float> toSingle(const vector<double>& values) {
    return vector<float>(values.begin(), values.end());
}

/** Less-than of names in which digits count as numbers. */
bool isBefore(const string& a, const string& b) {
    size_t i = 0, j = 0;
    while (i < a.size() && j < b.size()) {
        size_t iEnd = i, jEnd = j;
        while (iEnd < a.size() && std::isdigit((unsigned char) a[iEnd]))
            iEnd++;
        while (jEnd < b.size() && std::isdigit((unsigned char) b[jEnd]))
            jEnd++;
        if (iEnd > i && jEnd > j) {
            if (iEnd - i != jEnd - j)
                return iEnd - i < jEnd - j;
            const int order = a.compare(i, iEnd - i, b, j, jEnd - j);
            if (order != 0)
                return order < 0;
            i = iEnd;
            j = jEnd;
        } else if (a[i] != b[j])
            return a[i] < b[j];
        else {
            i++;
            j++;
        }
    }
    return a.size() - i < b.size() - j;
}

} // namespace

void SurrogatePlugin::failImport(const string& source, const string& message) {
    throw OpenMM::OpenMMException("import of " + source + ": " + message);
}

PairNetwork SurrogatePlugin::assembleNetwork(const vector<NamedTensor>& tensors, const HiddenActivation& activation,
                                             const TorchNetworkOptions& options, const string& source) {
    vector<Layer> layers = collectLayers(tensors, source);
    orderLayers(layers, source);
    const HiddenActivation hidden = readActivation(tensors, activation, source);
    vector<int> widths = {1};
    vector<vector<float> > weights, biases;
    for (const Layer& layer : layers) {
        widths.push_back(layer.getOutputs());
        weights.push_back(toSingle(layer.weight->values));
        biases.push_back(layer.bias ? toSingle(layer.bias->values) : vector<float>(layer.getOutputs(), 0.0f));
    }
    try {
        PairNetwork network(widths, weights, biases, hidden.activation, options.output);
        if (!hidden.coefficients.empty())
            network.setActivationCoefficients(hidden.coefficients);
        network.setOutputStandardization(options.outputMean, options.outputStandardDeviation);
        network.setCore(options.minimumDistance, options.coreStiffness);
        return network;
    } catch (const OpenMM::OpenMMException& error) {
        failImport(source, error.what());
    }
}

vector<NamedTensor> SurrogatePlugin::selectTensors(const vector<NamedTensor>& tensors, const string& component1,
                                                   const string& component2) {
    vector<NamedTensor> selected;
    for (const NamedTensor& tensor : tensors) {
        const vector<string> parts = split(tensor.name);
        const auto found = std::find_if(parts.begin(), parts.end(),
                                        [&](const string& part) { return part == component1 || part == component2; });
        if (found == parts.end())
            continue;
        selected.push_back(tensor);
        selected.back().name = join(found + 1, parts.end());
    }
    return selected;
}

void SurrogatePlugin::sortByName(vector<NamedTensor>& tensors) {
    std::stable_sort(tensors.begin(), tensors.end(),
                     [](const NamedTensor& a, const NamedTensor& b) { return isBefore(a.name, b.name); });
}
