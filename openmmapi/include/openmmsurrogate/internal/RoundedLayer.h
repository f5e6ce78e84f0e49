// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_ROUNDEDLAYER_H_
#define OPENMM_SURROGATE_ROUNDEDLAYER_H_

#include "openmmsurrogate/NumericFormat.h"
#include <vector>

namespace SurrogatePlugin {

/** A layer as a numeric format has it: what Reference multiplies, and what kernels pack. See docs/theory/numeric-formats.md. */
struct RoundedLayer {
    int numInputs, numOutputs;
    /** The format of the layer's inputs. Float16 for a layer whose weights are Int4. */
    NumericFormat::Type format;
    /** [numOutputs][numInputs] row major, rounded. */
    std::vector<double> weights;
    /** [numOutputs], never rounded. */
    std::vector<double> biases;
    /**
     * Int8 only, else empty. The sum of output o is biases[o] + sumScales[o] * sum_i weightCodes[o][i] (c_i - zeroPoints[i]), with the input
     * codes c_i = NumericFormat::quantize(x_i, activationScales[i], zeroPoints[i]).
     */
    std::vector<int> weightCodes;         // [numOutputs][numInputs]
    std::vector<double> sumScales;        // [numOutputs]
    std::vector<double> activationScales; // [numInputs]
    std::vector<int> zeroPoints;          // [numInputs]
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_ROUNDEDLAYER_H_*/
