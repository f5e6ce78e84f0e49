// SPDX-License-Identifier: MIT
#include "TestModels.h"
#include "openmmsurrogate/internal/ModelDocument.h"
#include "openmmsurrogate/internal/ModelFile.h"
#include "openmmsurrogate/internal/SafeTensors.h"
#include <gtest/gtest.h>
#include <openmm/OpenMMException.h>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <sys/resource.h>
#include <sys/stat.h>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using std::string;
using std::vector;
namespace filesystem = std::filesystem;

namespace {

/** A folder that goes with the test. */
class ModelFileTest : public testing::Test {
protected:
    void SetUp() override {
        string pattern = (filesystem::temp_directory_path() / "openmm-surrogate-test-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder = pattern;
    }
    void TearDown() override { filesystem::remove_all(folder); }
    string path(const string& name) const { return (folder / name).string(); }
    string write(const string& name, const string& bytes) const {
        std::ofstream(path(name), std::ios::binary) << bytes;
        return path(name);
    }
    string read(const string& name) const {
        std::ifstream file(path(name), std::ios::binary);
        return string(std::istreambuf_iterator<char>(file), {});
    }
    int countFiles() const { return (int) std::distance(filesystem::directory_iterator(folder), {}); }
    filesystem::path folder;
};

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

ModelDocument withMetadata(const string& metadata, const vector<NamedTensor>& tensors) {
    return ModelDocument(metadata, tensors, ModelDocument(metadata, tensors, "").computeChecksum());
}

/** Expect a document to be refused in which one thing was changed, and the checksum renewed. */
void expectMetadataRefused(const string& from, const string& to, const string& message) {
    const ModelDocument document(makeFullModel());
    const ModelDocument changed = withMetadata(replaceOnce(document.getMetadata(), from, to), document.getTensors());
    expectException([&] { changed.createModel(); }, message);
}

using Change = std::function<void(NamedTensor&)>;

void expectTensorRefused(const string& name, const Change& change, const string& message) {
    const ModelDocument document(makeFullModel());
    vector<NamedTensor> tensors = document.getTensors();
    bool found = false;
    for (NamedTensor& tensor : tensors)
        if (tensor.name == name) {
            change(tensor);
            found = true;
        }
    ASSERT_TRUE(found) << name;
    expectException([&] { withMetadata(document.getMetadata(), tensors).createModel(); }, message);
}

} // namespace

TEST_F(ModelFileTest, keepsEverything) {
    for (const SurrogateModel& model : {makeFullModel(), makeSimpleModel()}) {
        model.save(path("model.safetensors"));
        const SurrogateModel loaded = SurrogateModel::load(path("model.safetensors"));
        expectSameModel(model, loaded);
        EXPECT_EQ(ModelFile::encode(model), ModelFile::encode(loaded));
        EXPECT_EQ(read("model.safetensors"), ModelFile::encode(model));
    }
}

TEST_F(ModelFileTest, keepsAnUnsetForceScaleUnset) {
    SurrogateModel model = decode(ModelFile::encode(makeSimpleModel()));
    const double found = model.getForceScale();
    PairNetwork stronger = model.getNetwork(0);
    stronger.setOutputStandardization(1000, 500);
    model.addNetwork(stronger);
    EXPECT_GT(model.getForceScale(), found);
}

TEST_F(ModelFileTest, keepsAModelWithoutNetworks) {
    const SurrogateModel model({"A"}, 0.1);
    EXPECT_EQ(decode(ModelFile::encode(model)).getNumNetworks(), 0);
    EXPECT_EQ(decode(ModelFile::encode(model)).getCutoff(), 0.1);
}

TEST_F(ModelFileTest, alignsTheElements) {
    const string bytes = ModelFile::encode(makeFullModel());
    EXPECT_EQ(((unsigned char) bytes[0] + 256 * (unsigned char) bytes[1]) % 8, 0);
}

TEST_F(ModelFileTest, noticesEveryFlippedBit) {
    const string bytes = ModelFile::encode(makeFullModel());
    for (size_t i = 0; i < bytes.size(); i++)
        for (int bit = 0; bit < 8; bit++) {
            string damaged = bytes;
            damaged[i] = (char) (damaged[i] ^ (1 << bit));
            EXPECT_THROW(decode(damaged), OpenMM::OpenMMException) << "byte " << i << ", bit " << bit;
        }
}

TEST_F(ModelFileTest, noticesEveryTruncationAndTrailingBytes) {
    const string bytes = ModelFile::encode(makeFullModel());
    for (size_t size = 0; size < bytes.size(); size++)
        EXPECT_THROW(decode(bytes.substr(0, size)), OpenMM::OpenMMException) << "size " << size;
    expectRefused(bytes + '\0', "1 bytes after the last array");
    expectRefused(bytes + bytes, "after the last array");
}

TEST_F(ModelFileTest, noticesExchangedTensors) {
    const ModelDocument document(makeFullModel());
    vector<NamedTensor> tensors = document.getTensors();
    std::swap(tensors[0].values, tensors[1].values); // the 4x1 weights and the 4 biases of the first layer
    ASSERT_EQ(tensors[0].values.size(), tensors[1].values.size());
    expectException([&] { ModelDocument(document.getMetadata(), tensors, document.getChecksum()).createModel(); },
                    "its checksum is");
}

TEST_F(ModelFileTest, refusesWhatIsNotAFile) {
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

TEST_F(ModelFileTest, refusesAHugeHeader) {
    const string header = "{\"a\":\"" + string(SafeTensors::MaxHeaderSize, 'x') + "\"}";
    expectRefused(makeFile(header), "the header's length");
}

TEST_F(ModelFileTest, refusesBadMetadataOfTheContainer) {
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

TEST_F(ModelFileTest, refusesBadEntries) {
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

TEST_F(ModelFileTest, refusesOverlapsHolesAndDuplicates) {
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

TEST_F(ModelFileTest, refusesNewerVersions) {
    const string message = "it has format version 2, this build reads up to 1: update openmm-surrogate";
    expectMetadataRefused("\"version\":1", "\"version\":2", message);
    // A newer file may differ in all else: types of elements, further keys, no checksum that is known here.
    expectRefused(makeFile("{\"__metadata__\":{\"openmm-surrogate\":\"{\\\"version\\\":2}\",\"x\":\"\"},"
                           "\"t\":{\"dtype\":\"F8_E4M3\",\"shape\":[1],\"data_offsets\":[0,1]}}",
                           "x"),
                  message);
    const ModelDocument document(makeSimpleModel());
    SafeTensors content;
    content.metadata = {{"openmm-surrogate", replaceOnce(document.getMetadata(), "\"version\":1", "\"version\":7")}};
    const string file = write("newer.safetensors", content.encode());
    expectException([&] { SurrogateModel::load(file); },
                    "'" + file + "': it has format version 7, this build reads up to 1: update openmm-surrogate");
    expectMetadataRefused("\"version\":1", "\"version\":0", "field 'version' must be at least 1");
    expectMetadataRefused("\"version\":1", "\"version\":\"1\"", "field 'version' must be an integer");
    expectMetadataRefused("\"version\":1,", "", "field 'version' is missing");
    expectMetadataRefused(",\"version\":1", ",\"version\":1.0", "field 'version' must be an integer");
}

TEST_F(ModelFileTest, refusesBadFields) {
    expectMetadataRefused("\"kind\":\"pair\"", "\"kind\":\"triplet\"",
                          "field 'kind' is 'triplet'; this build knows only 'pair'");
    expectMetadataRefused("\"length\":\"nm\"", "\"length\":\"angstrom\"", "field 'units' must be");
    expectMetadataRefused("\"cutoff\":0.85", "\"cutoff\":-0.85", "the cutoff must be positive");
    expectMetadataRefused("\"cutoff\":0.85", "\"cutoff\":null", "field 'cutoff' must be a number; it is of type null");
    expectMetadataRefused("\"cutoff\":0.85", "\"cutoff\":1e999", "is not valid JSON");
    expectMetadataRefused("\"cutoff\":0.85", "\"cutoff\":NaN", "is not valid JSON");
    expectMetadataRefused("\"cutoff\":0.85", "\"cutoff\":0.2",
                          "networks[0]: SurrogateModel: the minimum distance of a network, 0.21 nm, must be below");
    expectMetadataRefused("\"cutoff\":0.85", "\"cutof\":0.85", "field 'cutoff' is missing");
    expectMetadataRefused("\"cutoff\":0.85", "\"cutoff\":0.85,\"cutoff\":0.85", "has the key 'cutoff' twice");
    expectMetadataRefused("\"cutoff\":0.85", "\"cutoff\":0.85,\"temperatur\":298", "field 'temperatur' is unknown");
    expectMetadataRefused("\"types\":[\"Na\",\"Cl\",", "\"types\":[\"Na\",\"Na\",",
                          "two particle types are named 'Na'");
    expectMetadataRefused("\"types\":[\"Na\",\"Cl\",", "\"types\":[\"Na\",7,", "field 'types' must hold texts only");
    expectMetadataRefused("\"energyOffsets\":[-1.1,0.0,1e-09]", "\"energyOffsets\":[0,0]",
                          "field 'energyOffsets' must hold one number for each of the 3 types");
    expectMetadataRefused("\"energyOffsets\":[-1.1,", "\"energyOffsets\":[\"a\",",
                          "field 'energyOffsets' must hold numbers only");
    expectMetadataRefused("\"forceScale\":33.3", "\"forceScale\":-1", "the force scale must be positive");
    expectMetadataRefused("\"format\":\"int4\"", "\"format\":\"int5\"", "int5");
    expectMetadataRefused("\"endLayersSingle\":false", "\"endLayersSingle\":0",
                          "field 'endLayersSingle' must be true or false");
    expectMetadataRefused("\"weightGroupSize\":2", "\"weightGroupSize\":0", "the weight group size must be positive");
    expectMetadataRefused("\"weightGroupSize\":2", "\"weightGroupSize\":2147483648",
                          "field 'weightGroupSize' must be an integer between");
    expectMetadataRefused("\"provenance\":{", "\"provenance\":5,\"p\":{", "field 'provenance' must be a JSON object");
}

TEST_F(ModelFileTest, refusesBadPairs) {
    const string pair = "{\"network\":1,\"types\":[\"Na\",\"Cl\"]}";
    expectMetadataRefused(pair, "{\"network\":2,\"types\":[\"Na\",\"Cl\"]}",
                          "pairs[1]: SurrogateModel: there is no network 2; there are 2");
    expectMetadataRefused(pair, "{\"network\":-1,\"types\":[\"Na\",\"Cl\"]}",
                          "pairs[1]: field 'network' must be an integer between 0");
    expectMetadataRefused(pair, "{\"network\":1,\"types\":[\"Na\",\"K\"]}",
                          "pairs[1]: SurrogateModel: there is no particle type 'K'");
    expectMetadataRefused(pair, "{\"network\":1,\"types\":[\"Na\"]}",
                          "pairs[1]: field 'types' must name two types; it names 1");
    expectMetadataRefused(pair, "{\"network\":1,\"types\":[\"Na\",\"Na\"]}",
                          "pairs[1]: field 'types' names a pair that an earlier entry names");
    expectMetadataRefused(pair, pair + ",{\"network\":0,\"types\":[\"Cl\",\"Na\"]}",
                          "pairs[2]: field 'types' names a pair that an earlier entry names");
    expectMetadataRefused(pair, "{\"types\":[\"Na\",\"Cl\"]}", "pairs[1]: field 'network' is missing");
    expectMetadataRefused(pair, "{\"network\":1,\"types\":[\"Na\",\"Cl\"],\"x\":1}", "pairs[1]: field 'x' is unknown");
    expectMetadataRefused(pair, "7", "pairs[1]: there must be a JSON object");
}

TEST_F(ModelFileTest, refusesBadNetworks) {
    expectMetadataRefused("\"widths\":[1,4,2,1]", "\"widths\":[1,4,2,2]",
                          "tensor 'network.0.layer.2.weight' must have shape [2, 2]; it has [1, 2]");
    expectMetadataRefused("\"widths\":[1,4,2,1]", "\"widths\":[1,4,2]",
                          "networks[0]: PairNetwork: the first and the last width must be 1");
    expectMetadataRefused("\"widths\":[1,4,2,1]", "\"widths\":[1]",
                          "networks[0]: field 'widths' must hold 2 to 17 numbers");
    expectMetadataRefused("\"widths\":[1,4,2,1]", "\"widths\":[1,4,2,1,1]",
                          "tensor 'network.0.layer.3.weight' is missing");
    expectMetadataRefused("\"widths\":[1,4,2,1]", "\"widths\":[1,4,1025,1]",
                          "field 'widths' must be between 1 and 1024; one is 1025");
    expectMetadataRefused("\"widths\":[1,4,2,1]", "\"widths\":[1,4,0,1]",
                          "field 'widths' must be between 1 and 1024; one is 0");
    expectMetadataRefused("\"widths\":[1,4,2,1]", "\"widths\":[1,18446744073709551615,2,1]",
                          "field 'widths' must be between 1 and 1024");
    expectMetadataRefused("\"activation\":\"tanh\"", "\"activation\":\"relu\"",
                          "networks[0]: field 'activation' is 'relu'; it must be one of: tanh, silu");
    expectMetadataRefused("\"activation\":\"clampedPolynomial\"", "\"activation\":\"silu\"",
                          "networks[1]: PairNetwork: only the ClampedPolynomial");
    expectMetadataRefused("\"output\":\"energy\"", "\"output\":\"charge\"", "networks[1]: field 'output' is 'charge'");
    expectMetadataRefused("\"coreStiffness\":12.5", "\"coreStiffness\":0", "the core stiffness must be positive");
    expectMetadataRefused("\"outputStandardDeviation\":17.1", "\"outputStandardDeviation\":0",
                          "the output standard deviation must be positive");
    expectMetadataRefused("\"coreStiffness\":12.5", "\"coreStiffness\":12.5,\"core\":1",
                          "networks[0]: field 'core' is unknown");
}

TEST_F(ModelFileTest, refusesBadTensors) {
    const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
    for (float bad : {nan, infinity, -infinity})
        expectTensorRefused(
            "network.0.layer.1.weight", [=](NamedTensor& t) { t.values[5] = bad; },
            "tensor 'network.0.layer.1.weight' is not finite at element 5");
    expectTensorRefused(
        "network.0.training_histogram", [=](NamedTensor& t) { t.values[0] = nan; },
        "'network.0.training_histogram' is not finite");
    expectTensorRefused(
        "network.0.training_histogram", [](NamedTensor& t) { t.values[0] = -1; },
        "networks[0]: PairNetwork: training histogram");
    expectTensorRefused(
        "network.1.layer.0.bias", [](NamedTensor& t) { t.name = "network.1.layer.0.offset"; },
        "tensor 'network.1.layer.0.bias' is missing");
    expectTensorRefused(
        "network.0.training_histogram", [](NamedTensor& t) { t.name = "histogram"; }, "tensor 'histogram' is unknown");
    expectTensorRefused(
        "network.1.layer.0.bias", [](NamedTensor& t) { t.name = "network.1.layer.1.bias"; },
        "two tensors named 'network.1.layer.1.bias'");
    expectTensorRefused(
        "network.0.layer.0.weight", [](NamedTensor& t) { t.type = NamedTensor::Float64; },
        "must be of type F32; it is of type F64");
    expectTensorRefused(
        "network.0.layer.0.weight", [](NamedTensor& t) { t.shape = {1, 4}; }, "must have shape [4, 1]; it has [1, 4]");
    expectTensorRefused(
        "network.0.layer.1.weight_scale", [](NamedTensor& t) { t.shape = {4, 1}; },
        "must have shape [2, number of groups]");
    expectTensorRefused(
        "network.0.layer.1.weight_scale", [](NamedTensor& t) { t.values[1] = 0; },
        "scales of layer 1 must be positive");
    expectTensorRefused(
        "network.0.layer.1.activation_scale", [](NamedTensor& t) { t.shape = {2, 2}; },
        "must have one dimension and the same length");
    expectTensorRefused(
        "network.0.layer.2.activation_scale", [](NamedTensor& t) { t.name += "s"; },
        "'network.0.layer.2.activation_scale' is missing");
    expectTensorRefused(
        "network.0.layer.1.activation_zero_point", [](NamedTensor& t) { t.values[0] = 128; },
        "zero points of layer 1 must be between");
}

TEST_F(ModelFileTest, namesTheFileItCannotRead) {
    expectException([&] { SurrogateModel::load(path("none.safetensors")); },
                    "'" + path("none.safetensors") + "': No such file or directory");
    expectException([&] { SurrogateModel::load(folder.string()); }, "it is not a regular file");
    expectException([&] { SurrogateModel::load("/dev/null"); }, "'/dev/null': it is not a regular file");
    expectException([&] { SurrogateModel::load(""); }, "cannot read ''");
    expectException([&] { SurrogateModel::load(write("empty", "")); }, "'" + path("empty") + "': it is empty");
    expectException([&] { SurrogateModel::load(write("text", "no model at all")); },
                    "model file '" + path("text") + "': the header's length");
    ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
    expectException([&] { SurrogateModel::load(path("pipe")); }, "it is not a regular file");
    write("sparse", "");
    filesystem::resize_file(path("sparse"), (uintmax_t) 1 << 40);
    expectException([&] { SurrogateModel::load(path("sparse")); }, "it has 1099511627776 bytes; at most");
}

TEST_F(ModelFileTest, replacesAFileAndLeavesNothingBeside) {
    const SurrogateModel model = makeFullModel();
    write("model", "old");
    model.save(path("model"));
    expectSameModel(SurrogateModel::load(path("model")), model);
    EXPECT_EQ(countFiles(), 1);
    const mode_t mask = umask(027);
    model.save(path("second"));
    umask(mask);
    EXPECT_EQ(filesystem::status(path("second")).permissions(), filesystem::perms(0640));
}

TEST_F(ModelFileTest, namesTheFileItCannotWrite) {
    const SurrogateModel model = makeFullModel();
    expectException([&] { model.save(path("none/model")); },
                    "cannot write '" + path("none/model") + "': No such file or directory");
    filesystem::create_directory(path("folder"));
    expectException([&] { model.save(path("folder")); }, "Is a directory");
    EXPECT_EQ(countFiles(), 1);
}

TEST_F(ModelFileTest, leavesTheOldFileWhenWritingFails) {
    write("model", "old");
    rlimit before;
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit small = {100, before.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    expectException([&] { makeFullModel().save(path("model")); },
                    "cannot write '" + path("model") + "': File too large");
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);
    EXPECT_EQ(read("model"), "old");
    EXPECT_EQ(countFiles(), 1);
}
