// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/ModelDocument.h"
#include "Crc32.h"
#include "JsonFields.h"
#include "ModelTensors.h"
#include <openmm/OpenMMException.h>
#include <algorithm>
#include <array>
#include <cmath>

using namespace SurrogatePlugin;
using nlohmann::json;
using OpenMM::OpenMMException;
using std::size_t;
using std::string;
using std::vector;

namespace {

const string kind = "pair";
const json units = {{"length", "nm"}, {"energy", "kJ/mol"}, {"force", "kJ/mol/nm"}};
// In the order of the enums of PairNetwork.
const std::array<string, 3> activationNames = {"tanh", "silu", "clampedPolynomial"};
const std::array<string, 2> outputNames = {"forceWeight", "energy"};

template <size_t N>
int parseName(JsonFields& fields, const string& key, const std::array<string, N>& names) {
    const string name = fields.getString(key);
    string valid;
    for (size_t i = 0; i < N; i++) {
        if (name == names[i])
            return (int) i;
        valid += (i == 0 ? "" : ", ") + names[i];
    }
    fields.fail(key, "is '" + printable(name) + "'; it must be one of: " + valid);
}

json describePairs(const SurrogateModel& model) {
    json pairs = json::array();
    for (int i = 0; i < model.getNumTypes(); i++)
        for (int j = i; j < model.getNumTypes(); j++) {
            const int network = model.getPairNetwork(i, j);
            if (network == SurrogateModel::Undefined)
                continue;
            pairs.push_back({{"types", {model.getTypeNames()[i], model.getTypeNames()[j]}},
                             {"network", network == SurrogateModel::NonInteracting ? json(nullptr) : json(network)}});
        }
    return pairs;
}

void readPair(const json& description, SurrogateModel& model) {
    JsonFields pair(description);
    const vector<string> types = pair.getStrings("types");
    if (types.size() != 2)
        pair.fail("types", "must name two types; it names " + std::to_string(types.size()));
    const int type1 = model.getTypeIndex(types[0]), type2 = model.getTypeIndex(types[1]);
    if (model.getPairNetwork(type1, type2) != SurrogateModel::Undefined)
        pair.fail("types",
                  "names a pair that an earlier entry names too: " + printable(types[0]) + ", " + printable(types[1]));
    const bool interacting = !pair.getValue("network").is_null();
    model.setPairNetwork(type1, type2, interacting ? pair.getCount("network") : (int) SurrogateModel::NonInteracting);
    pair.finish();
}

void readPairs(JsonFields& fields, SurrogateModel& model) {
    const json& pairs = fields.getArray("pairs");
    for (size_t i = 0; i < pairs.size(); i++)
        inContext("pairs[" + std::to_string(i) + "]", [&] { readPair(pairs[i], model); });
}

json describeNetwork(const PairNetwork& network) {
    return {{"widths", network.getWidths()},
            {"activation", activationNames.at(network.getActivation())},
            {"activationCoefficients", network.getActivationCoefficients()},
            {"output", outputNames.at(network.getOutput())},
            {"outputMean", network.getOutputMean()},
            {"outputStandardDeviation", network.getOutputStandardDeviation()},
            {"minimumDistance", network.getMinimumDistance()},
            {"coreStiffness", network.getCoreStiffness()}};
}

PairNetwork readNetwork(const json& description, int index, ModelTensors& tensors) {
    JsonFields fields(description);
    const vector<size_t> widths = fields.getSizes("widths");
    if (widths.size() < 2 || widths.size() > (size_t) PairNetwork::getMaxLayers() + 1)
        fields.fail("widths", "must hold 2 to " + std::to_string(PairNetwork::getMaxLayers() + 1) +
                                  " numbers; it holds " + std::to_string(widths.size()));
    for (size_t width : widths)
        if (width < 1 || width > (size_t) PairNetwork::getMaxWidth())
            fields.fail("widths", "must be between 1 and " + std::to_string(PairNetwork::getMaxWidth()) + "; one is " +
                                      std::to_string(width));
    const auto activation = (PairNetwork::Activation) parseName(fields, "activation", activationNames);
    const auto output = (PairNetwork::Output) parseName(fields, "output", outputNames);
    PairNetwork network = tensors.takeNetwork(index, widths, activation, output);
    network.setActivationCoefficients(fields.getNumbers("activationCoefficients"));
    const double mean = fields.getNumber("outputMean");
    network.setOutputStandardization(mean, fields.getNumber("outputStandardDeviation"));
    const double minimumDistance = fields.getNumber("minimumDistance");
    network.setCore(minimumDistance, fields.getNumber("coreStiffness"));
    fields.finish();
    return network;
}

void readNetworks(JsonFields& fields, ModelTensors& tensors, SurrogateModel& model) {
    const json& networks = fields.getArray("networks");
    for (size_t i = 0; i < networks.size(); i++)
        inContext("networks[" + std::to_string(i) + "]",
                  [&] { model.addNetwork(readNetwork(networks[i], (int) i, tensors)); });
    tensors.finish();
}

void readEnergyOffsets(JsonFields& fields, SurrogateModel& model) {
    const vector<double> offsets = fields.getNumbers("energyOffsets");
    if (offsets.size() != (size_t) model.getNumTypes())
        fields.fail("energyOffsets", "must hold one number for each of the " + std::to_string(model.getNumTypes()) +
                                         " types; it holds " + std::to_string(offsets.size()));
    for (size_t type = 0; type < offsets.size(); type++)
        model.setEnergyOffset((int) type, offsets[type]);
}

/** Check what tells whether the rest can be understood at all. A newer version may differ in everything but this. */
void readVersion(JsonFields& fields) {
    const int version = fields.getCount("version");
    if (version > ModelDocument::getVersion())
        throw OpenMMException("it has format version " + std::to_string(version) + ", this build reads up to " +
                              std::to_string(ModelDocument::getVersion()) + ": update openmm-surrogate");
    if (version < 1)
        fields.fail("version", "must be at least 1; got " + std::to_string(version));
}

} // namespace

ModelDocument::ModelDocument(const string& metadata, const vector<NamedTensor>& tensors, const string& checksum)
    : metadata(metadata), tensors(tensors), checksum(checksum) {}

ModelDocument::ModelDocument(const SurrogateModel& model) {
    json networks = json::array(), offsets = json::array();
    for (int i = 0; i < model.getNumNetworks(); i++) {
        networks.push_back(describeNetwork(model.getNetwork(i)));
        ModelTensors::appendNetwork(i, model.getNetwork(i), tensors);
    }
    for (int type = 0; type < model.getNumTypes(); type++)
        offsets.push_back(model.getEnergyOffset(type));
    const json document = {{"version", getVersion()},
                           {"kind", kind},
                           {"units", units},
                           {"types", model.getTypeNames()},
                           {"cutoff", model.getCutoff()},
                           {"pairs", describePairs(model)},
                           {"networks", networks},
                           {"forceScale", model.forceScale},
                           {"energyOffsets", offsets},
                           {"format", NumericFormat::getName(model.getFormat())},
                           {"endLayersSingle", model.getEndLayersSingle()},
                           {"weightGroupSize", model.getWeightGroupSize()},
                           {"provenance", json::parse(model.getProvenance())}};
    // Pure ASCII goes through every container unchanged.
    metadata = document.dump(-1, ' ', true);
    checksum = computeChecksum();
}

void ModelDocument::checkVersion(const string& metadata) {
    const json document = parseJson(metadata, "the metadata");
    JsonFields fields(document);
    readVersion(fields);
}

string ModelDocument::computeChecksum() const {
    vector<const NamedTensor*> ordered;
    for (const NamedTensor& tensor : tensors)
        ordered.push_back(&tensor);
    std::sort(ordered.begin(), ordered.end(),
              [](const NamedTensor* a, const NamedTensor* b) { return a->name < b->name; });
    Crc32 crc;
    crc.add(metadata);
    for (const NamedTensor* tensor : ordered)
        crc.add(tensor->encode());
    return crc.toHex();
}

void ModelDocument::checkTensors() const {
    for (const NamedTensor& tensor : tensors)
        for (size_t i = 0; i < tensor.values.size(); i++)
            if (!std::isfinite(tensor.values[i]))
                throw OpenMMException("tensor '" + printable(tensor.name) + "' is not finite at element " +
                                      std::to_string(i) + ": the training diverged, or the file is damaged");
    const string expected = computeChecksum();
    if (checksum != expected)
        throw OpenMMException("its checksum is '" + printable(checksum) + "', that of its content '" + expected +
                              "': it is damaged, or was changed without renewing the checksum");
}

SurrogateModel ModelDocument::createModel() const {
    const json document = parseJson(metadata, "the metadata");
    JsonFields fields(document);
    readVersion(fields);
    if (fields.getString("kind") != kind)
        fields.fail("kind", "is '" + printable(fields.getString("kind")) + "'; this build knows only '" + kind + "'");
    checkTensors();
    if (fields.getValue("units") != units)
        fields.fail("units", "must be " + units.dump() + "; got " + printable(document["units"].dump()));
    const vector<string> types = fields.getStrings("types");
    SurrogateModel model(types, fields.getNumber("cutoff"));
    ModelTensors available(tensors);
    readNetworks(fields, available, model);
    readPairs(fields, model);
    model.setForceScale(fields.getNumber("forceScale"));
    readEnergyOffsets(fields, model);
    model.setFormat(NumericFormat::parse(printable(fields.getString("format"))));
    model.setEndLayersSingle(fields.getBool("endLayersSingle"));
    model.setWeightGroupSize(fields.getCount("weightGroupSize"));
    const json& provenance = fields.getValue("provenance");
    if (!provenance.is_object())
        fields.fail("provenance", string("must be a JSON object; it is of type ") + provenance.type_name());
    model.setProvenance(provenance.dump());
    fields.finish();
    return model;
}
