// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_OPENMMVERSION_H_
#define OPENMM_SURROGATE_OPENMMVERSION_H_

#include <string>

namespace SurrogatePlugin {

/**
 * Check that a plugin runs with the OpenMM that it was built for. Kernels are C++ objects whose layout changes between minor versions.
 *
 * @param version  of OpenMM, as Platform::getOpenMMVersion() gives it
 * @throws OpenMM::OpenMMException if it is not 8.6, with what to install
 */
void checkOpenMMVersion(const std::string& version);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_OPENMMVERSION_H_*/
