// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_DIRECTPARAMETERS_H_
#define OPENMM_SURROGATE_DIRECTPARAMETERS_H_

#include "openmmsurrogate/internal/NonbondedParameters.h"
#include <vector>

namespace SurrogatePlugin {

/**
 * The parameters of particles as direct.cu wants them. Where there are few kinds of particles, as in water and salts, those of each pair of
 * kinds; else those of each particle. Charges are multiplied by the square root of Coulomb's constant.
 */
template <class Real>
struct DirectParameters {
    /** So many kinds that the parameters of their pairs are read from shared memory without many bank conflicts. */
    static constexpr int MostKinds = 16;
    /** @param withLennardJones  whether Lennard-Jones parameters are as they are or zero */
    DirectParameters(const std::vector<NonbondedParticle>& particles, bool withLennardJones);
    int numKinds;                   // 0 if there are too many
    std::vector<Real> carried;      // [numParticles] the kind, or the charge
    std::vector<Real> lennardJones; // [numParticles][2] sigma/2, 2 sqrt(epsilon); empty if there are few kinds
    std::vector<Real> pairs; // [numKinds][numKinds][4] charge product, 48 epsilon sigma^12, 24 epsilon sigma^6, 0
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_DIRECTPARAMETERS_H_*/
