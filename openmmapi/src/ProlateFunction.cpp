// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/ProlateFunction.h"
#include <openmm/OpenMMException.h>
#include <cmath>
#include <sstream>

using namespace SurrogatePlugin;
using std::vector;

namespace {

/** A symmetric tridiagonal matrix. */
struct Tridiagonal {
    vector<double> diagonal, beside;
};

/** Get the matrix of the differential operator of psi in the normalized Legendre polynomials of degree 0, 2, 4, ... */
Tridiagonal makeOperator(double c, int size) {
    Tridiagonal matrix;
    for (int j = 0; j < size; j++) {
        const double k = 2 * j;
        matrix.diagonal.push_back(k * (k + 1) + c * c * (2 * k * (k + 1) - 1) / ((2 * k + 3) * (2 * k - 1)));
        matrix.beside.push_back(c * c * (k + 2) * (k + 1) / ((2 * k + 3) * std::sqrt((2 * k + 1) * (2 * k + 5))));
    }
    return matrix;
}

/** Replace v by the solution of (matrix - shift) x = v (Thomas's algorithm). */
void solve(const Tridiagonal& matrix, double shift, vector<double>& v) {
    const int size = (int) v.size();
    vector<double> factor(size);
    for (int i = 0; i < size; i++) {
        const double left = i > 0 ? matrix.beside[i - 1] : 0;
        const double pivot = matrix.diagonal[i] - shift - (i > 0 ? left * factor[i - 1] : 0);
        factor[i] = matrix.beside[i] / pivot;
        v[i] = (v[i] - (i > 0 ? left * v[i - 1] : 0)) / pivot;
    }
    for (int i = size - 2; i >= 0; i--)
        v[i] -= factor[i] * v[i + 1];
}

/** Get the eigenvector of the smallest eigenvalue, which is close to c - 3/4, by inverse iteration. */
vector<double> findSmallestEigenvector(double c) {
    const int size = 24 + (int) c;
    const Tridiagonal matrix = makeOperator(c, size);
    vector<double> v;
    for (int j = 0; j < size; j++)
        v.push_back(std::exp(-4.0 * j * j / (4 * c + 1)));
    for (int iteration = 0; iteration < 8; iteration++) {
        solve(matrix, c - 0.75, v);
        double sum = 0;
        for (double value : v)
            sum += value * value;
        for (double& value : v)
            value /= std::sqrt(sum);
    }
    return v;
}

/**
 * Get the spherical Bessel functions of order 0 to largest. Their recursion is stable upwards while the order is below
 * w, and downwards otherwise.
 */
vector<double> computeSphericalBessel(double w, int largest) {
    vector<double> values(largest + 1, 0.0);
    const double first = w == 0 ? 1 : std::sin(w) / w;
    values[0] = first;
    if (w > largest) {
        values[1] = (first - std::cos(w)) / w;
        for (int n = 1; n < largest; n++)
            values[n + 1] = (2 * n + 1) / w * values[n] - values[n - 1];
        return values;
    }
    if (w == 0)
        return values;
    const int beyond = largest + 60; // where they have fallen by far more than the rounding error
    double above = 0, current = 1e-300;
    for (int n = beyond; n >= 0; n--) { // current is that of order n, up to a common factor
        if (n <= largest)
            values[n] = current;
        const double below = (2 * n + 1) / w * current - above;
        above = current;
        current = below;
        if (std::abs(current) > 1e200) {
            above *= 1e-200;
            current *= 1e-200;
            for (int i = n; i <= largest; i++)
                values[i] *= 1e-200;
        }
    }
    // The one of the first two that is not near a zero gives the factor.
    const double second = (first - std::cos(w)) / w;
    const double factor = std::abs(first) >= std::abs(second) ? first / values[0] : second / values[1];
    for (double& value : values)
        value *= factor;
    return values;
}

} // namespace

ProlateFunction::ProlateFunction(double bandwidth) : bandwidth(bandwidth) {
    if (!(bandwidth >= MinBandwidth && bandwidth <= MaxBandwidth)) {
        std::stringstream message;
        message << "ProlateFunction: the bandwidth must be " << MinBandwidth << " to " << MaxBandwidth << "; got "
                << bandwidth;
        throw OpenMM::OpenMMException(message.str());
    }
    coefficients = findSmallestEigenvector(bandwidth);
    for (size_t j = 0; j < coefficients.size(); j++)
        coefficients[j] *= std::sqrt(2 * j + 0.5);
    const double atZero = getValue(0);
    for (double& coefficient : coefficients)
        coefficient /= atZero;
}

double ProlateFunction::getValue(double x) const {
    double sum = 0, even = 1, odd = x; // the Legendre polynomials of degree k and k+1
    for (size_t j = 0; j < coefficients.size(); j++) {
        const double k = 2.0 * j;
        sum += coefficients[j] * even;
        even = ((2 * k + 3) * x * odd - (k + 1) * even) / (k + 2);
        odd = ((2 * k + 5) * x * even - (k + 2) * odd) / (k + 3);
    }
    return sum;
}

double ProlateFunction::getSlopeOverX(double x) const {
    double sum = 0, even = 1, oddOverX = 1, slopeOverX = 0; // of degree k, k+1 and, the derivative's, k
    for (size_t j = 0; j < coefficients.size(); j++) {
        const double k = 2.0 * j;
        sum += coefficients[j] * slopeOverX;
        slopeOverX += (2 * k + 3) * oddOverX;
        even = ((2 * k + 3) * x * x * oddOverX - (k + 1) * even) / (k + 2);
        oddOverX = ((2 * k + 5) * even - (k + 2) * oddOverX) / (k + 3);
    }
    return sum;
}

double ProlateFunction::getMean(double x) const {
    // The integral of the polynomial of degree k is the difference of those of degrees k+1 and k-1 over 2k+1.
    double sum = 0, even = 1, oddOverX = 1, lastOddOverX = 0;
    for (size_t j = 0; j < coefficients.size(); j++) {
        const double k = 2.0 * j;
        sum += coefficients[j] * (oddOverX - lastOddOverX) / (2 * k + 1);
        even = ((2 * k + 3) * x * x * oddOverX - (k + 1) * even) / (k + 2);
        lastOddOverX = oddOverX;
        oddOverX = ((2 * k + 5) * even - (k + 2) * oddOverX) / (k + 3);
    }
    return sum;
}

double ProlateFunction::getSecondMoment() const {
    return 1.0 / 3 + 2.0 / 15 * coefficients[1] / coefficients[0]; // x^2 is a sum of the first two polynomials
}

double ProlateFunction::getTransform(double w) const {
    const vector<double> bessel = computeSphericalBessel(std::abs(w), 2 * (int) coefficients.size() - 2);
    double sum = 0, sign = 1;
    for (size_t j = 0; j < coefficients.size(); j++, sign = -sign)
        sum += sign * coefficients[j] * bessel[2 * j];
    return sum / coefficients[0];
}
