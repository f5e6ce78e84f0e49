// SPDX-License-Identifier: MIT
#include "KernelSource.h"
#include "SourceText.h"
#include "surrogate/NetworkLayout.h"
#include "surrogate/TableLayout.h"
#include "surrogate/TableRows.h"
#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace SurrogatePlugin;
using std::string;

namespace {

/** A list of numbers that keep all their digits. */
string join(const std::vector<double>& values) {
    string list;
    char text[40];
    for (double value : values) {
        snprintf(text, sizeof(text), "(Sum) %.17e", value);
        list += (list.empty() ? "" : ", ") + string(text);
    }
    return list;
}

string join(const std::vector<int>& values) {
    string list;
    for (int value : values)
        list += (list.empty() ? "" : ", ") + std::to_string(value);
    return list;
}

/** Whether what is rounded to an operand is always far below the largest Float16. Derivatives need not be. */
bool isBounded(const NetworkShape& shape) {
    double bound = shape.activation == PairNetwork::SiLU ? 1e300 : 1;
    if (shape.activation == PairNetwork::ClampedPolynomial) {
        const std::vector<double>& c = shape.activationCoefficients;
        bound = 0;
        for (size_t k = 1; k < c.size(); k++)
            bound += std::fabs(c[k]) * std::pow(c[0], 2.0 * k - 1);
    }
    return !shape.energyOutput && bound < 1000;
}

/** The names of formats and activations, and those of a shape. */
string defineShape(const NetworkShape& shape) {
    string source;
    const std::pair<const char*, int> names[] = {
        {"FORMAT_DOUBLE", NumericFormat::Double},   {"FORMAT_SINGLE", NumericFormat::Single},
        {"FORMAT_TF32", NumericFormat::TF32},       {"FORMAT_BFLOAT16", NumericFormat::BFloat16},
        {"FORMAT_FLOAT16", NumericFormat::Float16}, {"FORMAT_FLOAT8", NumericFormat::Float8},
        {"FORMAT_INT8", NumericFormat::Int8},       {"ACTIVATION_TANH", PairNetwork::Tanh},
        {"ACTIVATION_SILU", PairNetwork::SiLU},     {"ACTIVATION_POLYNOMIAL", PairNetwork::ClampedPolynomial},
        {"NETWORK_FORMAT", shape.format},           {"ACTIVATION", shape.activation},
        {"ENERGY_OUTPUT", shape.energyOutput},      {"END_LAYERS_SINGLE", shape.endLayersSingle},
        {"ACTIVATION_IS_BOUNDED", isBounded(shape)}};
    for (const auto& name : names)
        source += define(name.first, name.second);
    source += define("NUM_HIDDEN", (int) shape.hiddenWidths.size());
    source += "#define NETWORK_WIDTHS " + join(shape.getPaddedWidths()) + "\n";
    if (shape.activation == PairNetwork::ClampedPolynomial) {
        const std::vector<double>& all = shape.activationCoefficients;
        source += "#define POLYNOMIAL_CLAMP " + join(std::vector<double>(all.begin(), all.begin() + 1)) + "\n";
        source += "#define POLYNOMIAL_COEFFICIENTS " + join(std::vector<double>(all.begin() + 1, all.end())) + "\n";
    }
    return source;
}

} // namespace

TableLaunch KernelSource::getTableLaunch(const TableProgramOptions& options) {
    const int sizeOfReal = options.doublePrecision ? sizeof(double) : sizeof(float);
    const int numbersPerRow = options.doublePrecision ? TableRows<double>::ForceWidth : TableRows<float>::ForceWidth;
    const int tableSize = (numbersPerRow * options.numTableRows + 2 * options.numTypes * options.numTypes) * sizeOfReal;
    const int largest = options.sharedBytes - 64 * 1024; // the rest is cache, where positions are gathered from
    const int registers = options.doublePrecision || options.deterministic ? 128 : 64;
    // A block for each multiprocessor, so that there is one table: as large as can be, or as a small system fills.
    const long long listThreads = getListThreads(options.numAtoms, options.longLists);
    const long long threads = (options.numAtoms / ClusterSize + 1) * listThreads / options.numProcessors;
    TableLaunch launch;
    launch.threads = (int) std::min(65536LL / registers, std::max(128LL, (threads + 63) / 64 * 64));
    launch.sharedBytes = tableSize <= largest ? tableSize : 0;
    return launch;
}

string KernelSource::makeTableProgram(const TableProgramOptions& options) {
    const TableLaunch launch = getTableLaunch(options);
    return makePairSource(options) + makeForceSource(options.deterministic) + define("TABLE_THREADS", launch.threads) +
           define("TABLE_IN_SHARED_MEMORY", launch.sharedBytes > 0) +
           define("SIZE_OF_TABLE_SET", options.doublePrecision ? sizeof(TableView<double>) : sizeof(TableView<float>)) +
           joinFiles({"surrogate/table.cu"});
}

bool NetworkShape::operator==(const NetworkShape& other) const {
    return format == other.format && hiddenWidths == other.hiddenWidths && activation == other.activation &&
           activationCoefficients == other.activationCoefficients && energyOutput == other.energyOutput &&
           endLayersSingle == other.endLayersSingle;
}

std::vector<int> NetworkShape::getPaddedWidths() const {
    const int multiple = format == NumericFormat::Int8 ? 32 : 16;
    std::vector<int> widths;
    for (int width : hiddenWidths)
        widths.push_back((width + multiple - 1) / multiple * multiple);
    return widths;
}

int KernelSource::countNetworkWords(const NetworkShape& shape) {
    const bool isDouble = shape.format == NumericFormat::Double, hasCodes = shape.format == NumericFormat::Int8;
    const int wordsPerSum = isDouble ? 2 : 1, wordsPerColumn = 2 * wordsPerSum; // of a number, of half of four
    const std::vector<int> widths = shape.getPaddedWidths();
    int words = (isDouble ? 32 : 16) + wordsPerColumn * widths[0];
    for (size_t l = 1; l < widths.size(); l++) {
        const int product = widths[l - 1] * widths[l];
        words += hasCodes ? wordsPerColumn * (widths[l] + widths[l - 1]) : wordsPerSum * widths[l];
        switch (shape.format) {
        case NumericFormat::Double:
        case NumericFormat::Single:
            words += 2 * product;
            break;
        case NumericFormat::TF32:
            words += product;
            break;
        case NumericFormat::Int8:
            words += product / 4;
            break;
        default: // Float8 weights are held as Float16
            words += product / 2;
        }
    }
    return words + (wordsPerSum + (hasCodes ? wordsPerColumn : 0)) * widths.back();
}

NetworkLaunch KernelSource::getNetworkLaunch(const NetworkShape& shape) {
    const std::vector<int> widths = shape.getPaddedWidths();
    const bool isWide = *std::max_element(widths.begin(), widths.end()) > 64;
    const bool isLarge = shape.format <= NumericFormat::TF32; // operands of 32 bits and more
    NetworkLaunch launch;
    const bool isSplit = shape.format == NumericFormat::Single; // holds high and low parts of its operands
    launch.numTiles = !shape.energyOutput && (isSplit || (isLarge && isWide)) ? 1 : 2;
    launch.numWarps = 4;
    launch.minBlocks = isLarge && (isWide || (isSplit && launch.numTiles == 2)) ? 2 : (isLarge || isWide ? 3 : 4);
    launch.sharedBytes = 4 * countNetworkWords(shape);
    if (launch.sharedBytes > LargestSharedNetwork)
        launch.sharedBytes = 0;
    return launch;
}

int KernelSource::getOldestChip(NumericFormat::Type format) {
    return format == NumericFormat::Float8 ? 89 : 80;
}

string KernelSource::makeNetworkProgram(const NetworkProgramOptions& options) {
    const NetworkLaunch launch = getNetworkLaunch(options.shape);
    return makePairSource(options) + define("NUM_TILES", launch.numTiles) + define("NETWORK_WARPS", launch.numWarps) +
           define("NETWORK_MIN_BLOCKS", launch.minBlocks) + define("WEIGHTS_IN_SHARED_MEMORY", launch.sharedBytes > 0) +
           define("NETWORK_WORDS", countNetworkWords(options.shape)) + define("NUM_ENERGY_NODES", NumEnergyNodes) +
           defineShape(options.shape) +
           define("SIZE_OF_NETWORK_SET",
                  options.doublePrecision ? sizeof(NetworkSetView<double>) : sizeof(NetworkSetView<float>)) +
           joinFiles({"surrogate/networkSet.cu", "surrogate/networkFormats.cu", "surrogate/networkActivation.cu",
                      "surrogate/networkProducts.cu", "surrogate/networkLayers.cu", "surrogate/networkList.cu",
                      "surrogate/networkPairs.cu", "surrogate/network.cu"});
}
