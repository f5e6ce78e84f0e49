// SPDX-License-Identifier: MIT
#include "TestModels.h"
#include "TestNetworks.h"
#include "openmmsurrogate/internal/ModelDocument.h"
#include "openmmsurrogate/internal/ModelFile.h"
#include "openmmsurrogate/internal/SafeTensors.h"
#include <gtest/gtest.h>
#include <openmm/OpenMMException.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sys/resource.h>
#include <sys/stat.h>
#include <vector>

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

TEST_F(ModelFileTest, keepsTheLargestSizes) {
    vector<string> names;
    for (int i = 0; i < SurrogateModel::getMaxTypes(); i++)
        names.push_back("type " + std::to_string(i));
    SurrogateModel model(names, 1.0);
    NetworkOptions options;
    options.widths = {1, PairNetwork::getMaxWidth(), PairNetwork::getMaxWidth(), 1};
    model.addNetwork(makeRandomNetwork(1, options));
    options.widths.assign(PairNetwork::getMaxLayers() + 1, 1);
    model.addNetwork(makeRandomNetwork(2, options));
    for (int i = 0; i < model.getNumTypes(); i++)
        for (int j = i; j < model.getNumTypes(); j++)
            model.setPairNetwork(i, j, (i + j) % 2);
    model.setForceScale(1.0);
    model.save(path("large"));
    expectSameModel(SurrogateModel::load(path("large")), model);
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

TEST_F(ModelFileTest, namesTheFileOfANewerVersion) {
    const ModelDocument document(makeSimpleModel());
    SafeTensors content;
    content.metadata = {{"openmm-surrogate", replaceOnce(document.getMetadata(), "\"version\":1", "\"version\":7")}};
    const string file = write("newer.safetensors", content.encode());
    expectException([&] { SurrogateModel::load(file); },
                    "'" + file + "': it has format version 7, this build reads up to 1: update openmm-surrogate");
}
