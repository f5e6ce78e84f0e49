// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_INTERVAL_H_
#define OPENMM_SURROGATE_INTERVAL_H_

#include <algorithm>
#include <cmath>
#include <limits>

namespace SurrogatePlugin {

/**
 * A set of real numbers [middle-radius, middle+radius], with arithmetic that encloses every possible result
 * (Rump, BIT 39, 534 (1999)). The middle-radius form makes a product with a number two multiplications without a branch,
 * which is what linear layers consist of.
 *
 * Bounds are not rounded outward in each operation. Their relative rounding error stays below n*2^-53 for the n < 10^6
 * operations behind any of our numbers (Higham, Accuracy and Stability, section 3.1), far below BoundSlack, by which users
 * enlarge the bounds in the end.
 */
struct Interval {
    double middle = 0, radius = 0;
    Interval() = default;
    Interval(double value) : middle(value) {}
    static Interval fromEnds(double low, double high) {
        Interval result(0.5 * (low + high));
        result.radius = 0.5 * (high - low);
        return result;
    }
    /** Nothing is known. NaN, so that whatever is computed from it is unknown too and no comparison with it holds. */
    static Interval unknown() {
        Interval result;
        result.radius = std::numeric_limits<double>::quiet_NaN();
        return result;
    }
    double low() const { return middle - radius; }
    double high() const { return middle + radius; }
    /** Largest absolute value in the set. */
    double magnitude() const { return std::fabs(middle) + radius; }
    /** Smallest absolute value in the set. */
    double mignitude() const { return std::max(0.0, std::fabs(middle) - radius); }
};

constexpr double BoundSlack = 1.0 + 1e-6;

inline Interval operator+(Interval a, Interval b) {
    a.middle += b.middle;
    a.radius += b.radius;
    return a;
}

inline Interval& operator+=(Interval& a, Interval b) {
    return a = a + b;
}

inline Interval operator-(Interval a, Interval b) {
    a.middle -= b.middle;
    a.radius += b.radius;
    return a;
}

inline Interval operator*(double factor, Interval a) {
    a.middle *= factor;
    a.radius *= std::fabs(factor);
    return a;
}

inline Interval operator*(Interval a, Interval b) {
    Interval result(a.middle * b.middle);
    result.radius = std::fabs(a.middle) * b.radius + std::fabs(b.middle) * a.radius + a.radius * b.radius;
    return result;
}

/** The smallest interval that holds both. */
inline Interval hull(Interval a, Interval b) {
    return Interval::fromEnds(std::min(a.low(), b.low()), std::max(a.high(), b.high()));
}

inline Interval tanh(Interval x) {
    return Interval::fromEnds(std::tanh(x.low()), std::tanh(x.high()));
}

/** x^p for positive x; monotonic, so the ends map to the ends. */
inline Interval power(Interval x, double p) {
    const double a = std::pow(x.low(), p), b = std::pow(x.high(), p);
    return Interval::fromEnds(std::min(a, b), std::max(a, b));
}

inline double power(double x, double p) {
    return std::pow(x, p);
}

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_INTERVAL_H_*/
