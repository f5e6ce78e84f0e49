// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_TOLERANCES_H_
#define OPENMM_SURROGATE_TOLERANCES_H_

#include "PlatformCase.h"

namespace SurrogateTest {

/** The table tolerance that tests set, tighter than the default so that it does not hide other errors. */
constexpr double tableTolerance = 1e-7;

/**
 * Get the largest error allowed to the force on any particle, relative to the RMS force, where the expected force is the same
 * function in double. Single arithmetic rounds r^2 to 1e-7, by which a pair force changes some ten times as much, and pair forces
 * are larger than their sum. Where positions are single too, and up to 40 nm from the origin as in these tests, a distance is off by
 * 4e-6 nm, over which a force changes by some 1e-4 of itself. The table's error comes on top (see ForcesAndEnergy), and the steps of fixed point.
 */
inline double getForceTolerance(const PlatformCase& platformCase) {
    if (platformCase.platform == "CUDA")
        return platformCase.hasSinglePositions() ? 1e-3 : 1e-9;
    return platformCase.isSingleArithmetic() ? 1e-5 : 1e-12;
}

/** Get the step of forces in OpenMM's 64-bit fixed point, kJ/mol/nm; 0 on platforms that have none. */
inline double getForceStep(const PlatformCase& platformCase) {
    return platformCase.platform == "CUDA" ? 1.0 / (1LL << 32) : 0;
}

/**
 * Get the largest difference between a network kernel on CUDA and the emulation of its format, RMS over particles relative to the RMS
 * force, at equal positions. The last layer of the networks that tests fit adds up terms of tens of times their sum, which magnifies any
 * error of the activations: the bounds are some times what is thus made of
 * - Double: rounding in another order, and forces in steps of 2e-10 kJ/mol/nm; single positions round distances to 1e-7;
 * - Single: sums of 64 terms in single, products to 2^-22, a tanh to 1e-7. For the shipped argon model it comes to 2e-6;
 * - all others: the hardware's tanh, relative error 2^-11, as large as the rounding of Float16 and TF32 itself; where it moves an
 *   activation over the edge of a rounding interval the next layer sees a whole step of the format, which is larger the coarser that is.
 */
inline double getNetworkTolerance(const PlatformCase& platformCase) {
    using SurrogatePlugin::SurrogateForce;
    switch (platformCase.precision) {
    case SurrogateForce::Double:
        return platformCase.hasSinglePositions() ? 2e-5 : 1e-10;
    case SurrogateForce::Single:
        return 2e-5;
    case SurrogateForce::BFloat16:
        return 3e-2;
    case SurrogateForce::Float8:
        return 1e-1;
    case SurrogateForce::Int8:
        return 5e-2;
    default: // TF32, Float16, and Int4, whose products are Float16
        return 1e-2;
    }
}

/** Get the largest error allowed to the energy, relative to the sum of |U| over pairs. Same reasons. */
inline double getEnergyTolerance(const PlatformCase& platformCase) {
    if (platformCase.hasSinglePositions())
        return 1e-5;
    return platformCase.isSingleArithmetic() ? 1e-6 : 1e-12;
}

/** Get the largest sum of all forces allowed, relative to the sum of their norms: rounding only, on any path. */
inline double getMomentumTolerance(const PlatformCase& platformCase) {
    if (platformCase.platform == "CUDA" && !platformCase.isSingleArithmetic())
        return 1e-10; // steps of the fixed-point sums
    return platformCase.isSingleArithmetic() ? 1e-6 : 1e-13;
}

} // namespace SurrogateTest

#endif /*OPENMM_SURROGATE_TOLERANCES_H_*/
