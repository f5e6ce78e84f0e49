// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PROLATESPLIT_H_
#define OPENMM_SURROGATE_PROLATESPLIT_H_

#include "openmmsurrogate/internal/EwaldSplit.h"
#include "openmmsurrogate/internal/ProlateFunction.h"
#include <vector>

namespace SurrogatePlugin {

/**
 * What the prolate split leaves to the direct sum, as polynomials in z = 2 (r/rc)^2 - 1, which is -1 to 1. Both functions
 * of the long-range part are even in r, hence smooth in z and finite at r = 0. For charges q1, q2 at distance r < rc:
 *
 *     pair:            force / r = k q1 q2 (1/r^3 - D(z)/rc^3)     energy = k q1 q2 (1/r - E(z)/rc)
 *     excluded pair:   force / r = -k q1 q2 D(z)/rc^3              energy = -k q1 q2 E(z)/rc
 *
 * From rc on a pair has neither, and an excluded pair the plain force -k q1 q2/r^2 and energy -k q1 q2/r. Evaluate them by
 * Horner's rule in z: in powers of (r/rc)^2 the coefficients are large and single precision loses a digit.
 */
class ProlateDirectSpace {
public:
    /** @param bandwidth  c of the prolate function */
    explicit ProlateDirectSpace(double bandwidth);
    /** Get D for s = (r/rc)^2, 0 to 1, to rounding. */
    double getForceFunction(double s) const;
    /** Get E for s = (r/rc)^2, 0 to 1, to rounding. */
    double getEnergyFunction(double s) const;
    /**
     * Get a polynomial for D: its Chebyshev series cut after some terms, whose largest error is within a tenth of the
     * least that a polynomial can have.
     *
     * @return [terms] coefficients in ascending powers of z
     */
    std::vector<double> getForceCoefficients(int terms) const;
    /**
     * Get the polynomial for E that is the integral of the one for D, with E = 1 at the cutoff: the force is exactly the
     * derivative of the energy, and the energy exactly 0 at the cutoff.
     *
     * @param terms  the terms of D
     * @return [terms+1] coefficients in ascending powers of z
     */
    std::vector<double> getEnergyCoefficients(int terms) const;
    /** Get the number of terms of D with which its error is below a tolerance; about 1e-14 is the least reached. */
    int findNumTerms(double tolerance) const;

private:
    ProlateFunction psi;
    std::vector<double> chebyshev; // of D in z
};

/**
 * Coulomb's potential split by a prolate function: k Phi(r/rc)/r on the mesh, where Phi(x) is the integral of psi from 0
 * to x over that to 1. Phi is 1 from the cutoff on, so that the direct sum is cut without error. docs/theory/prolate.md
 * has the formulas and their sources.
 */
class ProlateCoulombSplit : public CoulombSplit {
public:
    /**
     * @param bandwidth  c of the prolate function
     * @param cutoff     rc, nm
     * @param range      waves with k rc beyond this times c are left out
     */
    ProlateCoulombSplit(double bandwidth, double cutoff, double range = INFINITY)
        : psi(bandwidth), direct(bandwidth), cutoff(cutoff), range(range) {}
    /** Beyond the band edge, k rc = c, the transform oscillates about 0 at the level of psi(1). It is not cut there. */
    double getTransform(double k2) const override {
        const double w = std::sqrt(k2) * cutoff;
        return k2 == 0 || w > range * psi.getBandwidth() ? 0 : 4 * pi * coulombConstant * psi.getTransform(w) / k2;
    }
    double getSelfEnergy() const override { return -coulombConstant / (2 * psi.getIntegral() * cutoff); }
    double getBackgroundEnergy() const override {
        return -coulombConstant * pi * cutoff * cutoff * psi.getSecondMoment();
    }
    double getLongRangeEnergy(double r) const override {
        return r < cutoff ? direct.getEnergyFunction(r * r / (cutoff * cutoff)) / cutoff : 1 / r;
    }
    double getLongRangeForce(double r) const override {
        return r < cutoff ? direct.getForceFunction(r * r / (cutoff * cutoff)) / (cutoff * cutoff * cutoff)
                          : 1 / (r * r * r);
    }
    /** Get the alpha of the Gaussian split with the same second moment, which has the same background energy. nm^-1 */
    double getEffectiveAlpha() const { return 1 / (cutoff * std::sqrt(2 * psi.getSecondMoment())); }

private:
    ProlateFunction psi;
    ProlateDirectSpace direct;
    double cutoff, range;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PROLATESPLIT_H_*/
