// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_MODELFILE_H_
#define OPENMM_SURROGATE_MODELFILE_H_

#include "openmmsurrogate/SurrogateModel.h"
#include <cstddef>
#include <string>

namespace SurrogatePlugin {

/** The model file, as bytes in memory. SurrogateModel::load() and save() are this plus the reading and writing. */
struct ModelFile {
    /** The largest file that is read: far above any model, and a bound on the memory that a bad file can cost. */
    static constexpr std::size_t MaxFileSize = std::size_t(1) << 30;
    /** Get the model that the bytes of a file hold. @throws OpenMM::OpenMMException that names the field at fault */
    static SurrogateModel decode(const char* bytes, std::size_t size);
    /** Get the bytes of the file of a model. */
    static std::string encode(const SurrogateModel& model);
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_MODELFILE_H_*/
