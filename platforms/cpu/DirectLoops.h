// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_DIRECTLOOPS_H_
#define OPENMM_SURROGATE_DIRECTLOOPS_H_

#include "PairLoops.h"

namespace SurrogatePlugin {

/** What pairs of a NonbondedForce compute in direct space with ESP, in single precision. */
struct DirectFunction {
    static constexpr int MaxTerms = 24;
    const float*
        parameters; // [numParticles][4] by index: charge times the root of Coulomb's constant, half sigma, twice
                    // the root of epsilon, 0
    float force[MaxTerms], energy[MaxTerms]; // D/rc^3 and E/rc in z = 2 (r/rc)^2 - 1, highest power first
    int forceTerms, energyTerms;
    float cutoff2;                               // nm^2
    float switchingDistance, inverseSwitchWidth; // nm, 1/nm
    bool hasLennardJones, hasSwitch;
};

/**
 * Compute the forces on the particles of a block, from all their neighbours.
 *
 * @param[out] forces  [block.numParticles][3], kJ/mol/nm
 * @param[out] energy  half the energy of all pairs in the block, kJ/mol; null if not wanted
 * @return the number of neighbours at distance 0, which are left out; among them are those that fill up the lists
 */
using DirectLoop = int (*)(const SortedParticles<float>& particles, const DirectFunction& function,
                           const NeighborBlock& block, double* forces, double* energy);

/** Get the fastest loop that the processor can run, or a named one as in findPairLoops(). */
DirectLoop getDirectLoop();
DirectLoop findDirectLoop(const char* instructionSet);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_DIRECTLOOPS_H_*/
