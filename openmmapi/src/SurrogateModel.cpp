// SPDX-License-Identifier: MIT
#include "openmmsurrogate/SurrogateModel.h"
#include "FileAccess.h"
#include "JsonFields.h"
#include "openmmsurrogate/internal/ModelFile.h"
#include "openmmsurrogate/internal/PairFunction.h"
#include <openmm/OpenMMException.h>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <mutex>
#include <set>

using namespace SurrogatePlugin;
using OpenMM::OpenMMException;
using std::shared_ptr;
using std::string;
using std::to_string;
using std::vector;

/** What was computed from the networks, the cutoff and the rounding of a model. Copies of a model share it. */
struct SurrogateModel::FunctionCache {
    std::mutex mutex;
    std::map<std::pair<int, NumericFormat::Type>, shared_ptr<const PairFunction> > functions;
    double forceScale = 0; // 0: not found yet
};

namespace {

[[noreturn]] void fail(const string& message) {
    throw OpenMMException("SurrogateModel: " + message);
}

void require(bool condition, const string& message) {
    if (!condition)
        fail(message);
}

/** Numbers in messages as short as they can be told apart; to_string() would print 1e-9 as 0.000000. */
string toText(double value) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.9g", value);
    return text;
}

void checkTypeNames(const vector<string>& typeNames) {
    require(!typeNames.empty() && typeNames.size() <= (size_t) SurrogateModel::getMaxTypes(),
            "there must be 1 to " + to_string(SurrogateModel::getMaxTypes()) + " particle types; got " +
                to_string(typeNames.size()));
    std::set<string> seen;
    for (const string& name : typeNames) {
        require(!name.empty(), "a particle type must have a name that is not empty");
        require(seen.insert(name).second, "two particle types are named '" + printable(name) + "'; names must differ");
        // Writing the name as JSON is what would fail later, when the model is saved.
        try {
            nlohmann::json(name).dump();
        } catch (const nlohmann::json::exception&) {
            throw OpenMMException("SurrogateModel: the particle type '" + printable(name) + "' is not valid UTF-8");
        }
    }
}

} // namespace

SurrogateModel::SurrogateModel(const vector<string>& typeNames, double cutoff)
    : typeNames(typeNames), cutoff(cutoff), forceScale(0), format(NumericFormat::Default), endLayersSingle(true),
      weightGroupSize(16), provenance("{}"), functions(std::make_shared<FunctionCache>()) {
    checkTypeNames(typeNames);
    require(std::isfinite(cutoff) && cutoff > 0,
            "the cutoff must be positive and finite; got " + toText(cutoff) + " nm");
    pairNetworks.assign(typeNames.size() * typeNames.size(), Undefined);
    energyOffsets.assign(typeNames.size(), 0.0);
}

SurrogateModel SurrogateModel::load(const string& filename) {
    const string bytes = readFile(filename, ModelFile::MaxFileSize);
    try {
        return ModelFile::decode(bytes.data(), bytes.size());
    } catch (const OpenMMException& error) {
        throw OpenMMException("model file '" + filename + "': " + error.what());
    }
}

void SurrogateModel::save(const string& filename) const {
    replaceFile(filename, ModelFile::encode(*this));
}

int SurrogateModel::getTypeIndex(const string& name) const {
    const auto found = std::find(typeNames.begin(), typeNames.end(), name);
    if (found != typeNames.end())
        return (int) (found - typeNames.begin());
    string known;
    for (const string& typeName : typeNames)
        known += (known.empty() ? "" : ", ") + typeName;
    throw OpenMMException("SurrogateModel: there is no particle type '" + printable(name) +
                          "'; the types are: " + printable(known));
}

void SurrogateModel::checkNetwork(const PairNetwork& network) const {
    require(network.getMinimumDistance() < cutoff, "the minimum distance of a network, " +
                                                       toText(network.getMinimumDistance()) +
                                                       " nm, must be below the cutoff, " + toText(cutoff) + " nm");
}

int SurrogateModel::addNetwork(const PairNetwork& network) {
    checkNetwork(network);
    networks.push_back(network);
    functions = std::make_shared<FunctionCache>();
    return (int) networks.size() - 1;
}

void SurrogateModel::setNetwork(int index, const PairNetwork& network) {
    getNetwork(index); // checks the index
    checkNetwork(network);
    networks[index] = network;
    functions = std::make_shared<FunctionCache>();
}

const PairNetwork& SurrogateModel::getNetwork(int index) const {
    if (index < 0 || index >= getNumNetworks())
        fail("there is no network " + to_string(index) + "; there are " + to_string(getNumNetworks()));
    return networks[index];
}

void SurrogateModel::checkType(int type) const {
    if (type < 0 || type >= getNumTypes())
        fail("there is no particle type " + to_string(type) + "; there are " + to_string(getNumTypes()));
}

int SurrogateModel::pairIndex(int type1, int type2) const {
    checkType(type1);
    checkType(type2);
    return type1 * getNumTypes() + type2;
}

void SurrogateModel::setPairNetwork(int type1, int type2, int network) {
    if (network != NonInteracting)
        getNetwork(network);
    pairNetworks[pairIndex(type1, type2)] = network;
    pairNetworks[pairIndex(type2, type1)] = network;
}

int SurrogateModel::getPairNetwork(int type1, int type2) const {
    return pairNetworks[pairIndex(type1, type2)];
}

double SurrogateModel::getForceScale() const {
    if (forceScale > 0)
        return forceScale;
    {
        std::lock_guard<std::mutex> lock(functions->mutex);
        if (functions->forceScale > 0)
            return functions->forceScale;
    }
    double largest = 0;
    for (int i = 0; i < getNumNetworks(); i++)
        largest = std::max(largest, getPairFunction(i, NumericFormat::Double)
                                        ->findLargestForce(0.5 * (networks[i].getMinimumDistance() + cutoff), cutoff));
    require(std::isfinite(largest) && largest > 0,
            "the force scale cannot be found from the networks, whose largest force in the outer half of their "
            "range is " +
                toText(largest) + " kJ/mol/nm; call setForceScale()");
    std::lock_guard<std::mutex> lock(functions->mutex);
    functions->forceScale = largest;
    return largest;
}

void SurrogateModel::setForceScale(double scale) {
    require(std::isfinite(scale) && scale >= 0,
            "the force scale must be positive and finite, or 0 to unset it; got " + toText(scale) + " kJ/mol/nm");
    forceScale = scale;
}

double SurrogateModel::getEnergyOffset(int type) const {
    checkType(type);
    return energyOffsets[type];
}

void SurrogateModel::setEnergyOffset(int type, double offset) {
    checkType(type);
    require(std::isfinite(offset), "the energy offset of a type must be finite; got " + toText(offset) + " kJ/mol");
    energyOffsets[type] = offset;
}

void SurrogateModel::setFormat(NumericFormat::Type format) {
    NumericFormat::getName(format); // throws if it is none
    this->format = format;
}

void SurrogateModel::setEndLayersSingle(bool single) {
    endLayersSingle = single;
    functions = std::make_shared<FunctionCache>();
}

void SurrogateModel::setWeightGroupSize(int size) {
    require(size > 0, "the weight group size must be positive; got " + to_string(size));
    weightGroupSize = size;
    functions = std::make_shared<FunctionCache>();
}

void SurrogateModel::setProvenance(const string& json) {
    const nlohmann::json document = parseJson(json, "SurrogateModel: the provenance");
    require(document.is_object(),
            string("the provenance must be a JSON object; it is of type ") + document.type_name());
    provenance = document.dump(-1, ' ', true);
}

void SurrogateModel::checkPair(int type1, int type2, double r) const {
    if (getPairNetwork(type1, type2) == Undefined)
        fail("the types " + printable(typeNames[type1]) + " and " + printable(typeNames[type2]) +
             " have no network; call setPairNetwork() with one, or with NonInteracting");
    if (!(std::isfinite(r) && r >= 0))
        fail("the distance must be finite and not negative; got " + toText(r) + " nm");
}

double SurrogateModel::computeForce(int type1, int type2, double r, NumericFormat::Type format) const {
    checkPair(type1, type2, r);
    const int network = getPairNetwork(type1, type2);
    return network == NonInteracting ? 0.0 : getPairFunction(network, format)->computeForce(r);
}

double SurrogateModel::computeEnergy(int type1, int type2, double r, NumericFormat::Type format) const {
    checkPair(type1, type2, r);
    const int network = getPairNetwork(type1, type2);
    return network == NonInteracting ? 0.0 : getPairFunction(network, format)->computeEnergy(r);
}

shared_ptr<const PairFunction> SurrogateModel::getPairFunction(int network, NumericFormat::Type format) const {
    getNetwork(network);
    NumericFormat::getName(format); // throws if it is none
    if (format == NumericFormat::Default)
        format = NumericFormat::Double;
    std::lock_guard<std::mutex> lock(functions->mutex);
    shared_ptr<const PairFunction>& function = functions->functions[{network, format}];
    if (function == nullptr)
        function = std::make_shared<const PairFunction>(networks[network], cutoff,
                                                        FormatScheme{format, endLayersSingle, weightGroupSize});
    return function;
}
