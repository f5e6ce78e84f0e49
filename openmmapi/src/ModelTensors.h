// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_MODELTENSORS_H_
#define OPENMM_SURROGATE_MODELTENSORS_H_

#include "openmmsurrogate/PairNetwork.h"
#include "openmmsurrogate/internal/NamedTensor.h"
#include <map>
#include <string>
#include <vector>

namespace SurrogatePlugin {

/**
 * The arrays of the networks of a model: their names, types and shapes in a file.
 *
 *   network.N.layer.L.weight, .bias                                       every layer
 *   network.N.layer.L.weight_scale, .activation_scale, .activation_zero_point   where a layer is quantized
 *   network.N.training_histogram                                          where it is known
 */
class ModelTensors {
public:
    /** Append the arrays of network number "index" to a list. */
    static void appendNetwork(int index, const PairNetwork& network, std::vector<NamedTensor>& tensors);
    /**
     * Begin to take arrays out of a list, which must outlive this.
     *
     * @throws OpenMM::OpenMMException if two of them have one name
     */
    explicit ModelTensors(const std::vector<NamedTensor>& tensors);
    /**
     * Take the arrays of a network and make it.
     *
     * @throws OpenMM::OpenMMException that names the array if one is missing or has another type or shape
     */
    PairNetwork takeNetwork(int index, const std::vector<std::size_t>& widths, PairNetwork::Activation activation,
                            PairNetwork::Output output);
    /** Throw if there are arrays that were not taken. */
    void finish() const;

private:
    bool has(const std::string& name) const { return available.count(name) > 0; }
    const NamedTensor& take(const std::string& name, NamedTensor::Type type);
    std::vector<float> takeFloats(const std::string& name, const std::vector<std::size_t>& shape);
    PairNetwork::LayerQuantization takeQuantization(const std::string& prefix, std::size_t numOutputs);
    std::map<std::string, const NamedTensor*> available;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_MODELTENSORS_H_*/
