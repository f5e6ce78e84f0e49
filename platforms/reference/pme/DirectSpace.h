// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_DIRECTSPACE_H_
#define OPENMM_SURROGATE_DIRECTSPACE_H_

#include "CellList.h"
#include "Parallel.h"
#include "openmmsurrogate/internal/NonbondedParameters.h"
#include "openmmsurrogate/internal/ProlateSplit.h"
#include <vector>

namespace SurrogatePlugin {

/** Polynomials of ProlateDirectSpace with the cutoff's powers and Coulomb's constant in them. */
class ProlatePolynomials {
public:
    /** @param bandwidth  c of the split  @param cutoff  rc, nm */
    ProlatePolynomials(double bandwidth, double cutoff);
    /** Get k D/rc^3, the long-range force over the distance, for unit charges. @param r2  square of the distance, nm^2 */
    double getForce(double r2) const { return r2 < cutoff2 ? evaluate(force, r2) : getPlainForce(r2); }
    /** Get k E/rc, the long-range energy for unit charges. */
    double getEnergy(double r2) const { return r2 < cutoff2 ? evaluate(energy, r2) : getPlainEnergy(r2); }
    /** Get the coefficients of both in z = 2 (r/rc)^2 - 1, highest power first. */
    const std::vector<double>& getForceCoefficients() const { return force; }
    const std::vector<double>& getEnergyCoefficients() const { return energy; }
    static double getPlainForce(double r2);
    static double getPlainEnergy(double r2);

private:
    double evaluate(const std::vector<double>& coefficients, double r2) const;
    double cutoff, cutoff2;
    std::vector<double> force, energy;
};

/** Settings of the Lennard-Jones potential and of exceptions. */
struct DirectSpaceOptions {
    double cutoff = 0;            // nm
    double switchingDistance = 0; // nm; the cutoff if there is no switching
    bool exceptionsArePeriodic = false;
};

/**
 * All but the reciprocal space of ESP, in double: pairs within the cutoff, and exceptions.
 *
 * Each particle gets its forces from all its neighbors, so that every pair is computed twice; but threads need not share
 * forces, and results do not depend on their number.
 */
class DirectSpace {
public:
    DirectSpace(const DirectSpaceOptions& options, const ProlatePolynomials& polynomials);
    /**
     * Compute forces and energy of the pairs within the cutoff.
     *
     * @param positions       [numParticles] nm
     * @param particles       [numParticles]
     * @param box             periodic; no edge may be shorter than twice the cutoff
     * @param[in,out] forces  [numParticles] kJ/mol/nm; null if they are not asked for
     * @return the energy, kJ/mol; any value if not includeEnergy
     */
    double computePairs(const std::vector<OpenMM::Vec3>& positions, const std::vector<NonbondedParticle>& particles,
                        const std::vector<NonbondedException>& exceptions, const PeriodicBox& box,
                        OpenMM::ThreadPool& threads, std::vector<OpenMM::Vec3>* forces, bool includeEnergy);
    /**
     * Compute those of the exceptions, in the same way. Each particle gets the forces from its own, as with pairs.
     *
     * @param exceptions  the same pairs in every call
     */
    double computeExceptions(const std::vector<OpenMM::Vec3>& positions,
                             const std::vector<NonbondedParticle>& particles,
                             const std::vector<NonbondedException>& exceptions, const PeriodicBox& box,
                             OpenMM::ThreadPool& threads, std::vector<OpenMM::Vec3>* forces);

private:
    struct Block;
    void sortParticles(const std::vector<OpenMM::Vec3>& positions, const PeriodicBox& box,
                       const std::vector<NonbondedParticle>& particles);
    void sortExceptions(const std::vector<NonbondedException>& exceptions);
    double computeCell(int cell, const PeriodicBox& box, std::vector<OpenMM::Vec3>* forces, bool includeEnergy) const;
    void findNeighbors(int place, const std::vector<int>& cells, const PeriodicBox& box, Block& block) const;
    void listExceptions(int numParticles, const std::vector<NonbondedException>& exceptions);
    void evaluateException(const NonbondedException& exception, const OpenMM::Vec3& delta,
                           const std::vector<NonbondedParticle>& particles, double& force, double& energy) const;
    void evaluate(int place, Block& block, bool includeEnergy, OpenMM::Vec3& force, double& energy) const;
    DirectSpaceOptions options;
    ProlatePolynomials polynomials;
    CellList cells;
    // By place in the cell list:
    std::vector<double> x, y, z;
    std::vector<NonbondedParticle> sorted;
    std::vector<int> placeOfParticle, excludedBegin, excluded; // places of the particles that one is excluded from
    // By particle:
    std::vector<int> exceptionsBegin, exceptionsOf; // indices of the exceptions that it is in
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_DIRECTSPACE_H_*/
