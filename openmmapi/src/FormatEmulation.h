// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_FORMATEMULATION_H_
#define OPENMM_SURROGATE_FORMATEMULATION_H_

#include "Jet.h"
#include "openmmsurrogate/internal/PairFunction.h"
#include "openmmsurrogate/internal/RoundedLayer.h"
#include <vector>

namespace SurrogatePlugin {

/**
 * What a numeric format does to a network: which weights it runs with, and how it rounds the inputs of each layer. Sums,
 * biases and activations are not rounded ("double bookkeeping"): they are single precision or better on every chip, and
 * their rounding belongs to the tolerance between a kernel and this emulation. See docs/theory/numeric-formats.md.
 */
class FormatEmulation {
public:
    /** @throws OpenMM::OpenMMException if the format is not defined for the network */
    FormatEmulation(const PairNetwork& network, double cutoff, const FormatScheme& scheme);
    const std::vector<RoundedLayer>& getLayers() const { return layers; }
    /** Get the rounded weights of each layer, [numOutputs][numInputs] row major. */
    std::vector<std::vector<double> > getWeights() const;
    /** Round the inputs of a layer. */
    void operator()(int layer, std::vector<double>& inputs) const;
    /** Round the inputs of a layer and their derivatives, for a network whose output is an energy. */
    void operator()(int layer, std::vector<Jet<double, 1> >& inputs) const;

private:
    void roundWeights(const PairNetwork& network, int layer, NumericFormat::Type format, int groupSize);
    /** @param lowest  the smallest input s that the network runs with */
    void findActivationScales(const PairNetwork& network, double lowest);
    std::vector<RoundedLayer> layers;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_FORMATEMULATION_H_*/
