// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PAIRFUNCTIONIMPLEMENTATION_H_
#define OPENMM_SURROGATE_PAIRFUNCTIONIMPLEMENTATION_H_

#include "EnergyIntegral.h"
#include "FormatEmulation.h"
#include "NetworkEvaluator.h"
#include "openmmsurrogate/internal/PairFunction.h"
#include <mutex>

namespace SurrogatePlugin {

/**
 * A PairFunction's parts. "Rounded" is the function in its numeric format, w_q; "smooth" is the same network with the same
 * rounded weights but unrounded activations, which has derivatives. They are the same in Double.
 */
struct PairFunction::Implementation {
    Implementation(const PairNetwork& network, double cutoff, const FormatScheme& scheme);
    const std::vector<RoundedLayer>& getLayers() const { return emulation.getLayers(); }
    /** Get whether rounding is coarse enough for the steps of w_q to count: every format below Single. */
    bool hasSteps() const { return NumericFormat::isReduced(format); }
    /** Get whether activations are rounded at all: every format but Double. */
    bool isRounded() const { return format != NumericFormat::Double; }
    /** Get w_q(r) outside the core, kJ/mol/nm. */
    double roundedForce(double r) const;
    /** Get the smooth w(r) outside the core, kJ/mol/nm. */
    double smoothForce(double r) const;
    /** Get the energy outside the core, kJ/mol. Makes the integral at the first call. */
    double energy(double r) const;
    /** Get by how much the force whose integral energy() is differs from w, kJ/mol/nm; makes the integral too. */
    double energyForceError() const;
    /**
     * Enclose the smooth slope p(x) = dU/dx = -w(r)/(2r), x = r^2, and its Taylor coefficients up to order 3, at all points of
     * an interval of x above the core.
     */
    Jet<Interval, 3> encloseSlope(double xLow, double xHigh) const;
    /** Get p = dU/dx and dp/dx of the smooth function at a point above the core. */
    Jet<double, 1> smoothSlope(double x) const;
    /** Get w(r)/r inside the core, x = r^2. */
    double coreForceOverDistance(double x) const;
    /** Get the energy that the core adds to that at its radius. */
    double coreEnergy(double x) const;

    double cutoff, coreRadius;
    // For x = r^2 below x0 = coreRadius^2, w(r)/r = core[0] + core[1] (x0-x) + core[2] (x0-x)^2.
    double core[3];

private:
    template <class Rounding>
    double force(double r, const Rounding& round) const;
    template <class T, int N>
    Jet<T, N> slope(const T& x) const;
    void joinCore(double stiffness);
    void integrate() const;
    void checkForce() const;
    NumericFormat::Type format;
    PairNetwork::Output output;
    FormatEmulation emulation;
    NetworkEvaluator evaluator;
    mutable std::once_flag integrated;
    mutable std::unique_ptr<const EnergyIntegral> integral;
    double energyAtCutoff; // of an energy output, before the shift to zero
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PAIRFUNCTIONIMPLEMENTATION_H_*/
