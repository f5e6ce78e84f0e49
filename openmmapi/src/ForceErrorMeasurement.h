// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_FORCEERRORMEASUREMENT_H_
#define OPENMM_SURROGATE_FORCEERRORMEASUREMENT_H_

#include "openmmsurrogate/TunablePMEForce.h"

namespace SurrogatePlugin {

struct ForceError {
    double absolute; // root mean square of the norm of the error, kJ/mol/nm
    double relative; // over the root mean square of the force
};

/** Measure the error of the electrostatic forces in a Context: see TunablePMEForce::measureForceErrorInContext(). */
ForceError measureForceError(const TunablePMEForce& force, OpenMM::Context& context, int maxParticles);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_FORCEERRORMEASUREMENT_H_*/
