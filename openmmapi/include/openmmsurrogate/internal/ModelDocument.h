// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_MODELDOCUMENT_H_
#define OPENMM_SURROGATE_MODELDOCUMENT_H_

#include "openmmsurrogate/SurrogateModel.h"
#include "openmmsurrogate/internal/NamedTensor.h"
#include <string>
#include <vector>

namespace SurrogatePlugin {

/**
 * A SurrogateModel taken apart into what can be written down: a JSON text and a list of arrays, with a checksum over
 * both. The model file and a System's XML are two containers of it. docs/reference/model-file.md describes the content.
 */
class ModelDocument {
public:
    /** Take a model apart, and compute the checksum. */
    explicit ModelDocument(const SurrogateModel& model);
    /** Use what was found in a container. Nothing is checked before createModel(). */
    ModelDocument(const std::string& metadata, const std::vector<NamedTensor>& tensors, const std::string& checksum);
    /** Get the newest version of the format that this build reads, and the one that it writes. */
    static int getVersion() { return 1; }
    /** Throw if a JSON text is not one of a version that this build reads. Every version has the field "version". */
    static void checkVersion(const std::string& metadata);
    /** Get the JSON text. */
    const std::string& getMetadata() const { return metadata; }
    const std::vector<NamedTensor>& getTensors() const { return tensors; }
    /** Get the checksum: eight lower-case hexadecimal digits. */
    const std::string& getChecksum() const { return checksum; }
    /** Compute the checksum of the text and the arrays: the CRC-32 of the text, then of each array in order of name. */
    std::string computeChecksum() const;
    /**
     * Put the model together.
     *
     * @throws OpenMM::OpenMMException that names the field or array if anything is missing, unknown, misshapen, not
     *         finite, out of range, not what the checksum says, or from a newer version
     */
    SurrogateModel createModel() const;

private:
    void checkTensors() const;
    std::string metadata;
    std::vector<NamedTensor> tensors;
    std::string checksum;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_MODELDOCUMENT_H_*/
