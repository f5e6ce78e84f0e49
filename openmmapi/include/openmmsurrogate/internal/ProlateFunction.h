// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PROLATEFUNCTION_H_
#define OPENMM_SURROGATE_PROLATEFUNCTION_H_

#include <vector>

namespace SurrogatePlugin {

/**
 * The prolate spheroidal wave function of order zero, psi, on [-1, 1], scaled to psi(0) = 1: of all functions that vanish
 * outside of an interval, the one with the least part of its Fourier transform beyond the frequency c. D. Slepian and H.
 * O. Pollak, Bell Syst. Tech. J. 40, 43 (1961).
 *
 * It is kept as a series of Legendre polynomials of even degree, whose coefficients are an eigenvector of a tridiagonal
 * matrix: H. Xiao, V. Rokhlin and N. Yarvin, Inverse Problems 17, 805 (2001), section 4.
 */
class ProlateFunction {
public:
    static constexpr double MinBandwidth = 3, MaxBandwidth = 40;
    /**
     * @param bandwidth  c, 3 to 40
     * @throws OpenMM::OpenMMException if it is outside of that range
     */
    explicit ProlateFunction(double bandwidth);
    double getBandwidth() const { return bandwidth; }
    /** Get psi(x). @param x  -1 to 1, here and in what follows */
    double getValue(double x) const;
    /** Get psi'(x)/x, which is finite at 0. */
    double getSlopeOverX(double x) const;
    /** Get the mean of psi from 0 to x, which is its integral over x, and 1 at 0. */
    double getMean(double x) const;
    /** Get I, the integral of psi from 0 to 1. */
    double getIntegral() const { return coefficients[0]; }
    /** Get the integral of psi(x) x^2 from 0 to 1, over I. */
    double getSecondMoment() const;
    /** Get the integral of psi(x) cos(w x) from -1 to 1, over 2 I, for any w. */
    double getTransform(double w) const;

private:
    double bandwidth;
    std::vector<double> coefficients; // of the Legendre polynomials of degree 0, 2, 4, ...
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PROLATEFUNCTION_H_*/
