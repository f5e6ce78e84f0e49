// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PMESETTINGS_H_
#define OPENMM_SURROGATE_PMESETTINGS_H_

#include "openmmsurrogate/TunablePMEForce.h"
#include <openmm/System.h>
#include <array>

namespace SurrogatePlugin {

/** Splitting parameter and grid of a mesh Ewald sum. */
struct MeshParameters {
    double alpha = 0;                      // nm^-1
    std::array<int, 3> grid = {{0, 0, 0}}; // points along each box vector
};

/** Everything that reciprocal space of a TunablePMEForce runs with in a Context: nothing is left as "default". */
struct PMESettings {
    /**
     * Resolve the settings of a force.
     *
     * @param defaultPrecision  what Default means on the platform
     * @throws OpenMM::OpenMMException if parameters are missing, contradictory, or cannot be run
     */
    PMESettings(const OpenMM::System& system, const TunablePMEForce& force, NumericFormat::Type defaultPrecision);
    int splineOrder;
    NumericFormat::Type spreading, fft, convolution, interpolation;
    MeshParameters coulomb;
    bool hasDispersion; // LJPME
    MeshParameters dispersion;
};

/**
 * Get the smallest number of grid points that FFTs are fast for: even, with the prime factors 2, 3, 5 and at most one
 * 7.
 *
 * @param minimum  the least acceptable number
 */
int findFFTSize(int minimum);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PMESETTINGS_H_*/
