// SPDX-License-Identifier: MIT
#include "ModelNode.h"
#include "JsonFields.h"
#include "TextNumbers.h"
#include "openmmsurrogate/internal/ModelDocument.h"
#include <openmm/OpenMMException.h>

using namespace SurrogatePlugin;
using namespace OpenMM;
using std::string;
using std::vector;

namespace {

string writeValues(const NamedTensor& tensor) {
    switch (tensor.type) {
    case NamedTensor::Float32:
        return writeNumbers<float>(tensor.values);
    case NamedTensor::Float64:
        return writeNumbers<double>(tensor.values);
    default:
        return writeNumbers<int>(tensor.values);
    }
}

template <class T>
vector<double> readValues(const string& text, const string& what) {
    const vector<T> values = readNumbers<T>(text, what);
    return vector<double>(values.begin(), values.end());
}

void readContent(const SerializationNode& node, NamedTensor& tensor) {
    tensor.type = NamedTensor::parseType(printable(node.getStringProperty("dtype")));
    tensor.shape = readNumbers<size_t>(node.getStringProperty("shape"), "property 'shape'");
    const string text = node.getStringProperty("values");
    const string what = "property 'values'";
    if (tensor.type == NamedTensor::Float32)
        tensor.values = readValues<float>(text, what);
    else if (tensor.type == NamedTensor::Float64)
        tensor.values = readValues<double>(text, what);
    else
        tensor.values = readValues<int>(text, what);
    if (NamedTensor::countElements(tensor.shape, tensor.values.size()) != tensor.values.size())
        throw OpenMMException("it has shape " + NamedTensor::describeShape(tensor.shape) + " but " +
                              std::to_string(tensor.values.size()) + " values");
}

NamedTensor readTensor(const SerializationNode& node) {
    NamedTensor tensor;
    tensor.name = node.getStringProperty("name");
    inContext("tensor '" + printable(tensor.name) + "'", [&] { readContent(node, tensor); });
    return tensor;
}

} // namespace

void SurrogatePlugin::writeModel(const SurrogateModel& model, SerializationNode& node) {
    const ModelDocument document(model);
    node.setStringProperty("metadata", document.getMetadata());
    node.setStringProperty("crc32", document.getChecksum());
    for (const NamedTensor& tensor : document.getTensors()) {
        SerializationNode& child = node.createChildNode("Tensor");
        child.setStringProperty("name", tensor.name);
        child.setStringProperty("dtype", NamedTensor::getTypeName(tensor.type));
        child.setStringProperty("shape", writeNumbers<size_t>(tensor.shape));
        child.setStringProperty("values", writeValues(tensor));
    }
}

SurrogateModel SurrogatePlugin::readModel(const SerializationNode& node) {
    const string metadata = node.getStringProperty("metadata");
    // The version comes first, as a newer one may have arrays of types that are unknown here.
    ModelDocument::checkVersion(metadata);
    vector<NamedTensor> tensors;
    for (const SerializationNode& child : node.getChildren()) {
        if (child.getName() != "Tensor")
            throw OpenMMException("node '" + child.getName() + "' is unknown");
        tensors.push_back(readTensor(child));
    }
    return ModelDocument(metadata, tensors, node.getStringProperty("crc32")).createModel();
}
