// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_FUZZTARGETS_H_
#define OPENMM_SURROGATE_FUZZTARGETS_H_

#include <string>

namespace SurrogateTest {

/**
 * Give bytes to the model loader, which must make a model of them or throw an OpenMMException. A model that was made
 * must survive being written and read again.
 *
 * Bytes that begin with '{' are taken for metadata, which are then put beside arrays that are in order; all others
 * for a file. As no mutation would ever find the right checksum, each is tried as it is and with the checksum renewed.
 *
 * @return whether a model was made
 */
bool tryInput(const std::string& bytes);

} // namespace SurrogateTest

#endif /*OPENMM_SURROGATE_FUZZTARGETS_H_*/
