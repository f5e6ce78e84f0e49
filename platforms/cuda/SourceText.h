// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_SOURCETEXT_H_
#define OPENMM_SURROGATE_SOURCETEXT_H_

#include <string>
#include <vector>

namespace SurrogatePlugin {

/** Get the text of an embedded .cu file, null if there is none. Defined by the build: cmake/EmbedKernels.cmake. */
const std::string* findKernelText(const std::string& file);

/** Get the line that defines a macro. */
std::string define(const std::string& name, int value);

/** Append embedded files, each announced to the compiler by its name, so that its messages name them too. */
std::string joinFiles(const std::vector<std::string>& files);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_SOURCETEXT_H_*/
