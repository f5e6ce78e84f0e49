// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/NamedTensor.h"
#include <openmm/OpenMMException.h>
#include <array>
#include <cstdint>
#include <cstring>

using namespace SurrogatePlugin;
using OpenMM::OpenMMException;
using std::size_t;
using std::string;
using std::vector;

namespace {

const std::array<string, 3> typeNames = {"F32", "F64", "I32"};

template <class Value, class Bits>
void appendLittleEndian(string& bytes, double value) {
    const Value element = (Value) value;
    Bits bits;
    static_assert(sizeof(bits) == sizeof(element), "an element is moved as an integer of its size");
    std::memcpy(&bits, &element, sizeof(bits));
    for (size_t i = 0; i < sizeof(bits); i++)
        bytes += (char) (unsigned char) (bits >> (8 * i));
}

template <class Value, class Bits>
double readLittleEndian(const char* bytes) {
    Bits bits = 0;
    for (size_t i = 0; i < sizeof(bits); i++)
        bits |= (Bits) (unsigned char) bytes[i] << (8 * i);
    Value element;
    std::memcpy(&element, &bits, sizeof(bits));
    return element;
}

} // namespace

const string& NamedTensor::getTypeName(Type type) {
    return typeNames.at(type);
}

NamedTensor::Type NamedTensor::parseType(const string& name) {
    for (size_t i = 0; i < typeNames.size(); i++)
        if (name == typeNames[i])
            return (Type) i;
    throw OpenMMException("the element type must be F32, F64 or I32; got '" + name + "'");
}

size_t NamedTensor::getElementSize(Type type) {
    return type == Float64 ? 8 : 4;
}

size_t NamedTensor::countElements(const vector<size_t>& shape, size_t limit) {
    size_t count = 1;
    for (size_t length : shape) {
        if (length != 0 && count > limit / length)
            throw OpenMMException("shape " + describeShape(shape) + " has more elements than there is data");
        count *= length;
    }
    if (count > limit)
        throw OpenMMException("shape " + describeShape(shape) + " has more elements than there is data");
    return count;
}

string NamedTensor::encode() const {
    string bytes;
    bytes.reserve(values.size() * getElementSize(type));
    for (double value : values) {
        if (type == Float32)
            appendLittleEndian<float, uint32_t>(bytes, value);
        else if (type == Float64)
            appendLittleEndian<double, uint64_t>(bytes, value);
        else
            appendLittleEndian<int32_t, uint32_t>(bytes, value);
    }
    return bytes;
}

void NamedTensor::decode(const char* bytes, size_t size) {
    const size_t elementSize = getElementSize(type);
    values.clear();
    values.reserve(size / elementSize);
    for (const char *element = bytes, *end = bytes + size; element < end; element += elementSize) {
        if (type == Float32)
            values.push_back(readLittleEndian<float, uint32_t>(element));
        else if (type == Float64)
            values.push_back(readLittleEndian<double, uint64_t>(element));
        else
            values.push_back(readLittleEndian<int32_t, uint32_t>(element));
    }
}

string NamedTensor::describeShape(const vector<size_t>& shape) {
    const size_t maxShown = 8; // a hostile shape must not become a message of megabytes
    string text = "[";
    for (size_t i = 0; i < shape.size() && i < maxShown; i++)
        text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
    return text + (shape.size() > maxShown ? ", ...]" : "]");
}
