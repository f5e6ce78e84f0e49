// SPDX-License-Identifier: MIT
// The container of the model file: sizes, offsets and types that do not add up.
#include "TestModels.h"
#include "openmmsurrogate/internal/ModelFile.h"
#include "openmmsurrogate/internal/SafeTensors.h"
#include <gtest/gtest.h>
#include <algorithm>
#include <memory>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using std::string;

namespace {

/** Decode from memory of exactly the size needed, so that a sanitizer sees any read past the end. */
SurrogateModel decode(const string& bytes) {
    const std::unique_ptr<char[]> exact(new char[bytes.size()]);
    std::copy(bytes.begin(), bytes.end(), exact.get());
    return ModelFile::decode(exact.get(), bytes.size());
}

void expectRefused(const string& bytes, const string& message) {
    expectException([&] { decode(bytes); }, message);
}

/** Make a file of a header and data of any kind. */
string makeFile(const string& header, const string& data = "") {
    string bytes;
    for (int i = 0; i < 8; i++)
        bytes += (char) (unsigned char) (header.size() >> (8 * i));
    return bytes + header + data;
}

/** Make a file whose metadata are right, for tests of entries that are wrong. */
string makeFileWithEntries(const string& entries, const string& data) {
    return makeFile(
        "{\"__metadata__\":{\"openmm-surrogate\":\"{\\\"version\\\":1}\",\"openmm-surrogate.crc32\":\"\"}," + entries +
            "}",
        data);
}

} // namespace

TEST(SafeTensors, alignsTheElements) {
    const string bytes = ModelFile::encode(makeFullModel());
    EXPECT_EQ(((unsigned char) bytes[0] + 256 * (unsigned char) bytes[1]) % 8, 0);
}

TEST(SafeTensors, refusesWhatIsNotAFile) {
    expectRefused("", "the file has 0 bytes");
    expectRefused("PK\x03\x04", "the file has 4 bytes");
    expectRefused("This is a text and not a model.", "the header's length");
    expectRefused(string(8, '\xff'), "18446744073709551615 bytes, is more than");
    expectRefused(string("\xff\xff\xff\xff\xff\xff\xff\x7f", 8) + "{}", "the header's length");
    expectRefused(makeFile(""), "does not begin with '{'");
    expectRefused(makeFile(" {}"), "does not begin with '{'");
    expectRefused(makeFile("{"), "is not valid JSON");
    expectRefused(makeFile("{}"), "is not a model of openmm-surrogate");
    expectRefused(makeFile("{} x"), "is not valid JSON");
    expectRefused(makeFile("{\"\xff\":1}"), "is not valid JSON");
    expectRefused(makeFile(string("{\"a\":\0}", 7)), "is not valid JSON");
    expectRefused(makeFile(string("{}\0hidden", 9)), "contains a NUL byte");
    expectRefused(makeFile("{\"a\":" + string(100000, '[') + string(100000, ']') + "}"), "nested more than");
    expectRefused(makeFile("{\"a\":" + string(100000, '[')), "nested more than");
}

TEST(SafeTensors, refusesAHugeHeader) {
    const string header = "{\"a\":\"" + string(SafeTensors::MaxHeaderSize, 'x') + "\"}";
    expectRefused(makeFile(header), "the header's length");
}

TEST(SafeTensors, refusesBadMetadataOfTheContainer) {
    expectRefused(makeFile("{\"__metadata__\":[]}"), "'__metadata__' of the header must be a JSON object");
    expectRefused(makeFile("{\"__metadata__\":{\"a\":1}}"), "'a' is none");
    expectRefused(makeFile("{\"__metadata__\":{\"format\":\"pt\"}}"), "is not a model of openmm-surrogate");
    expectRefused(makeFile("{\"__metadata__\":{},\"__metadata__\":{}}"), "has the key '__metadata__' twice");
    const string model = ModelFile::encode(makeSimpleModel());
    SafeTensors content = SafeTensors::decode(model.data(), model.size());
    content.metadata["format"] = "pt";
    expectRefused(content.encode(), "unknown key 'format'");
    content.metadata.erase("format");
    content.metadata.erase("openmm-surrogate.crc32");
    expectRefused(content.encode(), "has no 'openmm-surrogate.crc32'");
}

TEST(SafeTensors, refusesBadEntries) {
    const string data(8, '\0');
    const auto expectEntryRefused = [&](const string& entry, const string& message) {
        expectRefused(makeFileWithEntries("\"t\":" + entry, data), message);
    };
    expectEntryRefused("[]", "tensor 't': there must be a JSON object");
    expectEntryRefused("{}", "tensor 't': field 'dtype' is missing");
    expectEntryRefused("{\"dtype\":5}", "field 'dtype' must be a text");
    expectEntryRefused("{\"dtype\":\"BF16\",\"shape\":[4],\"data_offsets\":[0,8]}",
                       "must be F32, F64 or I32; got 'BF16'");
    expectEntryRefused("{\"dtype\":\"F32\",\"data_offsets\":[0,8]}", "field 'shape' is missing");
    expectEntryRefused("{\"dtype\":\"F32\",\"shape\":[2]}", "field 'data_offsets' is missing");
    expectEntryRefused("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":0}", "field 'x' is unknown");
    expectEntryRefused("{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}", "field 'shape' must hold integers");
    expectEntryRefused("{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}",
                       "field 'shape' must hold integers");
    expectEntryRefused("{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}", "field 'shape' must be a list");
    expectEntryRefused("{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}",
                       "[3] has more elements than there is data");
    expectEntryRefused("{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}", "[1] does not fit its 8 bytes");
    expectEntryRefused("{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,8]}", "[0] does not fit its 8 bytes");
    // 2^62 floats are 2^64 bytes, and 2^33 x 2^33 elements are 4: both 0 or small in arithmetic of 64 bits.
    expectEntryRefused("{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,8]}",
                       "more elements than there is data");
    expectEntryRefused("{\"dtype\":\"F32\",\"shape\":[8589934592,8589934592],\"data_offsets\":[0,8]}",
                       "more elements than there is data");
    expectEntryRefused("{\"dtype\":\"F32\",\"shape\":[18446744073709551616],\"data_offsets\":[0,8]}",
                       "field 'shape' must hold integers");
    expectEntryRefused("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}",
                       "field 'data_offsets' does not lie in the 8 bytes");
    expectEntryRefused("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9]}",
                       "field 'data_offsets' does not lie in the 8 bytes");
    expectEntryRefused("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4,8]}",
                       "field 'data_offsets' does not lie in the 8 bytes");
    expectEntryRefused("{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[18446744073709551608,18446744073709551615]}",
                       "field 'data_offsets' does not lie in the 8 bytes");
}

TEST(SafeTensors, refusesOverlapsHolesAndDuplicates) {
    const string first = "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";
    const auto second = [](const string& name, const string& offsets) {
        return ",\"" + name + "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":" + offsets + "}";
    };
    expectRefused(makeFileWithEntries(first + second("b", "[0,4]"), string(4, '\0')), "arrays overlap or leave a hole");
    expectRefused(makeFileWithEntries(first + second("b", "[2,6]"), string(8, '\0')), "arrays overlap or leave a hole");
    expectRefused(makeFileWithEntries(first + second("b", "[8,12]"), string(12, '\0')),
                  "tensor 'b': its data begin at byte 8 instead of 4");
    expectRefused(makeFileWithEntries(first, string(5, '\0')), "1 bytes after the last array");
    expectRefused(makeFileWithEntries(first + second("a", "[4,8]"), string(8, '\0')), "has the key 'a' twice");
}

TEST(SafeTensors, readsTheVersionBeforeTheArrays) {
    // A newer file may differ in all but the version: element types, further keys, no checksum that is known here.
    expectRefused(makeFile("{\"__metadata__\":{\"openmm-surrogate\":\"{\\\"version\\\":2}\",\"x\":\"\"},"
                           "\"t\":{\"dtype\":\"F8_E4M3\",\"shape\":[1],\"data_offsets\":[0,1]}}",
                           "x"),
                  "it has format version 2, this build reads up to 1: update openmm-surrogate");
}
