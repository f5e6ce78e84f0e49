// SPDX-License-Identifier: MIT
// Files that PyTorch wrote (write_networks.py). Without LibTorch's headers, as users of ours are.
#include "TestModels.h"
#include "openmmsurrogate/TorchImport.h"
#include <gtest/gtest.h>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using std::string;
using std::vector;

namespace {

const double cutoff = 0.9;
const string folder = TORCH_NETWORKS "/";

bool endsWith(const string& text, const string& end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

SurrogateModel import(const string& file, const vector<string>& types, const TorchNetworkOptions& options = {}) {
    if (endsWith(file, ".pt"))
        return importTorchScript(folder + file, types, cutoff, options);
    return importTorchStateDict(folder + file, types, cutoff, options);
}

/** Compare a model's force weight with the values that PyTorch computed in double precision. */
void expectValues(const SurrogateModel& model, const string& type1, const string& type2, const string& file,
                  double mean = 0, double standardDeviation = 1) {
    std::ifstream stream(folder + file);
    ASSERT_TRUE(stream) << "run ctest -R LibTorch.WriteNetworks first";
    double s, y, difference = 0, scale = 0;
    int count = 0;
    while (stream >> s >> y) {
        const double expected = mean + standardDeviation * y;
        const double force = model.computeForce(model.getTypeIndex(type1), model.getTypeIndex(type2), s * cutoff);
        difference = std::max(difference, std::fabs(force - expected));
        scale = std::max(scale, std::fabs(expected));
        count++;
    }
    EXPECT_EQ(count, 49);
    std::printf("%s: largest difference / largest value = %.1e\n", file.c_str(), difference / scale);
    EXPECT_LE(difference, 1e-13 * scale); // sums of up to 64 rounded products in each layer
}

class TorchFile : public testing::TestWithParam<string> {};

struct BadFile {
    string file, message;
};

class BadTorchFile : public testing::TestWithParam<BadFile> {};

} // namespace

TEST_P(TorchFile, HasTheForcesOfPyTorch) {
    const string name = GetParam();
    TorchNetworkOptions options;
    if (name.rfind("silu", 0) == 0 || name.rfind("functional", 0) == 0)
        options.activation = PairNetwork::SiLU;
    options.outputMean = -3;
    options.outputStandardDeviation = 25;
    const string values = (name == "parameters.pth" ? "tanh" : name.substr(0, name.find('.'))) + ".txt";
    expectValues(import(name, {"Ar"}, options), "Ar", "Ar", values, -3, 25);
}

INSTANTIATE_TEST_SUITE_P(All, TorchFile,
                         testing::Values("tanh.pt", "tanh.traced.pt", "tanh.pth", "tanh.safetensors", "parameters.pth",
                                         "silu.pt", "silu.traced.pt", "silu.pth", "silu.safetensors", "polynomial.pt",
                                         "polynomial.traced.pt", "polynomial.pth", "deep.pt", "deep.pth",
                                         "deep.safetensors", "functional.pt", "functional.traced.pt", "functional.pth",
                                         "functional.safetensors", "linear.pt", "linear.pth", "half.pth"),
                         [](const auto& info) {
                             string name = info.param;
                             std::replace(name.begin(), name.end(), '.', '_');
                             return name;
                         });

TEST(TorchMixture, HasANetworkForEachPair) {
    for (const string file : {"mixture.pt", "mixture.pth"}) {
        const SurrogateModel model = import(file, {"Kr", "Ar"});
        EXPECT_EQ(model.getNumNetworks(), 3);
        expectValues(model, "Ar", "Ar", "mixture.Ar-Ar.txt");
        expectValues(model, "Ar", "Kr", "mixture.Kr-Ar.txt");
        expectValues(model, "Kr", "Kr", "mixture.Kr-Kr.txt");
    }
}

TEST(TorchMixture, NamesTheMissingPair) {
    expectException([] { import("mixture.pt", {"Ar", "Xe"}); }, "one submodule 'Ar-Xe' or 'Xe-Ar'");
    expectException([] { import("mixture.pth", {"Ar", "Xe"}); }, "'Ar-Xe' or 'Xe-Ar'");
    expectException([] { import("tanh.pt", {"Ar", "Kr"}); }, "one submodule 'Ar-Ar'");
}

TEST_P(BadTorchFile, IsRefusedWithAReason) {
    expectException([] { import(GetParam().file, {"Ar"}); }, GetParam().message);
    expectException([] { import(GetParam().file, {"Ar"}); }, GetParam().file);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadTorchFile,
    testing::Values(
        BadFile{"relu.pt", "the submodule '1' is a ReLU; expected are Linear layers with Tanh, SiLU or"},
        BadFile{"mixed.pt", "the submodule '3' is a SiLU, but '1' is another activation"},
        BadFile{"batchnorm.pt", "the array '1.weight' of shape [4] is not part of a pair network"},
        BadFile{"batchnorm.pth", "the entry '1.num_batches_tracked' is a tensor of torch LongStorage"},
        BadFile{"trailing.pt", "the submodule '3', a Tanh, comes after the last layer, which must be linear"},
        BadFile{"two-inputs.pt", "the layers do not form a network 1-...-1"},
        BadFile{"two-inputs.pth", "0 [4, 2] 2 [1, 4]"}, BadFile{"residual.pt", "it has aten::add"},
        BadFile{"scaled.pt", "the array 'scale' of shape [] is not part of a pair network"},
        BadFile{"scaled.pth", "the array 'scale' of shape [] is not part of a pair network"},
        BadFile{"frozen.pt", "before torch.jit.freeze"},
        BadFile{"whole-module.pth", "an object of torch.nn.modules.container Sequential; expected is a state dict"},
        BadFile{"checkpoint.pth", "the entry 'model' is not a tensor"},
        BadFile{"integer.pth", "the entry '0.weight' is a tensor of torch LongStorage; expected are float32"},
        BadFile{"truncated.pth", "it is not a file that torch.save() wrote"},
        BadFile{"text.pth", "it is not a file that torch.save() wrote"}, BadFile{"missing.pth", "missing.pth"},
        BadFile{"missing.pt", "it is not a file that torch.jit.save() wrote"},
        BadFile{"missing.safetensors", "missing.safetensors"}),
    [](const auto& info) {
        string name = info.param.file;
        for (char& c : name)
            c = std::isalnum((unsigned char) c) ? c : '_';
        return name;
    });
