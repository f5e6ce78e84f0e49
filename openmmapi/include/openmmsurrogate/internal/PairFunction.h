// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PAIRFUNCTION_H_
#define OPENMM_SURROGATE_PAIRFUNCTION_H_

#include "openmmsurrogate/NumericFormat.h"
#include "openmmsurrogate/PairNetwork.h"
#include "openmmsurrogate/internal/RoundedLayer.h"
#include <memory>
#include <vector>

namespace SurrogatePlugin {

/** How a network is rounded: the format and the choices that belong to the model. */
struct FormatScheme {
    NumericFormat::Type format;
    bool endLayersSingle;
    int weightGroupSize;
};

/**
 * The scalar function that a pair of types interacts by: w(r) of one network in one numeric format, with its repulsive core
 * and its energy. Immutable, and so safe to share between threads.
 */
class PairFunction {
public:
    /**
     * @param network  the network
     * @param cutoff   nm
     * @param scheme   the format to emulate; not Default
     */
    PairFunction(const PairNetwork& network, double cutoff, const FormatScheme& scheme);
    ~PairFunction();
    /** Get the force weight w(r) = -dU/dr in kJ/mol/nm, for r >= 0 in nm; 0 for r >= cutoff. */
    double computeForce(double r) const;
    /** Get the energy U(r) in kJ/mol, for r >= 0 in nm; 0 for r >= cutoff. */
    double computeEnergy(double r) const;
    double getCutoff() const;
    /** Get the largest |w(r)| over [rLow, rHigh], found on a fine grid (not a bound). */
    double findLargestForce(double rLow, double rHigh) const;
    /** Get the layers with their weights as the format has them: what kernels multiply. */
    const std::vector<RoundedLayer>& getLayers() const;
    /** Get the radius of the repulsive core, nm; 0 if there is none. */
    double getCoreRadius() const;
    /** Get the core's coefficients: w(r)/r = c[0] + d (c[1] + d c[2]) for d = coreRadius^2 - r^2 > 0, kJ/mol/nm^2 and so on. */
    const double* getCoreCoefficients() const;
    /** Get whether w steps, because activations are rounded to a format below Single. */
    bool hasSteps() const;
    /** For PairTable: the details behind this function. */
    struct Implementation;
    const Implementation& getImplementation() const { return *impl; }

private:
    std::unique_ptr<const Implementation> impl;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PAIRFUNCTION_H_*/
