// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_TORCHIMPORT_H_
#define OPENMM_SURROGATE_TORCHIMPORT_H_

#include "openmmsurrogate/SurrogateModel.h"
#include <string>
#include <vector>

namespace torch::jit {
struct Module;
}

/**
 * Import of pair networks that PyTorch has saved, in the library OpenMMSurrogateTorch. It needs LibTorch; this header and the
 * other libraries do not.
 *
 * A network is a stack of fully connected layers 1-...-1: torch.nn.Linear, with one activation (torch.nn.Tanh,
 * torch.nn.SiLU, or the ClampedPolynomial that SurrogateModel.toTorch() makes) after each but the last. It is taken as a
 * function y(s) of s = r/rc, the distance over the cutoff, without a unit. The model's force weight or energy is
 * outputMean + outputStandardDeviation*y. Parameters are rounded to single precision, in which a PairNetwork keeps them.
 *
 * For several types there is one network for each unordered pair of types A and B, in a submodule named "A-B" or "B-A"
 * at any depth, as a torch.nn.ModuleDict with such keys has; in a state dict the same text is part of the names. With one
 * type, the whole module may be the network instead.
 */
namespace SurrogatePlugin {

/** What a saved network does not tell. */
struct TorchNetworkOptions {
    /** What the network computes: w(r) = -dU/dr, or U(r). */
    PairNetwork::Output output = PairNetwork::ForceWeight;
    /** Added to the scaled output, kJ/mol/nm (ForceWeight) or kJ/mol (Energy). */
    double outputMean = 0;
    /** By which the output is multiplied, same unit; positive. */
    double outputStandardDeviation = 1;
    /** Smallest distance seen in training, nm; the repulsive core is below it. */
    double minimumDistance = 0;
    /** Stiffness of the repulsive core, positive. */
    double coreStiffness = 10;
    /**
     * For state dicts, which hold no functions: the activation. A ClampedPolynomial is recognized by its coefficients.
     */
    PairNetwork::Activation activation = PairNetwork::Tanh;
};

/**
 * Import one network from a TorchScript module.
 *
 * Layers are taken in the order in which they were registered, and the activation from the submodules, or, if there are none
 * (torch.tanh in forward()), from what fits. The module's forward pass, of an input of shape [N, 1] or [N], is then run in
 * double precision and compared with the network: a module that computes anything else is refused.
 *
 * @param module   the module; it is not changed
 * @param options  what the module does not tell; its activation is not used
 * @throws OpenMM::OpenMMException that names the submodule, parameter or operation that does not belong into such a network
 */
PairNetwork importTorchNetwork(const torch::jit::Module& module,
                               const TorchNetworkOptions& options = TorchNetworkOptions());

/**
 * Import a model from a TorchScript module.
 *
 * @param module     the module; it is not changed
 * @param typeNames  the names of the particle types
 * @param cutoff     the distance rc that the input is relative to, beyond which nothing interacts, nm
 * @param options    what the module does not tell, the same for all networks
 * @throws OpenMM::OpenMMException as importTorchNetwork() does, or if the network of a pair is missing
 */
SurrogateModel importTorchScript(const torch::jit::Module& module, const std::vector<std::string>& typeNames,
                                 double cutoff, const TorchNetworkOptions& options = TorchNetworkOptions());

/**
 * Import a model from a file that torch.jit.save() or ScriptModule.save() wrote. Parameters and errors are those of the
 * function above, and there is an error if the file is not of this kind.
 */
SurrogateModel importTorchScript(const std::string& filename, const std::vector<std::string>& typeNames, double cutoff,
                                 const TorchNetworkOptions& options = TorchNetworkOptions());

/**
 * Import a model from a state dict: a file that torch.save(module.state_dict()) wrote, or a .safetensors file of float32 or
 * float64 arrays. No code in the file is run.
 *
 * The arrays of a layer are called <layer>.weight, shape [outputs, inputs], and <layer>.bias, shape [outputs], or
 * weights.<layer> and biases.<layer>; a bias may be missing. Layers are taken in the order of the state dict (safetensors:
 * of their names, in which numbers count as numbers), except that the first is the one with one input, and the last the one
 * with one output.
 *
 * @param filename   the file
 * @param typeNames  the names of the particle types
 * @param cutoff     the distance rc that the input is relative to, beyond which nothing interacts, nm
 * @param options    what the file does not tell, the same for all networks
 * @throws OpenMM::OpenMMException that names the file and the entry that does not belong into such a network
 */
SurrogateModel importTorchStateDict(const std::string& filename, const std::vector<std::string>& typeNames,
                                    double cutoff, const TorchNetworkOptions& options = TorchNetworkOptions());

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_TORCHIMPORT_H_*/
