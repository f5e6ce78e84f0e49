// SPDX-License-Identifier: MIT
#include "openmmsurrogate/TorchImport.h"
#include "FileAccess.h"
#include "NetworkAssembly.h"
#include "StateDictArchive.h"
#include "openmmsurrogate/internal/SafeTensors.h"
#include <openmm/OpenMMException.h>
#include <functional>
#include <torch/script.h>

using namespace SurrogatePlugin;
using std::string;
using std::vector;
using torch::jit::Module;

namespace {

/** Networks are small; what is larger is something else. */
constexpr std::size_t maxFileSize = std::size_t(1) << 30;

string pairName(const string& type1, const string& type2) {
    return type1 + "-" + type2;
}

/** Make a model with a network for each pair of types. @param importPair  gets the names of two types */
SurrogateModel importPairs(const vector<string>& typeNames, double cutoff,
                           const std::function<PairNetwork(const string&, const string&)>& importPair) {
    SurrogateModel model(typeNames, cutoff);
    for (int i = 0; i < model.getNumTypes(); i++)
        for (int j = i; j < model.getNumTypes(); j++)
            model.setPairNetwork(i, j, model.addNetwork(importPair(typeNames[i], typeNames[j])));
    return model;
}

[[noreturn]] void failPair(const string& source, const string& what, const string& type1, const string& type2,
                           std::size_t count) {
    failImport(source, "there must be one " + what + " '" + pairName(type1, type2) + "' or '" + pairName(type2, type1) +
                           "' for the types " + type1 + " and " + type2 + ", but there are " + std::to_string(count));
}

/** Find the submodule of a pair of types; with one type it may be the module itself. */
Module findPairModule(const Module& module, const string& type1, const string& type2, bool isOnlyPair) {
    vector<Module> found;
    for (const auto& part : module.named_modules()) {
        const string name = part.name.substr(part.name.rfind('.') + 1); // npos + 1 is 0
        if (name == pairName(type1, type2) || name == pairName(type2, type1))
            found.push_back(part.value);
    }
    if (found.empty() && isOnlyPair)
        return module;
    if (found.size() != 1)
        failPair("a TorchScript module", "submodule", type1, type2, found.size());
    return found[0];
}

bool isSafeTensors(const string& filename) {
    const string suffix = ".safetensors";
    return filename.size() > suffix.size() &&
           filename.compare(filename.size() - suffix.size(), suffix.size(), suffix) == 0;
}

vector<NamedTensor> readStateDict(const string& filename) {
    const string bytes = readFile(filename, maxFileSize);
    if (!isSafeTensors(filename))
        return readStateDictArchive(bytes);
    vector<NamedTensor> tensors = SafeTensors::decode(bytes.data(), bytes.size()).tensors;
    sortByName(tensors); // a safetensors file keeps no order
    return tensors;
}

} // namespace

SurrogateModel SurrogatePlugin::importTorchScript(const Module& module, const vector<string>& typeNames, double cutoff,
                                                  const TorchNetworkOptions& options) {
    return importPairs(typeNames, cutoff, [&](const string& type1, const string& type2) {
        return importTorchNetwork(findPairModule(module, type1, type2, typeNames.size() == 1), options);
    });
}

SurrogateModel SurrogatePlugin::importTorchScript(const string& filename, const vector<string>& typeNames,
                                                  double cutoff, const TorchNetworkOptions& options) {
    Module module("unread");
    try {
        module = torch::jit::load(filename, at::kCPU);
    } catch (const std::exception& error) {
        const auto* torchError = dynamic_cast<const c10::Error*>(&error);
        failImport(filename, string("it is not a file that torch.jit.save() wrote (for a state dict there is "
                                    "importTorchStateDict): ") +
                                 (torchError ? torchError->what_without_backtrace() : error.what()));
    }
    try {
        return importTorchScript(module, typeNames, cutoff, options);
    } catch (const OpenMM::OpenMMException& error) {
        throw OpenMM::OpenMMException(filename + ": " + error.what());
    }
}

SurrogateModel SurrogatePlugin::importTorchStateDict(const string& filename, const vector<string>& typeNames,
                                                     double cutoff, const TorchNetworkOptions& options) {
    vector<NamedTensor> tensors;
    try {
        tensors = readStateDict(filename);
    } catch (const OpenMM::OpenMMException& error) {
        failImport(filename, error.what());
    }
    return importPairs(typeNames, cutoff, [&](const string& type1, const string& type2) {
        vector<NamedTensor> selected = selectTensors(tensors, pairName(type1, type2), pairName(type2, type1));
        if (selected.empty() && typeNames.size() == 1)
            selected = tensors;
        else if (selected.empty())
            failPair(filename, "group of entries with", type1, type2, 0);
        return assembleNetwork(selected, {options.activation, {}}, options, filename);
    });
}
