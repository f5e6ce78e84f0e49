// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_FORCEERRORMEASUREMENT_H_
#define OPENMM_SURROGATE_FORCEERRORMEASUREMENT_H_

#include "openmmsurrogate/internal/PMESettings.h"

namespace SurrogatePlugin {

struct ForceError {
    double absolute; // root mean square of the norm of the error, kJ/mol/nm
    double relative; // over the root mean square of the force
};

/**
 * Measure the error of the electrostatic forces in a Context: see TunablePMEForce::measureForceErrorInContext().
 *
 * @param settings  what the force runs with in the Context
 */
ForceError measureForceError(const TunablePMEForce& force, OpenMM::Context& context, const PMESettings& settings,
                             int maxParticles);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_FORCEERRORMEASUREMENT_H_*/
