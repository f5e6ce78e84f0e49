// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_FORCECHECKS_H_
#define OPENMM_SURROGATE_FORCECHECKS_H_

#include "TestSystems.h"
#include <openmm/Vec3.h>
#include <vector>

namespace SurrogateTest {

struct ForcesAndEnergy {
    std::vector<OpenMM::Vec3> forces; // kJ/mol/nm
    double energy = 0;                // kJ/mol
    double energyScale = 0;           // sum of |U| over pairs, kJ/mol
    // What a table's error is relative to. A pair force may be wrong by the error times max(|w|, force scale); a pair energy by the
    // integral of that to the cutoff, for which |U| + force scale * cutoff stands.
    std::vector<double> forceScales; // sum of max(|w|, force scale) over the neighbours of each particle, kJ/mol/nm
    double tableEnergyScale = 0;     // kJ/mol
};

/**
 * Compute forces and energy of a SurrogateForce by a double loop over all particles and the 27 nearest images of each, directly from
 * the model's functions. Shares no code with the kernels.
 *
 * @param format  the numeric format; Double and Single are different functions
 */
ForcesAndEnergy computeAllPairs(const SurrogatePlugin::SurrogateForce& force,
                                const std::vector<OpenMM::Vec3>& positions, const OpenMM::Vec3 box[3],
                                SurrogatePlugin::NumericFormat::Type format);

/** Compute them for the default box of a system. */
ForcesAndEnergy computeAllPairs(SurrogateSystem& system, SurrogatePlugin::NumericFormat::Type format);

/** Get forces and energy from a Context. */
ForcesAndEnergy getForcesAndEnergy(OpenMM::Context& context, int groups = 0xFFFFFFFF);

/** Get the root mean square of the norms. */
double findRms(const std::vector<OpenMM::Vec3>& forces);

/** Get the largest norm of the difference of forces on a particle, over the RMS of the expected ones. */
double findForceError(const std::vector<OpenMM::Vec3>& forces, const std::vector<OpenMM::Vec3>& expected);

/** Get the norm of the sum of all forces over the sum of their norms. */
double findNetForce(const std::vector<OpenMM::Vec3>& forces);

/**
 * Expect forces and energy to agree within the tolerances of the case. Prints the errors.
 *
 * @param tableError  what SurrogateForce::getTableErrorInContext() reports
 */
void expectAgreement(const ForcesAndEnergy& computed, const ForcesAndEnergy& expected, const PlatformCase& platformCase,
                     double tableError);

/** Compute a system on a platform and expect agreement with all pairs. */
void expectAgreement(SurrogateSystem& system, const PlatformCase& platformCase);

/**
 * Get by how much the force along a direction differs from minus the derivative of the energy (central differences of
 * fourth order), relative to the norm of all forces.
 *
 * @param direction  [numParticles], any length
 * @param step       length of the step along the normalized direction, nm
 */
double findDerivativeError(OpenMM::Context& context, const std::vector<OpenMM::Vec3>& direction, double step);

} // namespace SurrogateTest

#endif /*OPENMM_SURROGATE_FORCECHECKS_H_*/
