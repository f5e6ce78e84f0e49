// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_FORCEPARTICLES_H_
#define OPENMM_SURROGATE_FORCEPARTICLES_H_

#include "openmmsurrogate/SurrogateForce.h"
#include <openmm/Vec3.h>
#include <string>
#include <vector>

namespace SurrogatePlugin {

/** The particles of a SurrogateForce as kernels need them. */
class ForceParticles {
public:
    /** Take over types, energy offsets and exclusions. */
    explicit ForceParticles(const SurrogateForce& force);
    /** Take over types and energy offsets, and keep the exclusions. */
    void update(const SurrogateForce& force);
    /** Get the indices of the particles that take part, ascending. */
    const std::vector<int>& getMembers() const { return members; }
    /** Get the type of a particle, -1 if it takes no part. */
    int getType(int particle) const { return types[particle]; }
    /** Get the sum of the energy offsets of all particles, kJ/mol. */
    double getEnergyOffset() const { return energyOffset; }
    /** Get the particles excluded from interacting with a particle, ascending. */
    const std::vector<int>& getExclusions(int particle) const { return exclusions[particle]; }
    bool isExcluded(int particle1, int particle2) const;
    /**
     * Check that the particles that take part are where a force can be computed.
     *
     * @param positions  [numParticles], nm
     * @throws OpenMM::OpenMMException that names the first one with a coordinate that is not finite or beyond
     *         getLargestCoordinate()
     */
    void checkPositions(const std::vector<OpenMM::Vec3>& positions) const;
    /** Get the largest coordinate allowed, nm: beyond it a simulation has blown up. */
    static double getLargestCoordinate() { return 1e6; }
    static bool isValid(const OpenMM::Vec3& position);

private:
    std::vector<int> types, members;
    std::vector<std::vector<int> > exclusions; // [numParticles]
    double energyOffset;
};

/**
 * @param force     the kind of force, for the message
 * @param particle  index of a particle that is where no force can be computed
 * @param place     where that is, for the message
 * @throws OpenMM::OpenMMException always
 */
[[noreturn]] void throwInvalidPosition(const std::string& force, int particle, const std::string& place);

/** @throws OpenMM::OpenMMException always: two interacting particles are at the same place */
[[noreturn]] void throwCoincident(const std::string& force, int particle1, int particle2);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_FORCEPARTICLES_H_*/
