// SPDX-License-Identifier: MIT
// The content of the model file: fields and arrays that are missing, unknown, misshapen or out of range.
#include "TestModels.h"
#include "openmmsurrogate/internal/ModelDocument.h"
#include <gtest/gtest.h>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using std::string;
using std::vector;

namespace {

ModelDocument withMetadata(const string& metadata, const vector<NamedTensor>& tensors) {
    return ModelDocument(metadata, tensors, ModelDocument(metadata, tensors, "").computeChecksum());
}

/** Expect a document to be refused in which one thing was changed, and the checksum renewed. */
void expectMetadataRefused(const string& from, const string& to, const string& message) {
    const ModelDocument document(makeFullModel());
    const ModelDocument changed = withMetadata(replaceOnce(document.getMetadata(), from, to), document.getTensors());
    expectException([&] { changed.createModel(); }, message);
}

using Change = std::function<void(NamedTensor&)>;

void expectTensorRefused(const string& name, const Change& change, const string& message) {
    const ModelDocument document(makeFullModel());
    vector<NamedTensor> tensors = document.getTensors();
    bool found = false;
    for (NamedTensor& tensor : tensors)
        if (tensor.name == name) {
            change(tensor);
            found = true;
        }
    ASSERT_TRUE(found) << name;
    expectException([&] { withMetadata(document.getMetadata(), tensors).createModel(); }, message);
}

} // namespace

TEST(ModelDocument, refusesNewerVersions) {
    const string message = "it has format version 2, this build reads up to 1: update openmm-surrogate";
    expectMetadataRefused("\"version\":1", "\"version\":2", message);
    expectMetadataRefused("\"version\":1", "\"version\":0", "field 'version' must be at least 1");
    expectMetadataRefused("\"version\":1", "\"version\":\"1\"", "field 'version' must be an integer");
    expectMetadataRefused("\"version\":1,", "", "field 'version' is missing");
    expectMetadataRefused(",\"version\":1", ",\"version\":1.0", "field 'version' must be an integer");
}

TEST(ModelDocument, noticesExchangedTensors) {
    const ModelDocument document(makeFullModel());
    vector<NamedTensor> tensors = document.getTensors();
    std::swap(tensors[0].values, tensors[1].values); // the 4x1 weights and the 4 biases of the first layer
    ASSERT_EQ(tensors[0].values.size(), tensors[1].values.size());
    expectException([&] { ModelDocument(document.getMetadata(), tensors, document.getChecksum()).createModel(); },
                    "its checksum is");
}

TEST(ModelDocument, refusesBadFields) {
    expectMetadataRefused("\"kind\":\"pair\"", "\"kind\":\"triplet\"",
                          "field 'kind' is 'triplet'; this build knows only 'pair'");
    expectMetadataRefused("\"length\":\"nm\"", "\"length\":\"angstrom\"", "field 'units' must be");
    expectMetadataRefused("\"cutoff\":0.85", "\"cutoff\":-0.85", "the cutoff must be positive");
    expectMetadataRefused("\"cutoff\":0.85", "\"cutoff\":null", "field 'cutoff' must be a number; it is of type null");
    expectMetadataRefused("\"cutoff\":0.85", "\"cutoff\":1e999", "is not valid JSON");
    expectMetadataRefused("\"cutoff\":0.85", "\"cutoff\":NaN", "is not valid JSON");
    expectMetadataRefused("\"cutoff\":0.85", "\"cutoff\":0.2",
                          "networks[0]: SurrogateModel: the minimum distance of a network, 0.21 nm, must be below");
    expectMetadataRefused("\"cutoff\":0.85", "\"cutof\":0.85", "field 'cutoff' is missing");
    expectMetadataRefused("\"cutoff\":0.85", "\"cutoff\":0.85,\"cutoff\":0.85", "has the key 'cutoff' twice");
    expectMetadataRefused("\"cutoff\":0.85", "\"cutoff\":0.85,\"temperatur\":298", "field 'temperatur' is unknown");
    expectMetadataRefused("\"types\":[\"Na\",\"Cl\",", "\"types\":[\"Na\",\"Na\",",
                          "two particle types are named 'Na'");
    expectMetadataRefused("\"types\":[\"Na\",\"Cl\",", "\"types\":[\"Na\",7,", "field 'types' must hold texts only");
    expectMetadataRefused("\"energyOffsets\":[-1.1,0.0,1e-09]", "\"energyOffsets\":[0,0]",
                          "field 'energyOffsets' must hold one number for each of the 3 types");
    expectMetadataRefused("\"energyOffsets\":[-1.1,", "\"energyOffsets\":[\"a\",",
                          "field 'energyOffsets' must hold numbers only");
    expectMetadataRefused("\"forceScale\":33.3", "\"forceScale\":-1", "the force scale must be positive");
    expectMetadataRefused("\"format\":\"int4\"", "\"format\":\"int5\"", "int5");
    expectMetadataRefused("\"endLayersSingle\":false", "\"endLayersSingle\":0",
                          "field 'endLayersSingle' must be true or false");
    expectMetadataRefused("\"weightGroupSize\":2", "\"weightGroupSize\":0", "the weight group size must be positive");
    expectMetadataRefused("\"weightGroupSize\":2", "\"weightGroupSize\":2147483648",
                          "field 'weightGroupSize' must be an integer between");
    expectMetadataRefused("\"provenance\":{", "\"provenance\":5,\"p\":{", "field 'provenance' must be a JSON object");
}

TEST(ModelDocument, refusesBadPairs) {
    const string pair = "{\"network\":1,\"types\":[\"Na\",\"Cl\"]}";
    expectMetadataRefused(pair, "{\"network\":2,\"types\":[\"Na\",\"Cl\"]}",
                          "pairs[1]: SurrogateModel: there is no network 2; there are 2");
    expectMetadataRefused(pair, "{\"network\":-1,\"types\":[\"Na\",\"Cl\"]}",
                          "pairs[1]: field 'network' must be an integer between 0");
    expectMetadataRefused(pair, "{\"network\":1,\"types\":[\"Na\",\"K\"]}",
                          "pairs[1]: SurrogateModel: there is no particle type 'K'");
    expectMetadataRefused(pair, "{\"network\":1,\"types\":[\"Na\"]}",
                          "pairs[1]: field 'types' must name two types; it names 1");
    expectMetadataRefused(pair, "{\"network\":1,\"types\":[\"Na\",\"Na\"]}",
                          "pairs[1]: field 'types' names a pair that an earlier entry names");
    expectMetadataRefused(pair, pair + ",{\"network\":0,\"types\":[\"Cl\",\"Na\"]}",
                          "pairs[2]: field 'types' names a pair that an earlier entry names");
    expectMetadataRefused(pair, "{\"types\":[\"Na\",\"Cl\"]}", "pairs[1]: field 'network' is missing");
    expectMetadataRefused(pair, "{\"network\":1,\"types\":[\"Na\",\"Cl\"],\"x\":1}", "pairs[1]: field 'x' is unknown");
    expectMetadataRefused(pair, "7", "pairs[1]: there must be a JSON object");
}

TEST(ModelDocument, refusesBadNetworks) {
    expectMetadataRefused("\"widths\":[1,4,2,1]", "\"widths\":[1,4,2,2]",
                          "tensor 'network.0.layer.2.weight' must have shape [2, 2]; it has [1, 2]");
    expectMetadataRefused("\"widths\":[1,4,2,1]", "\"widths\":[1,4,2]",
                          "networks[0]: PairNetwork: the first and the last width must be 1");
    expectMetadataRefused("\"widths\":[1,4,2,1]", "\"widths\":[1]",
                          "networks[0]: field 'widths' must hold 2 to 17 numbers");
    expectMetadataRefused("\"widths\":[1,4,2,1]", "\"widths\":[1,4,2,1,1]",
                          "tensor 'network.0.layer.3.weight' is missing");
    expectMetadataRefused("\"widths\":[1,4,2,1]", "\"widths\":[1,4,1025,1]",
                          "field 'widths' must be between 1 and 1024; one is 1025");
    expectMetadataRefused("\"widths\":[1,4,2,1]", "\"widths\":[1,4,0,1]",
                          "field 'widths' must be between 1 and 1024; one is 0");
    expectMetadataRefused("\"widths\":[1,4,2,1]", "\"widths\":[1,18446744073709551615,2,1]",
                          "field 'widths' must be between 1 and 1024");
    expectMetadataRefused("\"activation\":\"tanh\"", "\"activation\":\"relu\"",
                          "networks[0]: field 'activation' is 'relu'; it must be one of: tanh, silu");
    expectMetadataRefused("\"activation\":\"clampedPolynomial\"", "\"activation\":\"silu\"",
                          "networks[1]: PairNetwork: only the ClampedPolynomial");
    expectMetadataRefused("\"output\":\"energy\"", "\"output\":\"charge\"", "networks[1]: field 'output' is 'charge'");
    expectMetadataRefused("\"coreStiffness\":12.5", "\"coreStiffness\":0", "the core stiffness must be positive");
    expectMetadataRefused("\"outputStandardDeviation\":17.1", "\"outputStandardDeviation\":0",
                          "the output standard deviation must be positive");
    expectMetadataRefused("\"coreStiffness\":12.5", "\"coreStiffness\":12.5,\"core\":1",
                          "networks[0]: field 'core' is unknown");
}

TEST(ModelDocument, refusesBadTensors) {
    const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
    for (float bad : {nan, infinity, -infinity})
        expectTensorRefused(
            "network.0.layer.1.weight", [=](NamedTensor& t) { t.values[5] = bad; },
            "tensor 'network.0.layer.1.weight' is not finite at element 5");
    expectTensorRefused(
        "network.0.training_histogram", [=](NamedTensor& t) { t.values[0] = nan; },
        "'network.0.training_histogram' is not finite");
    expectTensorRefused(
        "network.0.training_histogram", [](NamedTensor& t) { t.values[0] = -1; },
        "networks[0]: PairNetwork: training histogram");
    expectTensorRefused(
        "network.1.layer.0.bias", [](NamedTensor& t) { t.name = "network.1.layer.0.offset"; },
        "tensor 'network.1.layer.0.bias' is missing");
    expectTensorRefused(
        "network.0.training_histogram", [](NamedTensor& t) { t.name = "histogram"; }, "tensor 'histogram' is unknown");
    expectTensorRefused(
        "network.1.layer.0.bias", [](NamedTensor& t) { t.name = "network.1.layer.1.bias"; },
        "two tensors named 'network.1.layer.1.bias'");
    expectTensorRefused(
        "network.0.layer.0.weight", [](NamedTensor& t) { t.type = NamedTensor::Float64; },
        "must be of type F32; it is of type F64");
    expectTensorRefused(
        "network.0.layer.0.weight", [](NamedTensor& t) { t.shape = {1, 4}; }, "must have shape [4, 1]; it has [1, 4]");
    expectTensorRefused(
        "network.0.layer.1.weight_scale", [](NamedTensor& t) { t.shape = {4, 1}; },
        "must have shape [2, number of groups]");
    expectTensorRefused(
        "network.0.layer.1.weight_scale", [](NamedTensor& t) { t.values[1] = 0; },
        "scales of layer 1 must be positive");
    expectTensorRefused(
        "network.0.layer.1.activation_scale", [](NamedTensor& t) { t.shape = {2, 2}; },
        "must have one dimension and the same length");
    expectTensorRefused(
        "network.0.layer.2.activation_scale", [](NamedTensor& t) { t.name += "s"; },
        "'network.0.layer.2.activation_scale' is missing");
    expectTensorRefused(
        "network.0.layer.1.activation_zero_point", [](NamedTensor& t) { t.values[0] = 128; },
        "zero points of layer 1 must be between");
}
