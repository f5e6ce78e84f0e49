// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_STATEDICTARCHIVE_H_
#define OPENMM_SURROGATE_STATEDICTARCHIVE_H_

#include "openmmsurrogate/internal/NamedTensor.h"
#include <string>
#include <vector>

namespace SurrogatePlugin {

/**
 * Read the state dict that torch.save() wrote: a zip archive of a pickle and of the elements of each storage.
 *
 * @param bytes  the whole file
 * @return the arrays, in the order of the dict, as float64
 * @throws OpenMM::OpenMMException if it is not such a file, or if the dict holds anything but floating point tensors
 */
std::vector<NamedTensor> readStateDictArchive(const std::string& bytes);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_STATEDICTARCHIVE_H_*/
