// SPDX-License-Identifier: MIT
// Compiles the device programs, made by the code that makes them at run time, for every supported architecture. Needs NVRTC, not a GPU.
#include "KernelSource.h"
#include "direct/DirectProgram.h"
#include "kspace/MeshProgram.h"
#include "openmmsurrogate/internal/ProlateWindow.h"
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
    string source;
    int oldestChip;
};

/** Each value of each option occurs, and those that meet in the same lines of code occur together. */
vector<Variant> listTableVariants() {
    TableProgramOptions plain;
    plain.numAtoms = 64000;
    plain.numTableRows = 500;
    plain.numProcessors = 132;
    plain.sharedBytes = 228 * 1024;
    vector<Variant> variants = {{"single", KernelSource::makeTableProgram(plain), 80}};
    auto add = [&](const char* name, auto change) {
        TableProgramOptions options = plain;
        change(options);
        variants.push_back({name, KernelSource::makeTableProgram(options), 80});
    };
    add("mixedTriclinic", [](auto& o) { o.doubleEnergy = o.triclinic = true; });
    add("smallDeterministic", [](auto& o) {
        o.deterministic = true;
        o.numAtoms = 1000;
    });
    add("doubleNonperiodic", [](auto& o) {
        o.doublePrecision = o.doubleEnergy = true;
        o.periodic = false;
    });
    add("doubleTriclinicExclusionsManyTypes", [](auto& o) {
        o.doublePrecision = o.doubleEnergy = o.triclinic = o.hasExclusions = o.deterministic = true;
        o.numTypes = 3;
    });
    add("singleExclusionsManyTypesLargeTable", [](auto& o) {
        o.hasExclusions = true;
        o.numTypes = 4;
        o.numTableRows = 100000;
    });
    return variants;
}

/** Each format with a plain network; then what meets a format in the same lines: outputs, end layers, activations, padding, large weights. */
vector<Variant> listNetworkVariants() {
    NetworkProgramOptions plain;
    plain.shape.hiddenWidths = {32, 32};
    vector<Variant> variants;
    auto add = [&](const char* name, NumericFormat::Type format, auto change) {
        NetworkProgramOptions options = plain;
        options.shape.format = format;
        change(options, options.shape);
        variants.push_back({name, KernelSource::makeNetworkProgram(options), KernelSource::getOldestChip(format)});
    };
    auto nothing = [](auto&, auto&) {};
    add("tf32", NumericFormat::TF32, nothing);
    add("bfloat16", NumericFormat::BFloat16, nothing);
    add("float16", NumericFormat::Float16, nothing);
    add("float8", NumericFormat::Float8, nothing);
    add("int8", NumericFormat::Int8, nothing);
    add("singleDoubleContextTriclinic", NumericFormat::Single,
        [](auto& o, auto&) { o.doublePrecision = o.doubleEnergy = o.triclinic = true; });
    add("doubleEnergyOutputExclusionsManyTypes", NumericFormat::Double, [](auto& o, auto& s) {
        o.hasExclusions = true;
        o.numTypes = 3;
        s.energyOutput = true;
    });
    add("float16SiluEnergyOutputEndsRounded", NumericFormat::Float16, [](auto&, auto& s) {
        s.activation = PairNetwork::SiLU;
        s.energyOutput = true;
        s.endLayersSingle = false;
    });
    add("float16Polynomial", NumericFormat::Float16, [](auto&, auto& s) {
        s.activation = PairNetwork::ClampedPolynomial;
        s.activationCoefficients = {1.5, 1.0, -4.0 / 27};
    });
    add("int8PolynomialEndsRoundedPadded", NumericFormat::Int8, [](auto& o, auto& s) {
        o.periodic = false;
        s.hiddenWidths = {20, 7};
        s.activation = PairNetwork::ClampedPolynomial;
        s.activationCoefficients = {1.5, 1.0, -4.0 / 27};
        s.endLayersSingle = false;
    });
    add("float8EndsRounded", NumericFormat::Float8, [](auto&, auto& s) { s.endLayersSingle = false; });
    add("bfloat16EndsRoundedOneLayer", NumericFormat::BFloat16, [](auto&, auto& s) {
        s.hiddenWidths = {16};
        s.endLayersSingle = false;
    });
    add("tf32WeightsInGlobalMemory", NumericFormat::TF32, [](auto&, auto& s) {
        s.hiddenWidths = {128, 128, 16};
        s.endLayersSingle = false;
    });
    return variants;
}

/** Each stage in single and in double, and each split and order. */
vector<Variant> listMeshVariants() {
    vector<Variant> variants;
    auto add = [&](const char* name, int order, auto change) {
        MeshProgramOptions options;
        change(options);
        const MeshWindow window = options.prolate ? makeProlateWindow(order, 1.4, options.spreadDouble ? 14 : order)
                                                  : makeBSplineWindow(order);
        variants.push_back({name, MeshProgram::makeSource(options, window), 80});
    };
    add("single", 5, [](auto&) {});
    add("singleManyCharges", 5, [](auto& o) { o.numSites = 100000; });
    add("singleDispersionOrder4", 4, [](auto& o) { o.dispersion = true; });
    add("singleOrder8", 8, [](auto&) {});
    add("singleProlateOrder6", 6, [](auto& o) { o.prolate = true; });
    add("doubleProlateOrder8", 8, [](auto& o) {
        o.doublePositions = o.spreadDouble = o.fftDouble = o.convolutionDouble = o.interpolationDouble = o.prolate =
            true;
        o.tiles = {{6, 6, 6}};
    });
    add("double", 8, [](auto& o) {
        o.doublePositions = o.spreadDouble = o.fftDouble = o.convolutionDouble = o.interpolationDouble = true;
        o.tiles = {{6, 6, 6}};
    });
    add("measuringErrors", MeshWindow::MaxOrder, [](auto& o) {
        o.positionCorrection = o.spreadDouble = o.fftDouble = o.convolutionDouble = o.interpolationDouble = o.prolate =
            true;
        o.grid = {{324, 324, 324}};
        o.tiles = MeshProgram::chooseTiles(o.grid, MeshWindow::MaxOrder, true, 132);
    });
    add("mixedDoubleDispersion", 6, [](auto& o) {
        o.positionCorrection = o.spreadDouble = o.convolutionDouble = o.dispersion = true;
        o.grid = {{47, 48, 50}};
        o.tiles = {{6, 4, 5}};
    });
    add("mixedDoubleGrid", 5, [](auto& o) { o.positionCorrection = o.fftDouble = o.interpolationDouble = true; });
    return variants;
}

/** Each value of each option, and those that meet in the same lines together. */
vector<Variant> listDirectVariants() {
    DirectProgramOptions plain;
    plain.numAtoms = 64000;
    plain.forceCoefficients = {2.56, -2.95, 2.23, -1.22, 0.5, -0.16, 0.04, -0.0086, 0.0014};
    plain.energyCoefficients = {1.4, -0.64, 0.37, -0.19, 0.077, -0.025, 0.0067, -0.0014, 0.00027, -0.00004};
    vector<Variant> variants = {{"single", DirectProgram::makeSource(plain), 80}};
    auto add = [&](const char* name, auto change) {
        DirectProgramOptions options = plain;
        change(options);
        variants.push_back({name, DirectProgram::makeSource(options), 80});
    };
    add("singleFewKinds", [](auto& o) {
        o.numKinds = 2;
        o.carries = 1;
    });
    add("doubleFewKindsWithoutLennardJones", [](auto& o) {
        o.doublePrecision = o.doubleEnergy = o.hasExclusions = true;
        o.hasLennardJones = false;
        o.numKinds = 16;
        o.carries = 1;
    });
    add("mixedExclusions", [](auto& o) { o.doubleEnergy = o.hasExclusions = true; });
    add("mixedCliques", [](auto& o) { o.doubleEnergy = o.hasExclusions = o.exclusionsAreCliques = true; });
    add("smallWithoutLennardJones", [](auto& o) {
        o.hasLennardJones = false;
        o.numAtoms = 1000;
    });
    add("singleTriclinicSwitchExceptionsWithImages", [](auto& o) {
        o.triclinic = o.hasExclusions = o.exceptionsUseImages = true;
        o.switchingDistance = 0.8;
    });
    add("singleDeterministic", [](auto& o) { o.deterministic = o.hasExclusions = true; });
    add("double", [](auto& o) { o.doublePrecision = o.doubleEnergy = o.hasExclusions = true; });
    add("doubleTriclinicDeterministicSwitch", [](auto& o) {
        o.doublePrecision = o.doubleEnergy = o.triclinic = o.deterministic = true;
        o.switchingDistance = 0.7;
    });
    return variants;
}

class CudaProgram : public testing::TestWithParam<std::tuple<Variant, int> > {};

} // namespace

TEST_P(CudaProgram, Compiles) {
    const Nvrtc nvrtc;
    if (!nvrtc.isAvailable())
        GTEST_SKIP() << "NVRTC is not installed where the build looked for it (pip install nvidia-cuda-nvrtc)";
    const Variant& variant = std::get<0>(GetParam());
    if (std::get<1>(GetParam()) < variant.oldestChip)
        GTEST_SKIP() << "the format needs compute capability " << variant.oldestChip;
    const string log =
        nvrtc.compile(variant.source, {"--gpu-architecture=compute_" + std::to_string(std::get<1>(GetParam())),
                                       KernelSource::getFlags()});
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

struct VariantName {
    template <class Info>
    string operator()(const Info& info) const {
        return std::get<0>(info.param).name + string("_sm") + std::to_string(std::get<1>(info.param));
    }
};

INSTANTIATE_TEST_SUITE_P(Table, CudaProgram,
                         testing::Combine(testing::ValuesIn(listTableVariants()), testing::Values(80, 90, 100, 120)),
                         VariantName());
INSTANTIATE_TEST_SUITE_P(Network, CudaProgram,
                         testing::Combine(testing::ValuesIn(listNetworkVariants()), testing::Values(80, 90, 100, 120)),
                         VariantName());
INSTANTIATE_TEST_SUITE_P(Mesh, CudaProgram,
                         testing::Combine(testing::ValuesIn(listMeshVariants()), testing::Values(80, 90, 100, 120)),
                         VariantName());
INSTANTIATE_TEST_SUITE_P(Direct, CudaProgram,
                         testing::Combine(testing::ValuesIn(listDirectVariants()), testing::Values(80, 90, 100, 120)),
                         VariantName());
