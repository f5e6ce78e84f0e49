// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_SAFETENSORS_H_
#define OPENMM_SURROGATE_SAFETENSORS_H_

#include "openmmsurrogate/internal/NamedTensor.h"
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace SurrogatePlugin {

/**
 * The content of a safetensors file (https://huggingface.co/docs/safetensors): eight bytes with the length of the
 * header, the header in JSON, and the elements of all arrays. It knows nothing of models.
 */
struct SafeTensors {
    /** The header's "__metadata__". */
    std::map<std::string, std::string> metadata;
    std::vector<NamedTensor> tensors;

    /** The longest header, bytes: far above any model's, and a bound on the memory that a bad one can cost. */
    static constexpr std::size_t MaxHeaderSize = std::size_t(1) << 24;
    /**
     * Read the bytes of a file. Every size that they state is checked against the bytes there are before it is used.
     *
     * @param bytes  the whole file
     * @param size   number of bytes
     * @throws OpenMM::OpenMMException that names the field if the bytes are not a well-formed file with arrays of the
     *         types that NamedTensor knows
     */
    static SafeTensors decode(const char* bytes, std::size_t size);
    /** Read only the metadata. Arguments and errors are those of decode(), which also looks at the arrays. */
    static std::map<std::string, std::string> decodeMetadata(const char* bytes, std::size_t size);
    /**
     * Get the bytes of a file. Names must be unique, and each tensor must have the values that its shape says.
     *
     * @throws OpenMM::OpenMMException if the header is longer than MaxHeaderSize
     */
    std::string encode() const;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_SAFETENSORS_H_*/
