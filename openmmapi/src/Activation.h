// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_ACTIVATION_H_
#define OPENMM_SURROGATE_ACTIVATION_H_

#include "Jet.h"
#include "openmmsurrogate/PairNetwork.h"
#include <cmath>
#include <vector>

namespace SurrogatePlugin {

/** a1 x + a3 x^3 + ... by Horner's rule; coefficients are {c, a1, a3, ...}. */
template <class T>
T oddPolynomial(const std::vector<double>& coefficients, const T& x) {
    const T square = x * x;
    T sum(coefficients.back());
    for (size_t i = coefficients.size() - 1; i-- > 1;) {
        T next(coefficients[i]);
        next += sum * square;
        sum = next;
    }
    return sum * x;
}

inline double clampedPolynomial(const std::vector<double>& coefficients, double x) {
    return oddPolynomial(coefficients, std::min(coefficients[0], std::max(-coefficients[0], x)));
}

template <int N>
Jet<double, N> clampedPolynomial(const std::vector<double>& coefficients, const Jet<double, N>& x) {
    if (std::fabs(x.c[0]) < coefficients[0])
        return oddPolynomial(coefficients, x);
    return Jet<double, N>(clampedPolynomial(coefficients, x.c[0]));
}

/** Count how many derivatives of the polynomial vanish at the clamp, from the first: the activation is that often differentiable there. */
inline int countVanishingDerivatives(const std::vector<double>& coefficients) {
    constexpr int MaxOrder = 4;
    Jet<double, MaxOrder> x;
    x.c[0] = coefficients[0];
    x.c[1] = 1;
    const Jet<double, MaxOrder> y = oddPolynomial(coefficients, x);
    int count = 0;
    while (count < MaxOrder && std::fabs(y.c[count + 1]) < 1e-12)
        count++;
    return count;
}

/**
 * Where the interval holds the clamp, derivatives are bounded (almost everywhere) up to one order above those that are
 * continuous; nothing is known of higher ones.
 */
template <int N>
Jet<Interval, N> clampedPolynomial(const std::vector<double>& coefficients, const Jet<Interval, N>& x) {
    const double clamp = coefficients[0];
    if (x.c[0].magnitude() < clamp)
        return oddPolynomial(coefficients, x);
    if (x.c[0].mignitude() >= clamp)
        return Jet<Interval, N>(clampedPolynomial(coefficients, x.c[0].middle));
    Jet<Interval, N> inside = x;
    inside.c[0] = Interval::fromEnds(std::max(-clamp, x.c[0].low()), std::min(clamp, x.c[0].high()));
    Jet<Interval, N> y = oddPolynomial(coefficients, inside);
    const int numBounded = countVanishingDerivatives(coefficients) + 1;
    for (int k = 1; k <= N; k++)
        y.c[k] = k <= numBounded ? hull(y.c[k], Interval(0.0)) : Interval::unknown();
    return y;
}

/** The activation of a network's hidden layers, in any arithmetic: double, Jet of double, Jet of Interval. */
template <class T>
T activate(PairNetwork::Activation activation, const std::vector<double>& coefficients, const T& x) {
    using std::tanh;
    switch (activation) {
    case PairNetwork::SiLU: { // x sigmoid(x) = x/2 (1 + tanh(x/2)), which does not overflow
        T onePlusTanh(1.0);
        onePlusTanh += tanh(0.5 * x);
        return 0.5 * (x * onePlusTanh);
    }
    case PairNetwork::ClampedPolynomial:
        return clampedPolynomial(coefficients, x);
    default:
        return tanh(x);
    }
}

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_ACTIVATION_H_*/
