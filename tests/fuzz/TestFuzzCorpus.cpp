// SPDX-License-Identifier: MIT
// Replays what the fuzzer starts from and what it ever found, without the fuzzer. See run.sh.
#include "FuzzTargets.h"
#include <gtest/gtest.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using std::string;

namespace {

std::vector<std::filesystem::path> listFiles(const string& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(string(SURROGATE_FUZZ_DIR) + "/" + folder))
        files.push_back(entry.path());
    return files;
}

string readFile(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return string(std::istreambuf_iterator<char>(file), {});
}

} // namespace

TEST(FuzzCorpus, seedsAreModels) {
    const auto files = listFiles("corpus");
    EXPECT_GE(files.size(), 3u);
    for (const auto& file : files)
        EXPECT_TRUE(SurrogateTest::tryInput(readFile(file)))
            << file << " is refused: files of format version 1 must stay readable";
}

TEST(FuzzCorpus, findingsDoNoHarm) {
    const auto files = listFiles("findings");
    EXPECT_FALSE(files.empty());
    for (const auto& file : files)
        EXPECT_NO_THROW(SurrogateTest::tryInput(readFile(file))) << file;
}
