// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_EWALDSPLIT_H_
#define OPENMM_SURROGATE_EWALDSPLIT_H_

#include "openmmsurrogate/internal/Units.h"
#include <cmath>

namespace SurrogatePlugin {

/**
 * How a pair potential is split into a short-range part, computed pair by pair, and a long-range part, computed on the
 * mesh: all that reciprocal space has to know. "Charge" stands for what the potential is proportional to.
 */
class EwaldSplit {
public:
    virtual ~EwaldSplit() = default;
    /**
     * Get the Fourier transform of the long-range part. The mesh energy is the sum of it times |S(k)|^2 / (2 V).
     *
     * @param k2  the square of the wave vector, nm^-2; 0 gives the value used for the uniform wave
     */
    virtual double getTransform(double k2) const = 0;
    /** Get the energy to add for each particle of unit charge: minus half the long-range potential at distance 0. */
    virtual double getSelfEnergy() const = 0;
    /** Get the energy of the neutralizing background for unit total charge, times the volume. */
    virtual double getBackgroundEnergy() const = 0;
};

/** A split of Coulomb's potential, whose long-range part is also needed pair by pair. */
class CoulombSplit : public EwaldSplit {
public:
    /** Get the long-range part at a distance for unit charges, over Coulomb's constant; finite at 0. nm^-1 */
    virtual double getLongRangeEnergy(double r) const = 0;
    /** Get minus its derivative over the distance; finite at 0. nm^-3 */
    virtual double getLongRangeForce(double r) const = 0;
};

/**
 * Coulomb's potential split by the error function: k erf(alpha r)/r on the mesh. P. P. Ewald, Ann. Phys. 369, 253
 * (1921).
 */
class GaussianCoulombSplit : public CoulombSplit {
public:
    explicit GaussianCoulombSplit(double alpha) : alpha(alpha) {}
    double getTransform(double k2) const override {
        return k2 == 0 ? 0 : 4 * pi * coulombConstant * std::exp(-k2 / (4 * alpha * alpha)) / k2;
    }
    double getSelfEnergy() const override { return -coulombConstant * alpha / std::sqrt(pi); }
    double getBackgroundEnergy() const override { return -coulombConstant * pi / (2 * alpha * alpha); }
    double getLongRangeEnergy(double r) const override {
        const double x = alpha * r;
        return x < 1e-3 ? 2 * alpha / std::sqrt(pi) * (1 - x * x / 3) : std::erf(x) / r;
    }
    double getLongRangeForce(double r) const override {
        const double x = alpha * r;
        if (x < 1e-3)
            return 4 * alpha * alpha * alpha / std::sqrt(pi) * (1.0 / 3 - x * x / 5);
        return (std::erf(x) / r - 2 * alpha / std::sqrt(pi) * std::exp(-x * x)) / (r * r);
    }

private:
    double alpha;
};

/**
 * The dispersion potential -1/r^6 split by a Gaussian: U. Essmann et al., J. Chem. Phys. 103, 8577 (1995), section V.
 * The charge of a particle is the square root of its C6 coefficient.
 */
class GaussianDispersionSplit : public EwaldSplit {
public:
    explicit GaussianDispersionSplit(double alpha) : alpha(alpha) {}
    double getTransform(double k2) const override {
        const double b2 = k2 / (4 * alpha * alpha), b = std::sqrt(b2);
        const double decay = (1 - 2 * b2) * std::exp(-b2) + 2 * b2 * b * std::sqrt(pi) * std::erfc(b);
        return -pi * std::sqrt(pi) * alpha * alpha * alpha / 3 * decay;
    }
    double getSelfEnergy() const override { return std::pow(alpha, 6) / 12; }
    double getBackgroundEnergy() const override { return 0; } // its uniform wave is in the sum

private:
    double alpha;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_EWALDSPLIT_H_*/
