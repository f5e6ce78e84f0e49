// SPDX-License-Identifier: MIT
#include "NetworkAssembly.h"
#include "TensorConversion.h"
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/script.h>

using namespace SurrogatePlugin;
using std::string;
using std::vector;
using torch::jit::Module;

namespace {

const char* const source = "a TorchScript module";

/** Where networks are compared with the module: points of (0, 1], which the input s = r/rc comes from. */
constexpr int numProbes = 64;
/** Rounding of sums in double precision, relative to the largest output, stays far below; anything else far above. */
constexpr double probeTolerance = 1e-9;

/** Get the name of a module's class, without the package and without TorchScript's mangling: "Linear". */
string getClassName(const Module& module) {
    const auto name = module.type()->name();
    return name ? name->name() : "";
}

bool isLeaf(const Module& module) {
    return module.children().size() == 0;
}

/** Find the activation that the submodules name; nothing if there is none. */
std::optional<HiddenActivation> findActivation(const Module& module) {
    static const std::map<string, PairNetwork::Activation> activations = {
        {"Tanh", PairNetwork::Tanh},
        {"SiLU", PairNetwork::SiLU},
        {"ClampedPolynomial", PairNetwork::ClampedPolynomial}};
    // Those change nothing in evaluation.
    static const std::set<string> neutral = {"Linear", "Identity", "Dropout"};
    std::optional<HiddenActivation> result;
    string firstName;
    for (const auto& part : module.named_modules()) {
        if (!isLeaf(part.value) || part.value._ivalue() == module._ivalue())
            continue;
        const string className = getClassName(part.value);
        const auto found = activations.find(className);
        if (found == activations.end()) {
            if (neutral.count(className) == 0 && part.value.parameters(false).size() == 0)
                failImport(source,
                           "the submodule '" + part.name + "' is a " + className +
                               "; expected are Linear layers with Tanh, SiLU or ClampedPolynomial between them");
            continue;
        }
        if (result && result->activation != found->second)
            failImport(source, "the submodule '" + part.name + "' is a " + className + ", but '" + firstName +
                                   "' is another activation: all hidden layers of a pair network have the same");
        if (!result)
            firstName = part.name;
        result = {found->second, {}};
    }
    return result;
}

vector<NamedTensor> collectTensors(const Module& module) {
    vector<NamedTensor> tensors;
    for (const auto& parameter : module.named_parameters())
        tensors.push_back(toNamedTensor(parameter.name, parameter.value));
    for (const auto& buffer : module.named_buffers())
        tensors.push_back(toNamedTensor(buffer.name, buffer.value));
    return tensors;
}

/** Get a copy for evaluation in double precision, whose parameters have the values that a PairNetwork keeps. */
Module makeReference(const Module& module) {
    Module copy = module.deepcopy();
    copy.to(at::kCPU);
    copy.eval();
    for (const at::Tensor& parameter : copy.parameters()) {
        at::Tensor target = parameter;
        target.set_data(parameter.to(at::kFloat).to(at::kDouble));
    }
    for (const at::Tensor& buffer : copy.buffers()) {
        at::Tensor target = buffer;
        target.set_data(buffer.to(at::kDouble));
    }
    return copy;
}

/** Run the forward pass for inputs of shape [N, 1] or, if that does not work, [N]. */
vector<double> runForward(const Module& module) {
    torch::NoGradGuard noGradients;
    const at::Tensor s = at::arange(1, numProbes + 1, at::kDouble) / numProbes;
    Module reference = makeReference(module);
    string error;
    for (const at::Tensor& input : {s.unsqueeze(1), s}) {
        try {
            const c10::IValue output = reference.forward({input});
            if (output.isTensor() && output.toTensor().numel() == numProbes)
                return toNamedTensor("output", output.toTensor()).values;
            error += " The output for an input of " + std::to_string(input.dim()) +
                     " dimensions does not have one number for each.";
        } catch (const std::exception& exception) {
            const auto* torchError = dynamic_cast<const c10::Error*>(&exception);
            error += string(" ") + (torchError ? torchError->what_without_backtrace() : exception.what());
        }
    }
    failImport(source,
               "its forward pass cannot be run for an input of shape [N, 1] or [N] in double precision:" + error);
}

/** Get the largest difference of a network's output from expected values, relative to the largest of these. */
double compareOutputs(const PairNetwork& network, const vector<double>& expected) {
    // As a model with cutoff 1 whose force weight is the plain output y(s).
    vector<vector<float> > weights, biases;
    for (int layer = 0; layer < network.getNumLayers(); layer++) {
        weights.push_back(network.getWeights(layer));
        biases.push_back(network.getBiases(layer));
    }
    PairNetwork plain(network.getWidths(), weights, biases, network.getActivation());
    plain.setActivationCoefficients(network.getActivationCoefficients());
    SurrogateModel model({"any"}, 1.0);
    model.setPairNetwork(0, 0, model.addNetwork(plain));
    double scale = 0, difference = 0;
    for (int i = 0; i + 1 < numProbes; i++) { // the model is zero at the cutoff itself, the last point
        const double value = model.computeForce(0, 0, (i + 1.0) / numProbes);
        scale = std::max(scale, std::fabs(expected[i]));
        difference = std::max(difference, std::fabs(value - expected[i]));
        if (!std::isfinite(expected[i]))
            return HUGE_VAL;
    }
    return scale > 0 ? difference / scale : difference;
}

void listOperations(const torch::jit::Block* block, std::set<string>& names) {
    static const std::set<string> known = {"aten::linear", "aten::tanh", "aten::silu", "aten::dropout"};
    for (const torch::jit::Node* node : block->nodes()) {
        const string name = node->kind().toQualString();
        if (name.rfind("prim::", 0) != 0 && known.count(name) == 0)
            names.insert(name);
        for (const torch::jit::Block* inner : node->blocks())
            listOperations(inner, names);
    }
}

/** Name the operations of the forward pass that a pair network does not have, for a message. */
string describeOperations(const Module& module) {
    std::shared_ptr<torch::jit::Graph> graph = module.get_method("forward").graph()->copy();
    torch::jit::Inline(*graph);
    std::set<string> names;
    listOperations(graph->block(), names);
    string text;
    for (const string& name : names)
        text += (text.empty() ? "; besides Linear layers and activations it has " : ", ") + name;
    return text;
}

/** Name the submodule that was registered last if it is an activation, for a message. */
string describeLastActivation(const Module& module) {
    string name, className;
    for (const auto& part : module.named_modules())
        if (isLeaf(part.value)) {
            name = part.name;
            className = getClassName(part.value);
        }
    if (className == "Linear" || className == "Identity" || className == "Dropout")
        return "";
    return "; the submodule '" + name + "', a " + className + ", comes after the last layer, which must be linear";
}

} // namespace

PairNetwork SurrogatePlugin::importTorchNetwork(const Module& module, const TorchNetworkOptions& options) {
    if (!module.find_method("forward"))
        failImport(source, "the module " + getClassName(module) + " has no forward() to compare with");
    const std::optional<HiddenActivation> named = findActivation(module);
    vector<HiddenActivation> candidates = {{PairNetwork::Tanh, {}}, {PairNetwork::SiLU, {}}};
    if (named)
        candidates = {*named};
    const vector<NamedTensor> tensors = collectTensors(module);
    vector<PairNetwork> networks;
    for (const HiddenActivation& activation : candidates)
        networks.push_back(assembleNetwork(tensors, activation, options, source));
    const vector<double> expected = runForward(module);
    for (const PairNetwork& network : networks)
        if (compareOutputs(network, expected) <= probeTolerance)
            return network;
    failImport(source,
               "its forward pass is not that of its Linear layers, in the order in which they were registered, with " +
                   string(named ? "its activation" : "tanh or SiLU") +
                   " after each but the last (difference relative to the largest output: " +
                   std::to_string(compareOutputs(networks[0], expected)) + ")" +
                   (named ? describeLastActivation(module) : "") + describeOperations(module));
}
