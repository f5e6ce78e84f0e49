// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_NONBONDEDPARAMETERS_H_
#define OPENMM_SURROGATE_NONBONDEDPARAMETERS_H_

#include "openmmsurrogate/internal/ParticleCharges.h"
#include <openmm/NonbondedForce.h>
#include <openmm/System.h>
#include <array>
#include <string>
#include <vector>

namespace SurrogatePlugin {

/** A particle, in the form that pairs combine: sigma is the sum of two, 4 epsilon the product. */
struct NonbondedParticle {
    double charge, halfSigma, twoSqrtEpsilon; // e, nm, sqrt(kJ/mol)
};

/** A pair with parameters of its own; it is excluded if both charge product and epsilon are 0. */
struct NonbondedException {
    int particle1, particle2;
    double chargeProduct, sigma, epsilon; // e^2, nm, kJ/mol
};

/** What direct space knows of particles and pairs of a NonbondedForce, with its parameter offsets applied. */
class NonbondedParameters {
public:
    explicit NonbondedParameters(const OpenMM::NonbondedForce& force);
    /**
     * Take over the parameters of some particles and exceptions, first to last, and all offsets.
     *
     * @throws OpenMM::OpenMMException if the force has more or fewer of them than before, or an exception other particles
     */
    void copyParameters(const OpenMM::NonbondedForce& force, int firstParticle, int lastParticle, int firstException,
                        int lastException);
    bool hasOffsets() const { return !particleOffsets.empty() || !exceptionOffsets.empty(); }
    /** Apply the offsets for the given values of global parameters. Call it before the getters. */
    void update(const ParameterValues& values);
    const std::vector<NonbondedParticle>& getParticles() const { return particles; }
    const std::vector<NonbondedException>& getExceptions() const { return exceptions; }

private:
    struct Offset {
        std::string parameter;
        int index;                    // of the particle or exception
        std::array<double, 3> scales; // of charge (product), sigma, epsilon
    };
    std::vector<std::array<double, 3> > baseParticles; // charge, sigma, epsilon
    std::vector<NonbondedException> baseExceptions;
    std::vector<Offset> particleOffsets, exceptionOffsets;
    std::vector<NonbondedParticle> particles;
    std::vector<NonbondedException> exceptions;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_NONBONDEDPARAMETERS_H_*/
