// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PAIRPROGRAM_H_
#define OPENMM_SURROGATE_PAIRPROGRAM_H_

#include <string>

namespace SurrogatePlugin {

/** What the pair list in a program is specialized by. Every member becomes a macro of the device code. */
struct PairProgramOptions {
    bool doublePrecision = false, doubleEnergy = false, periodic = true, triclinic = false, hasExclusions = false;
    /** Whether each particle is excluded from all others of a range of indices or none, as in small molecules. */
    bool exclusionsAreCliques = false;
    int numTypes = 1;
    int carries = 0;        // numbers of each particle that the list holds instead of types: none, 1 or 3
    bool longLists = false; // several times as long as those of argon, as in charged systems
    int numAtoms = 0;       // of the System: small ones are launched in another way
};

/** The part of a program that is the pair list: its macros, and its sources in the order in which they use one another. */
std::string makePairSource(const PairProgramOptions& options);

/** What a program that sums forces with pairs/forces.cu has besides: the macros, and that file. */
std::string makeForceSource(bool deterministic);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PAIRPROGRAM_H_*/
