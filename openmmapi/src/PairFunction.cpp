// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/PairFunction.h"
#include "PairFunctionImplementation.h"
#include <algorithm>
#include <cmath>

using namespace SurrogatePlugin;

PairFunction::PairFunction(const PairNetwork& network, double cutoff, const FormatScheme& scheme)
    : impl(new Implementation(network, cutoff, scheme)) {}

PairFunction::~PairFunction() {}

double PairFunction::computeForce(double r) const {
    if (r >= impl->cutoff)
        return 0;
    if (r < impl->coreRadius)
        return r * impl->coreForceOverDistance(r * r);
    return impl->roundedForce(r);
}

double PairFunction::computeEnergy(double r) const {
    if (r >= impl->cutoff)
        return 0;
    if (r < impl->coreRadius)
        return impl->energy(impl->coreRadius) + impl->coreEnergy(r * r);
    return impl->energy(r);
}

double PairFunction::getCutoff() const {
    return impl->cutoff;
}

const std::vector<RoundedLayer>& PairFunction::getLayers() const {
    return impl->getLayers();
}

double PairFunction::getCoreRadius() const {
    return impl->coreRadius;
}

const double* PairFunction::getCoreCoefficients() const {
    return impl->core;
}

bool PairFunction::hasSteps() const {
    return impl->hasSteps();
}

double PairFunction::findLargestForce(double rLow, double rHigh) const {
    constexpr int numSamples = 1000;
    double largest = 0;
    for (int k = 0; k < numSamples; k++)
        largest = std::max(largest, std::fabs(computeForce(rLow + (rHigh - rLow) * k / numSamples)));
    return largest;
}
