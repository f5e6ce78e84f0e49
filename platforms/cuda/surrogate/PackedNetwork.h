// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PACKEDNETWORK_H_
#define OPENMM_SURROGATE_PACKEDNETWORK_H_

#include "../KernelSource.h"
#include "openmmsurrogate/internal/PairFunction.h"
#include <cstdint>
#include <vector>

namespace SurrogatePlugin {

/**
 * Get what networks of a program have in common.
 *
 * @param network          the network
 * @param scheme           the format and what belongs to it
 * @throws OpenMM::OpenMMException if no program can evaluate it
 */
NetworkShape findShape(const PairNetwork& network, const FormatScheme& scheme);

/**
 * Get a network as the words that network kernels read: a header, then for each layer how its inputs are rounded (Int8), its biases, and its
 * weights in the order in which the lanes of a warp take them as operands of the matrix units. Weights come from the function, rounded
 * by its format; none is rounded here, except those of a floating point format with scales that are no powers of two.
 */
std::vector<uint32_t> packNetwork(const PairNetwork& network, const PairFunction& function, const NetworkShape& shape);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PACKEDNETWORK_H_*/
