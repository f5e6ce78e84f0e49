// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_NETWORKASSEMBLY_H_
#define OPENMM_SURROGATE_NETWORKASSEMBLY_H_

#include "openmmsurrogate/TorchImport.h"
#include "openmmsurrogate/internal/NamedTensor.h"
#include <string>
#include <vector>

namespace SurrogatePlugin {

/** The function between the layers. */
struct HiddenActivation {
    PairNetwork::Activation activation;
    /** {c, a1, a3, ...} of a ClampedPolynomial, else empty. */
    std::vector<double> coefficients;
};

/** Throw an OpenMMException about what is being imported. */
[[noreturn]] void failImport(const std::string& source, const std::string& message);

/**
 * Make a network from its named arrays: it knows their names and shapes, and nothing of LibTorch.
 *
 * @param tensors     weights and biases, see importTorchStateDict() for names and order, and at will the coefficients of a
 *                    ClampedPolynomial, <activation>.coefficients, which then take the place of the given activation
 * @param activation  the activation of the hidden layers
 * @param options     its activation is not used
 * @param source      what is being imported, for messages
 * @throws OpenMM::OpenMMException that names the array that does not fit
 */
PairNetwork assembleNetwork(const std::vector<NamedTensor>& tensors, const HiddenActivation& activation,
                            const TorchNetworkOptions& options, const std::string& source);

/** Select the arrays with a component of their names, in "a.b.c", that is one of two; the names lose all up to it. */
std::vector<NamedTensor> selectTensors(const std::vector<NamedTensor>& tensors, const std::string& component1,
                                       const std::string& component2);

/** Sort by name, where digits count as numbers: "layer.2" before "layer.10". */
void sortByName(std::vector<NamedTensor>& tensors);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_NETWORKASSEMBLY_H_*/
