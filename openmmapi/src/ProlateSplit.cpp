// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/ProlateSplit.h"
#include <openmm/OpenMMException.h>
#include <string>

using namespace SurrogatePlugin;
using std::vector;

namespace {

// Terms of the series of D: for the largest bandwidth it has fallen to rounding after 36.
const int numChebyshev = 48;

/** Nodes and weights of Gauss's rule on [0, 1]. */
struct Quadrature {
    vector<double> nodes, weights;
};

/** Find the zeros of the Legendre polynomial by Newton's method. */
Quadrature makeGaussLegendre(int size) {
    Quadrature rule;
    for (int i = 0; i < size; i++) {
        double x = std::cos(pi * (i + 0.75) / (size + 0.5)), slope = 1;
        for (int iteration = 0; iteration < 8; iteration++) {
            double last = 1, current = x;
            for (int n = 1; n < size; n++) {
                const double next = ((2 * n + 1) * x * current - n * last) / (n + 1);
                last = current;
                current = next;
            }
            slope = size * (x * current - last) / (x * x - 1);
            x -= current / slope;
        }
        rule.nodes.push_back(0.5 * (1 + x));
        rule.weights.push_back(1 / ((1 - x * x) * slope * slope));
    }
    return rule;
}

/** Get the coefficients of a function's interpolation in Chebyshev's nodes. */
template <class Function>
vector<double> expandInChebyshev(const Function& function, int size) {
    vector<double> values, coefficients;
    for (int i = 0; i < size; i++)
        values.push_back(function(std::cos(pi * (i + 0.5) / size)));
    for (int k = 0; k < size; k++) {
        double sum = 0;
        for (int i = 0; i < size; i++)
            sum += values[i] * std::cos(pi * k * (i + 0.5) / size);
        coefficients.push_back(sum * (k == 0 ? 1 : 2) / size);
    }
    return coefficients;
}

/** Get the powers of z of the first terms of a Chebyshev series. */
vector<double> convertToPowers(const vector<double>& chebyshev, int terms) {
    vector<double> powers(terms, 0.0), last(terms, 0.0), current(terms, 0.0);
    current[0] = 1; // the polynomials of degree n-1 and n
    for (int n = 0; n < terms; n++) {
        vector<double> next(terms, 0.0);
        for (int i = 0; i < terms; i++) {
            powers[i] += chebyshev[n] * current[i];
            next[i] = (i > 0 ? (n == 0 ? 1 : 2) * current[i - 1] : 0) - last[i];
        }
        last.swap(current);
        current.swap(next);
    }
    return powers;
}

} // namespace

ProlateDirectSpace::ProlateDirectSpace(double bandwidth) : psi(bandwidth) {
    chebyshev = expandInChebyshev([&](double z) { return getForceFunction(0.5 * (1 + z)); }, numChebyshev);
}

double ProlateDirectSpace::getForceFunction(double s) const {
    // (Phi(x) - x Phi'(x))/x^3 is the mean over u from 0 to 1 of -u^2 psi'(x u)/(x u) / I: nothing cancels.
    static const Quadrature rule = makeGaussLegendre(48);
    const double x = std::sqrt(s);
    double sum = 0;
    for (size_t i = 0; i < rule.nodes.size(); i++)
        sum -= rule.weights[i] * rule.nodes[i] * rule.nodes[i] * psi.getSlopeOverX(x * rule.nodes[i]);
    return sum / psi.getIntegral();
}

double ProlateDirectSpace::getEnergyFunction(double s) const {
    return psi.getMean(std::sqrt(s)) / psi.getIntegral();
}

vector<double> ProlateDirectSpace::getForceCoefficients(int terms) const {
    if (terms < 1 || terms > numChebyshev)
        throw OpenMM::OpenMMException("ProlateDirectSpace: the number of terms must be 1 to " +
                                      std::to_string(numChebyshev) + "; got " + std::to_string(terms));
    return convertToPowers(chebyshev, terms);
}

vector<double> ProlateDirectSpace::getEnergyCoefficients(int terms) const {
    // dE/dz = -D/4, as dE/ds = -D/2.
    const vector<double> force = getForceCoefficients(terms);
    vector<double> energy = {1};
    for (int i = 0; i < terms; i++) {
        energy.push_back(-force[i] / (4 * (i + 1)));
        energy[0] -= energy.back();
    }
    return energy;
}

int ProlateDirectSpace::findNumTerms(double tolerance) const {
    double rest = 0;
    int terms = numChebyshev;
    while (terms > 1 && rest + std::abs(chebyshev[terms - 1]) < tolerance)
        rest += std::abs(chebyshev[--terms]);
    return terms;
}
