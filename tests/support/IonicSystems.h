// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_IONICSYSTEMS_H_
#define OPENMM_SURROGATE_IONICSYSTEMS_H_

#include "openmmsurrogate/internal/EwaldSum.h"
#include <string>
#include <vector>

namespace SurrogateTest {

/** A charged system with a name for messages. */
struct IonicSystem {
    std::string name;
    SurrogatePlugin::ChargedSystem charged;
};

/**
 * Make ions of alternating charge on a jittered grid along box vectors of about 2.5 nm: a salt of 64 ions per nm^3 or
 * less.
 */
SurrogatePlugin::ChargedSystem makeSalt(const OpenMM::Vec3 box[3], double spacing, double jitter);

/**
 * Make the systems that errors are estimated for: shaken salts in a cube, a brick and a strongly triclinic box, a salt
 * as disordered as a melt, uncorrelated ions, and neutral three-site molecules whose internal pairs are excluded.
 */
std::vector<IonicSystem> makeIonicSystems();

/** Get all particle indices. */
std::vector<int> listParticles(const SurrogatePlugin::ChargedSystem& system);

} // namespace SurrogateTest

#endif /*OPENMM_SURROGATE_IONICSYSTEMS_H_*/
