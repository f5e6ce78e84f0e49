// SPDX-License-Identifier: MIT
#include "PairFunctionImplementation.h"
#include <openmm/OpenMMException.h>
#include <algorithm>
#include <cmath>
#include <sstream>

using namespace SurrogatePlugin;
using OpenMM::OpenMMException;

namespace {

// Forces are accumulated on GPUs as 64-bit fixed point with 32 fraction bits, so at most 2^31 = 2.1e9 kJ/mol/nm for a whole
// particle. Two hundred pairs at this limit still fit.
constexpr double LargestForce = 1e7;

} // namespace

PairFunction::Implementation::Implementation(const PairNetwork& network, double cutoff, const FormatScheme& scheme)
    : cutoff(cutoff), coreRadius(network.getMinimumDistance()), core{0, 0, 0}, format(scheme.format),
      output(network.getOutput()), emulation(network, cutoff, scheme), evaluator(network, emulation.getWeights()),
      energyAtCutoff(0) {
    if (coreRadius >= cutoff) {
        std::stringstream message;
        message << "PairNetwork: the minimum distance (" << coreRadius << " nm) must be less than the cutoff ("
                << cutoff << " nm); call setCore() with the smallest distance seen in training";
        throw OpenMMException(message.str());
    }
    if (output == PairNetwork::Energy)
        energyAtCutoff = evaluator.evaluate(1.0);
    if (coreRadius > 0)
        joinCore(network.getCoreStiffness());
    checkForce();
}

/** Match value and slope of w/r at the core radius. Formula: docs/theory/repulsive-core.md. */
void PairFunction::Implementation::joinCore(double stiffness) {
    const double x0 = coreRadius * coreRadius;
    const Jet<double, 1> p = smoothSlope(x0); // p = -(w/r)/2
    core[0] = -2 * p.c[0];
    core[1] = 2 * p.c[1]; // the core runs in x0-x
    const double steepness = std::max({std::fabs(core[1]), std::fabs(core[0]) / x0, 1.0 / (coreRadius * x0)});
    core[2] = stiffness * steepness / x0;
}

/** Refuse functions that overflow, or that fixed-point force buffers cannot hold. NaN fails each comparison. */
void PairFunction::Implementation::checkForce() const {
    constexpr int numSamples = 1024;
    for (int k = 0; k < numSamples; k++) {
        const double r = cutoff * k / numSamples;
        const double force = r < coreRadius ? r * coreForceOverDistance(r * r) : roundedForce(r);
        if (std::fabs(force) <= LargestForce)
            continue;
        std::stringstream message;
        message << "PairNetwork: the force of a pair at " << r << " nm is " << force
                << " kJ/mol/nm, but must be finite and at most " << LargestForce
                << ", so that fixed-point force buffers hold the sum of many; ";
        if (r < coreRadius)
            message << "this is in the repulsive core: lower the core stiffness, or raise the minimum distance";
        else
            message << "this is a distance where the network acts: raise the minimum distance, or train it again";
        throw OpenMMException(message.str());
    }
}

double PairFunction::Implementation::coreForceOverDistance(double x) const {
    const double d = coreRadius * coreRadius - x;
    return core[0] + d * (core[1] + d * core[2]);
}

double PairFunction::Implementation::coreEnergy(double x) const {
    const double d = coreRadius * coreRadius - x;
    return 0.5 * d * (core[0] + d * (core[1] / 2 + d * core[2] / 3));
}

template <class Rounding>
double PairFunction::Implementation::force(double r, const Rounding& round) const {
    const double s = r / cutoff;
    if (output == PairNetwork::ForceWeight)
        return evaluator.evaluate(s, round);
    Jet<double, 1> variable;
    variable.c = {s, 1.0};
    return -evaluator.evaluate(variable, round).c[1] / cutoff;
}

double PairFunction::Implementation::roundedForce(double r) const {
    return force(r, emulation);
}

double PairFunction::Implementation::smoothForce(double r) const {
    return force(r, NoRounding());
}

double PairFunction::Implementation::energy(double r) const {
    if (output == PairNetwork::Energy && !hasSteps())
        return evaluator.evaluate(r / cutoff) - energyAtCutoff;
    integrate();
    return (*integral)(r);
}

double PairFunction::Implementation::energyForceError() const {
    if (output == PairNetwork::Energy && !hasSteps())
        return 0;
    integrate();
    return integral->getForceError();
}

void PairFunction::Implementation::integrate() const {
    std::call_once(integrated, [this] {
        auto rounded = [this](double r) { return roundedForce(r); };
        auto smooth = [this](double r) { return smoothForce(r); };
        integral.reset(new EnergyIntegral(hasSteps() ? EnergyIntegral::ofStepwise(rounded, coreRadius, cutoff)
                                                     : EnergyIntegral::ofSmooth(smooth, coreRadius, cutoff)));
    });
}

template <class T, int N>
Jet<T, N> PairFunction::Implementation::slope(const T& x) const {
    Jet<T, N> result;
    if (output == PairNetwork::ForceWeight) {
        const Jet<T, N> force = evaluator.evaluate((1 / cutoff) * powerOfVariable<N>(x, 0.5));
        result = -0.5 * (force * powerOfVariable<N>(x, -0.5));
    } else {
        const Jet<T, N + 1> energy = evaluator.evaluate((1 / cutoff) * powerOfVariable<N + 1>(x, 0.5));
        for (int k = 0; k <= N; k++)
            result.c[k] = (k + 1.0) * energy.c[k + 1];
    }
    return result;
}

Jet<Interval, 3> PairFunction::Implementation::encloseSlope(double xLow, double xHigh) const {
    return slope<Interval, 3>(Interval::fromEnds(xLow, xHigh));
}

Jet<double, 1> PairFunction::Implementation::smoothSlope(double x) const {
    return slope<double, 1>(x);
}
