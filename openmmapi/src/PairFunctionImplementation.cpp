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
constexpr double LargestCoreForce = 1e7;

} // namespace

PairFunction::Implementation::Implementation(const PairNetwork& network, double cutoff, const FormatScheme& scheme)
    : cutoff(cutoff), coreRadius(network.getMinimumDistance()), core{0, 0, 0}, format(scheme.format),
      output(network.getOutput()), emulation(network, scheme), evaluator(network, emulation.getWeights()), energyAtCutoff(0) {
    if (coreRadius >= cutoff) {
        std::stringstream message;
        message << "PairNetwork: the minimum distance (" << coreRadius << " nm) must be less than the cutoff (" << cutoff
                << " nm); call setCore() with the smallest distance seen in training";
        throw OpenMMException(message.str());
    }
    if (output == PairNetwork::Energy)
        energyAtCutoff = evaluator.evaluate(1.0);
    if (coreRadius > 0)
        joinCore(network.getCoreStiffness());
}

/** Match value and slope of w/r at the core radius. Formula: docs/theory/repulsive-core.md. */
void PairFunction::Implementation::joinCore(double stiffness) {
    const double x0 = coreRadius * coreRadius;
    const Jet<double, 1> p = smoothSlope(x0); // p = -(w/r)/2
    core[0] = -2 * p.c[0];
    core[1] = 2 * p.c[1]; // the core runs in x0-x
    const double steepness = std::max({std::fabs(core[1]), std::fabs(core[0]) / x0, 1.0 / (coreRadius * x0)});
    core[2] = stiffness * steepness / x0;
    checkCoreForce();
}

void PairFunction::Implementation::checkCoreForce() const {
    double largest = 0;
    for (int k = 0; k <= 64; k++) {
        const double r = coreRadius * k / 64;
        largest = std::max(largest, std::fabs(r * coreForceOverDistance(r * r)));
    }
    if (!(largest <= LargestCoreForce)) {
        std::stringstream message;
        message << "PairNetwork: the repulsive core below " << coreRadius << " nm reaches a force of " << largest
                << " kJ/mol/nm, more than the " << LargestCoreForce
                << " that fixed-point force buffers allow for a pair; lower the core stiffness, or raise the minimum distance";
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

double PairFunction::Implementation::roundedForce(double r) const {
    const double s = r / cutoff;
    if (output == PairNetwork::ForceWeight)
        return evaluator.evaluate(s, emulation);
    Jet<double, 1> variable;
    variable.c = {s, 1.0};
    return -evaluator.evaluate(variable, emulation).c[1] / cutoff;
}

double PairFunction::Implementation::smoothForce(double r) const {
    const double s = r / cutoff;
    if (output == PairNetwork::ForceWeight)
        return evaluator.evaluate(s);
    Jet<double, 1> variable;
    variable.c = {s, 1.0};
    return -evaluator.evaluate(variable).c[1] / cutoff;
}

double PairFunction::Implementation::energy(double r) const {
    if (output == PairNetwork::Energy && !hasSteps())
        return evaluator.evaluate(r / cutoff) - energyAtCutoff;
    std::call_once(integrated, [this] {
        integral.reset(new EnergyIntegral(
            hasSteps() ? EnergyIntegral::ofStepwise([this](double r) { return roundedForce(r); }, coreRadius, cutoff)
                       : EnergyIntegral::ofSmooth([this](double r) { return smoothForce(r); }, coreRadius, cutoff)));
    });
    return (*integral)(r);
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
