// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/SafeTensors.h"
#include "JsonFields.h"
#include <algorithm>
#include <cstdint>
#include <tuple>

using namespace SurrogatePlugin;
using nlohmann::json;
using OpenMM::OpenMMException;
using std::map;
using std::size_t;
using std::string;
using std::vector;

namespace {

const size_t lengthSize = 8; // bytes of the header's length
const string metadataKey = "__metadata__";

/** One array's entry in the header. */
struct Entry {
    NamedTensor tensor;
    size_t begin, end; // bytes, counted from the end of the header
};

/** Get the header's text, having made sure that the file is that long. */
string readHeader(const char* bytes, size_t size) {
    if (size < lengthSize)
        throw OpenMMException("the file has " + std::to_string(size) +
                              " bytes: it is truncated, or not a safetensors file");
    uint64_t headerSize = 0;
    for (size_t i = 0; i < lengthSize; i++)
        headerSize |= (uint64_t) (unsigned char) bytes[i] << (8 * i);
    if (headerSize > SafeTensors::MaxHeaderSize || headerSize > size - lengthSize)
        throw OpenMMException(
            "the header's length, " + std::to_string(headerSize) + " bytes, is more than the file holds (" +
            std::to_string(size) +
            " bytes) or the format allows: the file is truncated, damaged, or not a safetensors file");
    if (headerSize == 0 || bytes[lengthSize] != '{')
        throw OpenMMException("the header does not begin with '{': the file is damaged, or not a safetensors file");
    return string(bytes + lengthSize, headerSize);
}

map<string, string> readMetadata(const json& object) {
    map<string, string> metadata;
    if (!object.is_object())
        throw OpenMMException("'" + metadataKey + "' of the header must be a JSON object");
    for (const auto& item : object.items()) {
        if (!item.value().is_string())
            throw OpenMMException("'" + metadataKey + "' of the header must hold texts only; '" +
                                  printable(item.key()) + "' is none");
        metadata[item.key()] = item.value().get<string>();
    }
    return metadata;
}

Entry readEntry(const string& name, const json& object, size_t dataSize) {
    JsonFields fields(object);
    Entry entry;
    entry.tensor.name = name;
    entry.tensor.type = NamedTensor::parseType(printable(fields.getString("dtype")));
    entry.tensor.shape = fields.getSizes("shape");
    const vector<size_t> offsets = fields.getSizes("data_offsets");
    fields.finish();
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > dataSize)
        fields.fail("data_offsets", "does not lie in the " + std::to_string(dataSize) +
                                        " bytes of data: the file is truncated or damaged");
    entry.begin = offsets[0];
    entry.end = offsets[1];
    const size_t elementSize = NamedTensor::getElementSize(entry.tensor.type);
    const size_t count = NamedTensor::countElements(entry.tensor.shape, dataSize / elementSize);
    if (count * elementSize != entry.end - entry.begin)
        fields.fail("shape", NamedTensor::describeShape(entry.tensor.shape) + " does not fit its " +
                                 std::to_string(entry.end - entry.begin) + " bytes of data");
    return entry;
}

/** The format demands that the arrays fill the data without holes and overlaps, so that nothing hides in a file. */
void checkContiguous(vector<Entry>& entries, size_t dataSize) {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return std::tie(a.begin, a.end, a.tensor.name) < std::tie(b.begin, b.end, b.tensor.name);
    });
    size_t expected = 0;
    for (const Entry& entry : entries) {
        if (entry.begin != expected)
            throw OpenMMException("tensor '" + printable(entry.tensor.name) + "': its data begin at byte " +
                                  std::to_string(entry.begin) + " instead of " + std::to_string(expected) +
                                  ": arrays overlap or leave a hole");
        expected = entry.end;
    }
    if (expected != dataSize)
        throw OpenMMException("the file has " + std::to_string(dataSize - expected) + " bytes after the last array");
}

} // namespace

map<string, string> SafeTensors::decodeMetadata(const char* bytes, size_t size) {
    const json header = parseJson(readHeader(bytes, size), "the header");
    const auto found = header.find(metadataKey);
    return found == header.end() ? map<string, string>() : readMetadata(*found);
}

SafeTensors SafeTensors::decode(const char* bytes, size_t size) {
    const string text = readHeader(bytes, size);
    const char* data = bytes + lengthSize + text.size();
    const size_t dataSize = size - lengthSize - text.size();
    const json header = parseJson(text, "the header");
    SafeTensors content;
    vector<Entry> entries;
    for (const auto& item : header.items()) {
        if (item.key() == metadataKey)
            content.metadata = readMetadata(item.value());
        else
            inContext("tensor '" + printable(item.key()) + "'",
                      [&] { entries.push_back(readEntry(item.key(), item.value(), dataSize)); });
    }
    checkContiguous(entries, dataSize);
    for (Entry& entry : entries) {
        entry.tensor.decode(data + entry.begin, entry.end - entry.begin);
        content.tensors.push_back(std::move(entry.tensor));
    }
    return content;
}

string SafeTensors::encode() const {
    vector<const NamedTensor*> ordered;
    for (const NamedTensor& tensor : tensors)
        ordered.push_back(&tensor);
    // Wide elements first keep every element aligned; names make the file reproducible.
    std::sort(ordered.begin(), ordered.end(), [](const NamedTensor* a, const NamedTensor* b) {
        const size_t sizeA = NamedTensor::getElementSize(a->type), sizeB = NamedTensor::getElementSize(b->type);
        return sizeA != sizeB ? sizeA > sizeB : a->name < b->name;
    });
    json header;
    header[metadataKey] = metadata;
    string data;
    for (const NamedTensor* tensor : ordered) {
        const size_t begin = data.size();
        data += tensor->encode();
        header[tensor->name] = {{"dtype", NamedTensor::getTypeName(tensor->type)},
                                {"shape", tensor->shape},
                                {"data_offsets", {begin, data.size()}}};
    }
    string text = header.dump();
    text.resize((text.size() + lengthSize - 1) / lengthSize * lengthSize, ' ');
    if (text.size() > MaxHeaderSize)
        throw OpenMMException("the header would have " + std::to_string(text.size()) + " bytes; at most " +
                              std::to_string(MaxHeaderSize) + " are allowed: is the provenance too long?");
    string bytes;
    for (size_t i = 0; i < lengthSize; i++)
        bytes += (char) (unsigned char) ((uint64_t) text.size() >> (8 * i));
    return bytes + text + data;
}
