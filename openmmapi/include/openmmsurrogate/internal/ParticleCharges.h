// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PARTICLECHARGES_H_
#define OPENMM_SURROGATE_PARTICLECHARGES_H_

#include <openmm/NonbondedForce.h>
#include <array>
#include <map>
#include <string>
#include <vector>

namespace SurrogatePlugin {

/** Values of global parameters by name. */
using ParameterValues = std::map<std::string, double>;

/** Get the default values of a force's global parameters. */
ParameterValues getDefaultParameters(const OpenMM::NonbondedForce& force);

/** What reciprocal space knows of the particles of a NonbondedForce, with its parameter offsets applied. */
class ParticleCharges {
public:
    explicit ParticleCharges(const OpenMM::NonbondedForce& force);
    /** Take over the parameters of the particles first to last, and all offsets. */
    void copyParameters(const OpenMM::NonbondedForce& force, int first, int last);
    /**
     * Apply the offsets for the given values of global parameters. Call it before the getters.
     *
     * @return whether anything may have changed since the last call; if not, nothing was computed
     */
    bool update(const ParameterValues& values);
    /** Get the charges, e. */
    const std::vector<double>& getCharges() const { return charges; }
    /** Get the square roots of the C6 coefficients, 2 sigma^3 sqrt(epsilon), sqrt(kJ/mol) nm^3. */
    const std::vector<double>& getDispersionCharges() const { return dispersionCharges; }

private:
    struct Offset {
        std::string parameter;
        int particle;
        std::array<double, 3> scales; // of charge, sigma, epsilon
    };
    std::vector<std::array<double, 3> > base; // charge, sigma, epsilon
    std::vector<Offset> offsets;
    ParameterValues lastValues; // of those that offsets have
    bool isCurrent = false;
    std::vector<double> charges, dispersionCharges;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PARTICLECHARGES_H_*/
