// SPDX-License-Identifier: MIT
// Compiles the device programs, made by the code that makes them at run time, for every supported architecture. Needs NVRTC, not a GPU.
#include "KernelSource.h"
#include <gtest/gtest.h>
#include <dlfcn.h>
#include <stdexcept>
#include <string>
#include <vector>

using namespace SurrogatePlugin;
using std::string;
using std::vector;

namespace {

/** The functions of NVRTC (CUDA 12 and 13), loaded from the library that the build has found, if it has found one. */
class Nvrtc {
public:
    Nvrtc() : library(nullptr) {
        const string path = SURROGATE_NVRTC_LIBRARY;
        if (!path.empty()) // for which dlopen() would give the program itself
            library = dlopen(path.c_str(), RTLD_NOW);
    }
    bool isAvailable() const { return library != nullptr; }
    /** Compile a program. @return the compiler's log, empty if all is well */
    string compile(const string& source, const vector<string>& options) const {
        void* program = nullptr;
        if (find<int(void**, const char*, const char*, int, const char* const*, const char* const*)>(
                "nvrtcCreateProgram")(&program, source.c_str(), "program.cu", 0, nullptr, nullptr) != 0)
            return "nvrtcCreateProgram failed";
        vector<const char*> pointers;
        for (const string& option : options)
            pointers.push_back(option.c_str());
        const int result =
            find<int(void*, int, const char* const*)>("nvrtcCompileProgram")(program, pointers.size(), pointers.data());
        size_t size = 0;
        find<int(void*, size_t*)>("nvrtcGetProgramLogSize")(program, &size);
        string log(size, '\0');
        find<int(void*, char*)>("nvrtcGetProgramLog")(program, &log[0]);
        find<int(void**)>("nvrtcDestroyProgram")(&program);
        return result == 0 && log.find("warning") == string::npos ? "" : log;
    }

private:
    template <class Function>
    Function* find(const char* name) const {
        void* function = dlsym(library, name);
        if (function == nullptr)
            throw std::runtime_error(string(SURROGATE_NVRTC_LIBRARY) + " has no function " + name);
        return reinterpret_cast<Function*>(function);
    }
    void* library;
};

struct Variant {
    const char* name;
    TableProgramOptions options;
};

/** Each value of each option occurs, and those that meet in the same lines of code occur together. */
vector<Variant> listVariants() {
    TableProgramOptions plain;
    plain.numTableCells = 400;
    vector<Variant> variants = {{"single", plain}};
    auto add = [&](const char* name, auto change) {
        TableProgramOptions options = plain;
        change(options);
        variants.push_back({name, options});
    };
    add("mixedTriclinic", [](auto& o) { o.doubleEnergy = o.triclinic = true; });
    add("doubleNonperiodic", [](auto& o) {
        o.doublePrecision = o.doubleEnergy = true;
        o.periodic = false;
    });
    add("doubleTriclinicExclusionsManyTypes", [](auto& o) {
        o.doublePrecision = o.doubleEnergy = o.triclinic = o.hasExclusions = true;
        o.numTypes = 3;
    });
    add("singleExclusionsManyTypesLargeTable", [](auto& o) {
        o.hasExclusions = true;
        o.numTypes = 4;
        o.numTableCells = 100000;
    });
    return variants;
}

class CudaProgram : public testing::TestWithParam<std::tuple<Variant, int> > {};

} // namespace

TEST_P(CudaProgram, Compiles) {
    const Nvrtc nvrtc;
    if (!nvrtc.isAvailable())
        GTEST_SKIP() << "NVRTC is not installed where the build looked for it (pip install nvidia-cuda-nvrtc)";
    const string source = KernelSource::makeTableProgram(std::get<0>(GetParam()).options);
    const string log = nvrtc.compile(
        source, {"--gpu-architecture=compute_" + std::to_string(std::get<1>(GetParam())), KernelSource::getFlags()});
    EXPECT_EQ("", log);
}

TEST(CudaProgram, ErrorsNameTheFile) {
    const Nvrtc nvrtc;
    if (!nvrtc.isAvailable())
        GTEST_SKIP() << "NVRTC is not installed where the build looked for it (pip install nvidia-cuda-nvrtc)";
    const string log =
        nvrtc.compile(KernelSource::makeTableProgram({}) + "\nthis is no code", {"--gpu-architecture=compute_90"});
    EXPECT_NE(string::npos, log.find("surrogate/table.cu"));
}

INSTANTIATE_TEST_SUITE_P(Table, CudaProgram,
                         testing::Combine(testing::ValuesIn(listVariants()), testing::Values(80, 90, 100, 120)),
                         [](const auto& info) {
                             return std::get<0>(info.param).name + string("_sm") +
                                    std::to_string(std::get<1>(info.param));
                         });
