// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/ModelFile.h"
#include "JsonFields.h"
#include "openmmsurrogate/internal/ModelDocument.h"
#include "openmmsurrogate/internal/SafeTensors.h"
#include <openmm/OpenMMException.h>

using namespace SurrogatePlugin;
using OpenMM::OpenMMException;
using std::map;
using std::size_t;
using std::string;

namespace {

const string documentKey = "openmm-surrogate", checksumKey = "openmm-surrogate.crc32";

const string& getText(const map<string, string>& metadata, const string& key) {
    const auto found = metadata.find(key);
    if (found == metadata.end())
        throw OpenMMException("'__metadata__' has no '" + key + "': the file is not a model of openmm-surrogate");
    return found->second;
}

} // namespace

SurrogateModel ModelFile::decode(const char* bytes, size_t size) {
    // The version comes first, as a newer one may have arrays of types that are unknown here.
    ModelDocument::checkVersion(getText(SafeTensors::decodeMetadata(bytes, size), documentKey));
    const SafeTensors content = SafeTensors::decode(bytes, size);
    for (const auto& item : content.metadata)
        if (item.first != documentKey && item.first != checksumKey)
            throw OpenMMException("'__metadata__' has an unknown key '" + printable(item.first) + "'");
    return ModelDocument(getText(content.metadata, documentKey), content.tensors,
                         getText(content.metadata, checksumKey))
        .createModel();
}

string ModelFile::encode(const SurrogateModel& model) {
    const ModelDocument document(model);
    SafeTensors content;
    content.metadata = {{documentKey, document.getMetadata()}, {checksumKey, document.getChecksum()}};
    content.tensors = document.getTensors();
    const string bytes = content.encode();
    if (bytes.size() > MaxFileSize)
        throw OpenMMException("the model has " + std::to_string(bytes.size()) + " bytes; at most " +
                              std::to_string(MaxFileSize) + " are allowed");
    return bytes;
}
