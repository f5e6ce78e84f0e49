// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PAIRNETWORK_H_
#define OPENMM_SURROGATE_PAIRNETWORK_H_

#include <string>
#include <vector>

namespace SurrogatePlugin {

/**
 * A small multilayer perceptron of one variable: the interaction of two particles as a function of distance.
 *
 * The input is s = r/rc, the distance over the model's cutoff. Layer l computes
 * z_l = W_l h_(l-1) + b_l with h_0 = s, and h_l = activation(z_l) in all layers but the last, which is linear.
 * The result y = z_last is destandardized: mean + standardDeviation*y is
 *   - with output ForceWeight, w(r) in kJ/mol/nm. The force on particle i from particle j is
 *     w(r) (x_i-x_j)/r, so w = -dU/dr and positive w is repulsive (PNNL-38353, section 3);
 *   - with output Energy, the pair energy U(r) in kJ/mol, up to a constant that is fixed by U(rc) = 0.
 *
 * Weights are kept in single precision, as in the file. The object is a value: copy it freely. Weights and
 * biases cannot be changed after construction.
 */
class PairNetwork {
public:
    enum Activation {
        Tanh = 0,
        /** x*sigmoid(x). */
        SiLU = 1,
        /** p(clamp(x, -c, c)) with p an odd polynomial; see getActivationCoefficients(). */
        ClampedPolynomial = 2
    };
    enum Output { ForceWeight = 0, Energy = 1 };
    /** Numbers that an integer or scaled format needs for one layer; empty vectors mean "derive from the weights". */
    struct LayerQuantization {
        /** Value of one weight code, [numOutputs][numGroups] row major; one group is the whole row. */
        std::vector<float> weightScales;
        /** Value of one code of the layer's input activations, [numInputs] or one for all. */
        std::vector<float> activationScales;
        /** Code that stands for zero in the layer's input activations, same length as activationScales. */
        std::vector<int> activationZeroPoints;
    };
    /**
     * Create a network.
     *
     * @param widths      number of channels, input to output: {1, 64, 64, 64, 1}. The first and the last must be 1.
     * @param weights     for each layer l its matrix W_l, [widths[l+1]][widths[l]] row major
     * @param biases      for each layer l its vector b_l, [widths[l+1]]
     * @param activation  the activation function of the hidden layers
     * @param output      what the network computes
     * @throws OpenMM::OpenMMException if sizes do not match, a width is not positive or above getMaxWidth(), there
     *         are more than getMaxLayers() layers, or a value is not finite
     */
    PairNetwork(const std::vector<int>& widths, const std::vector<std::vector<float> >& weights,
                const std::vector<std::vector<float> >& biases, Activation activation = Tanh,
                Output output = ForceWeight);
    static int getMaxWidth() { return 1024; }
    static int getMaxLayers() { return 16; }
    const std::vector<int>& getWidths() const { return widths; }
    /** Get the number of layers with weights: one less than the number of widths. */
    int getNumLayers() const { return (int) weights.size(); }
    /** Get the weights of a layer, [widths[layer+1]][widths[layer]] row major. */
    const std::vector<float>& getWeights(int layer) const;
    /** Get the biases of a layer, [widths[layer+1]]. */
    const std::vector<float>& getBiases(int layer) const;
    Activation getActivation() const { return activation; }
    Output getOutput() const { return output; }
    /**
     * Get the coefficients of a ClampedPolynomial activation: {c, a1, a3, a5, ...} for
     * a1 x + a3 x^3 + a5 x^5 + ... with x clamped to [-c, c]. Empty for the other activations.
     */
    const std::vector<double>& getActivationCoefficients() const { return activationCoefficients; }
    void setActivationCoefficients(const std::vector<double>& coefficients);
    /** Get the mean of the standardized output, kJ/mol/nm (ForceWeight) or kJ/mol (Energy). Default 0. */
    double getOutputMean() const { return outputMean; }
    /** Get the standard deviation of the standardized output, same unit as the mean. Default 1. */
    double getOutputStandardDeviation() const { return outputStandardDeviation; }
    /**
     * Set how the output is destandardized.
     *
     * @param mean               kJ/mol/nm or kJ/mol
     * @param standardDeviation  same unit; must be positive
     */
    void setOutputStandardization(double mean, double standardDeviation);
    /** Get the smallest distance seen in training, nm. Default 0: the whole range is trusted. */
    double getMinimumDistance() const { return minimumDistance; }
    /**
     * Get the stiffness of the repulsive core, which replaces the network below the minimum distance. No unit.
     * The formula is in docs/theory/repulsive-core.md.
     */
    double getCoreStiffness() const { return coreStiffness; }
    /**
     * Set where the network stops and the repulsive core begins.
     *
     * @param minimumDistance  smallest distance seen in training, nm; not negative
     * @param coreStiffness    positive; 10 by default
     */
    void setCore(double minimumDistance, double coreStiffness = 10.0);
    /** Get the training histogram: number of pairs in bins of equal width from 0 to the cutoff. May be empty. */
    const std::vector<double>& getTrainingHistogram() const { return trainingHistogram; }
    void setTrainingHistogram(const std::vector<double>& counts);
    /** Get the quantization of a layer. Empty vectors, the default, mean that scales are derived from the weights. */
    const LayerQuantization& getLayerQuantization(int layer) const;
    /** Set the quantization of a layer. @throws OpenMM::OpenMMException if lengths or values do not fit the layer */
    void setLayerQuantization(int layer, const LayerQuantization& quantization);

private:
    std::vector<int> widths;
    std::vector<std::vector<float> > weights, biases;
    Activation activation;
    Output output;
    std::vector<double> activationCoefficients, trainingHistogram;
    double outputMean, outputStandardDeviation, minimumDistance, coreStiffness;
    std::vector<LayerQuantization> quantization;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PAIRNETWORK_H_*/
