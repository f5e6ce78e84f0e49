// SPDX-License-Identifier: MIT
#include "PackedNetwork.h"
#include <openmm/OpenMMException.h>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

using namespace SurrogatePlugin;
using OpenMM::OpenMMException;
using std::to_string;
using std::vector;

namespace {

constexpr int LargestWidth = 128, MostHiddenLayers = 5;

/** Appends numbers in the arithmetic of a kernel's sums, and operands in its format. */
class WordWriter {
public:
    explicit WordWriter(NumericFormat::Type format) : format(format) {}
    void addSum(double value) {
        if (format == NumericFormat::Double)
            addDouble(value);
        else
            addFloat(value);
    }
    void addSums(double x, double y, double z, double w) {
        for (double value : {x, y, z, w})
            addSum(value);
    }
    void addDouble(double value) {
        uint32_t halves[2];
        std::memcpy(halves, &value, sizeof(value));
        words.insert(words.end(), halves, halves + 2);
    }
    void addFloat(double value) {
        const float single = (float) value;
        uint32_t word;
        std::memcpy(&word, &single, sizeof(word));
        words.push_back(word);
    }
    /** Two 16-bit numbers. */
    void addHalves(double low, double high) { words.push_back(encode(low) | (encode(high) << 16)); }
    void addBytes(const int (&codes)[4]) {
        uint32_t word = 0;
        for (int k = 0; k < 4; k++)
            word |= (uint32_t) (uint8_t) (int8_t) codes[k] << (8 * k);
        words.push_back(word);
    }
    vector<uint32_t> words;

private:
    /** The bits of a number in BFloat16 or, for all other formats, Float16. */
    uint32_t encode(double value) const {
        if (format == NumericFormat::BFloat16) {
            const float single = (float) NumericFormat::round(value, NumericFormat::BFloat16);
            uint32_t word;
            std::memcpy(&word, &single, sizeof(word));
            return word >> 16;
        }
        const double rounded = NumericFormat::round(value, NumericFormat::Float16);
        const uint32_t sign = std::signbit(rounded) ? 0x8000 : 0;
        if (rounded == 0)
            return sign;
        const int exponent = std::max(std::ilogb(rounded), -14);
        const uint32_t fraction = (uint32_t) std::ldexp(std::fabs(rounded), 10 - exponent); // 1024 and more if normal
        return sign | (fraction < 1024 ? fraction : ((uint32_t) (exponent + 15) << 10 | (fraction - 1024)));
    }
    NumericFormat::Type format;
};

/** A matrix of a layer, with zeros around it. */
class PaddedMatrix {
public:
    PaddedMatrix(const RoundedLayer& layer) : layer(layer) {}
    bool has(int neuron, int input) const { return neuron < layer.numOutputs && input < layer.numInputs; }
    double operator()(int neuron, int input) const {
        return has(neuron, input) ? layer.weights[(size_t) neuron * layer.numInputs + input] : 0;
    }
    int getCode(int neuron, int input) const {
        return has(neuron, input) ? layer.weightCodes[(size_t) neuron * layer.numInputs + input] : 0;
    }

private:
    const RoundedLayer& layer;
};

double get(const vector<double>& values, int index) {
    return index < (int) values.size() ? values[index] : 0;
}

/** How input codes are computed: the saturated value of x factor + offset is (code+127)/254. */
double getCodeFactor(const RoundedLayer& layer, int input) {
    return input < layer.numInputs ? 1 / (254 * layer.activationScales[input]) : 1; // of padding: not to divide by 0
}

double getCodeOffset(const RoundedLayer& layer, int input) {
    return (127.0 + (input < layer.numInputs ? layer.zeroPoints[input] : 0)) / 254;
}

void addHeader(WordWriter& out, const PairNetwork& network, const PairFunction& function, bool hasCodes) {
    const RoundedLayer &first = function.getLayers().front(), &last = function.getLayers().back();
    const double cutoff = function.getCutoff(), coreRadius = function.getCoreRadius();
    const double* core = function.getCoreCoefficients();
    const bool isEnergy = network.getOutput() == PairNetwork::Energy;
    const bool codesFirst = hasCodes && first.format == NumericFormat::Int8;
    const double deviation = network.getOutputStandardDeviation();
    out.addSums(1 / cutoff, coreRadius / cutoff, isEnergy ? 0 : network.getOutputMean(),
                isEnergy ? -deviation / cutoff : deviation);
    out.addSums(isEnergy ? 0 : last.biases[0], coreRadius * coreRadius, core[0], core[1]);
    out.addSums(core[2], codesFirst ? getCodeFactor(first, 0) : 0, codesFirst ? getCodeOffset(first, 0) : 0, 0);
    out.addSums(0, 0, 0, 0);
}

void addCodes(WordWriter& out, const RoundedLayer& layer, int paddedInputs) {
    const bool isRounded = layer.format == NumericFormat::Int8; // else an end layer that is not: never read
    for (int i = 0; i < paddedInputs; i += 2)
        if (isRounded)
            out.addSums(getCodeFactor(layer, i), getCodeFactor(layer, i + 1), getCodeOffset(layer, i),
                        getCodeOffset(layer, i + 1));
        else
            out.addSums(0, 0, 0, 0);
}

/** Biases of Int8 take up the zero points, and the bits that integer sums start from. */
double getIntegerBias(const RoundedLayer& layer, int neuron) {
    if (neuron >= layer.numOutputs)
        return 0;
    double sum = 0x1.8p23;
    for (int i = 0; i < layer.numInputs; i++)
        sum += layer.weightCodes[(size_t) neuron * layer.numInputs + i] * layer.zeroPoints[i];
    return layer.biases[neuron] - layer.sumScales[neuron] * sum;
}

/** One number for each neuron. */
void addNeurons(WordWriter& out, const vector<double>& values, int paddedNeurons) {
    for (int n = 0; n < paddedNeurons; n++)
        out.addSum(get(values, n));
}

void addBiases(WordWriter& out, const RoundedLayer& layer, int paddedOutputs) {
    if (layer.format == NumericFormat::Int8)
        for (int o = 0; o < paddedOutputs; o += 2)
            out.addSums(get(layer.sumScales, o), get(layer.sumScales, o + 1), getIntegerBias(layer, o),
                        getIntegerBias(layer, o + 1));
    else
        addNeurons(out, layer.biases, paddedOutputs);
}

/** Weights of a lane for `inputs` inputs from `first` on, of the neurons `neuron` and `neuron`+8. */
void addOperands(WordWriter& out, const PaddedMatrix& matrix, NumericFormat::Type format, int neuron, int first,
                 int t) {
    const int i = first + 2 * t;
    for (int n : {neuron, neuron + 8})
        switch (format) {
        case NumericFormat::TF32:
            out.addFloat(matrix(n, i));
            out.addFloat(matrix(n, i + 1));
            break;
        case NumericFormat::Int8:
            out.addBytes(
                {matrix.getCode(n, i), matrix.getCode(n, i + 1), matrix.getCode(n, i + 8), matrix.getCode(n, i + 9)});
            out.addBytes({matrix.getCode(n, i + 16), matrix.getCode(n, i + 17), matrix.getCode(n, i + 24),
                          matrix.getCode(n, i + 25)});
            break;
        default:
            out.addHalves(matrix(n, i), matrix(n, i + 1));
            out.addHalves(matrix(n, i + 8), matrix(n, i + 9));
        }
}

/** The same for formats whose operands take two registers per number: one neuron. */
void addWideOperands(WordWriter& out, const PaddedMatrix& matrix, NumericFormat::Type format, int neuron, int first,
                     int t) {
    const double a = matrix(neuron, first + 2 * t), b = matrix(neuron, first + 2 * t + 1);
    if (format == NumericFormat::Double) {
        out.addDouble(a);
        out.addDouble(b);
        return;
    }
    const double highA = NumericFormat::round(a, NumericFormat::TF32),
                 highB = NumericFormat::round(b, NumericFormat::TF32);
    out.addFloat(highA);
    out.addFloat(highB);
    out.addFloat(NumericFormat::round(a - highA, NumericFormat::TF32));
    out.addFloat(NumericFormat::round(b - highB, NumericFormat::TF32));
}

void addWeights(WordWriter& out, const RoundedLayer& layer, NumericFormat::Type format, int paddedInputs,
                int paddedOutputs) {
    const PaddedMatrix matrix(layer);
    const bool isWide = format == NumericFormat::Double || format == NumericFormat::Single;
    const int inputsAtOnce = format == NumericFormat::Int8 ? 32 : (isWide || format == NumericFormat::TF32 ? 8 : 16);
    const int neuronsAtOnce = isWide ? 8 : 16;
    for (int first = 0; first < paddedInputs; first += inputsAtOnce)
        for (int neuron = 0; neuron < paddedOutputs; neuron += neuronsAtOnce)
            for (int lane = 0; lane < 32; lane++) {
                if (isWide)
                    addWideOperands(out, matrix, format, neuron + lane / 4, first, lane % 4);
                else
                    addOperands(out, matrix, format, neuron + lane / 4, first, lane % 4);
            }
}

} // namespace

NetworkShape SurrogatePlugin::findShape(const PairNetwork& network, const FormatScheme& scheme) {
    NetworkShape shape;
    // The weights of Int4 are Float16 numbers by its definition.
    shape.format = scheme.format == NumericFormat::Int4 ? NumericFormat::Float16 : scheme.format;
    const vector<int>& widths = network.getWidths();
    shape.hiddenWidths.assign(widths.begin() + 1, widths.end() - 1);
    const int depth = (int) shape.hiddenWidths.size();
    if (depth < 1 || depth > MostHiddenLayers ||
        *std::max_element(shape.hiddenWidths.begin(), shape.hiddenWidths.end()) > LargestWidth) {
        std::string list;
        for (int width : widths)
            list += (list.empty() ? "" : "-") + to_string(width);
        throw OpenMMException("SurrogateForce: platform CUDA evaluates networks of 1 to " +
                              to_string(MostHiddenLayers) + " hidden layers with at most " + to_string(LargestWidth) +
                              " neurons each, but there is a network with widths " + list +
                              "; use evaluation method Table, which takes any network");
    }
    shape.activation = network.getActivation();
    shape.activationCoefficients = network.getActivationCoefficients();
    shape.energyOutput = network.getOutput() == PairNetwork::Energy;
    // In Double and Single there is nothing to round.
    shape.endLayersSingle = scheme.endLayersSingle || !NumericFormat::isReduced(scheme.format);
    return shape;
}

vector<uint32_t> SurrogatePlugin::packNetwork(const PairNetwork& network, const PairFunction& function,
                                              const NetworkShape& shape) {
    WordWriter out(shape.format);
    const vector<RoundedLayer>& layers = function.getLayers();
    const vector<int> widths = shape.getPaddedWidths();
    const bool hasCodes = shape.format == NumericFormat::Int8;
    addHeader(out, network, function, hasCodes);
    const RoundedLayer& first = layers.front();
    for (int o = 0; o < widths[0]; o += 2)
        out.addSums(get(first.weights, o), get(first.weights, o + 1), get(first.biases, o), get(first.biases, o + 1));
    for (size_t l = 1; l < widths.size(); l++) {
        if (hasCodes)
            addCodes(out, layers[l], widths[l - 1]);
        addBiases(out, layers[l], widths[l]);
        addWeights(out, layers[l], shape.format, widths[l - 1], widths[l]);
    }
    const RoundedLayer& last = layers.back();
    if (hasCodes)
        addCodes(out, last, widths.back());
    addNeurons(out, last.weights, widths.back());
    if ((int) out.words.size() != KernelSource::countNetworkWords(shape))
        throw OpenMMException("packNetwork: " + to_string(out.words.size()) + " words were written instead of " +
                              to_string(KernelSource::countNetworkWords(shape)));
    return out.words;
}
