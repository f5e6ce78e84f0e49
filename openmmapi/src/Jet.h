// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_JET_H_
#define OPENMM_SURROGATE_JET_H_

#include "Interval.h"
#include <array>

namespace SurrogatePlugin {

/**
 * A function of one variable near a point, as its Taylor coefficients f^(k)/k! for k = 0..Order. With T = double the
 * coefficients are those at the point; with T = Interval they enclose those at every point of an interval (Griewank and
 * Walther, Evaluating Derivatives, 2nd ed., chapter 13).
 */
template <class T, int Order>
struct Jet {
    std::array<T, Order + 1> c{};
    Jet() = default;
    Jet(double constant) { c[0] = constant; }
};

template <class T, int N>
Jet<T, N>& operator+=(Jet<T, N>& a, const Jet<T, N>& b) {
    for (int k = 0; k <= N; k++)
        a.c[k] += b.c[k];
    return a;
}

template <class T, int N>
Jet<T, N> operator*(double factor, Jet<T, N> a) {
    for (int k = 0; k <= N; k++)
        a.c[k] = factor * a.c[k];
    return a;
}

template <class T, int N>
Jet<T, N> operator*(const Jet<T, N>& a, const Jet<T, N>& b) {
    Jet<T, N> result;
    for (int k = 0; k <= N; k++)
        for (int j = 0; j <= k; j++)
            result.c[k] += a.c[j] * b.c[k - j];
    return result;
}

/** tanh, from y' = (1-y^2) z'. */
template <class T, int N>
Jet<T, N> tanh(const Jet<T, N>& z) {
    using std::tanh;
    Jet<T, N> y, slope; // slope is 1-y^2
    y.c[0] = tanh(z.c[0]);
    slope.c[0] = T(1.0) - y.c[0] * y.c[0];
    for (int k = 1; k <= N; k++) {
        T sum(0.0);
        for (int j = 1; j <= k; j++)
            sum += (double) j * (z.c[j] * slope.c[k - j]);
        y.c[k] = (1.0 / k) * sum;
        T square(0.0);
        for (int j = 0; j <= k; j++)
            square += y.c[j] * y.c[k - j];
        slope.c[k] = -1.0 * square;
    }
    return y;
}

/** The jet of x^p where x itself is the variable: coefficients binomial(p, k) x^(p-k). */
template <int N, class T>
Jet<T, N> powerOfVariable(const T& x, double p) {
    Jet<T, N> y;
    double binomial = 1;
    for (int k = 0; k <= N; k++) {
        y.c[k] = binomial * power(x, p - k);
        binomial *= (p - k) / (k + 1);
    }
    return y;
}

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_JET_H_*/
