// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_EWALDSUM_H_
#define OPENMM_SURROGATE_EWALDSUM_H_

#include "openmmsurrogate/internal/EwaldSplit.h"
#include <openmm/Vec3.h>
#include <complex>
#include <memory>
#include <vector>

namespace SurrogatePlugin {

/** A pair that does not interact as its charges would: see NonbondedForce::addException(). */
struct ChargeException {
    int particle1, particle2;
    double chargeProduct; // e^2; 0 for an exclusion
};

/** Charges in a periodic box, and what NonbondedForce says of their exceptions. */
struct ChargedSystem {
    std::vector<OpenMM::Vec3> positions; // nm
    std::vector<double> charges;         // e
    OpenMM::Vec3 box[3];                 // nm, in reduced form
    std::vector<ChargeException> exceptions;
    bool exceptionsArePeriodic = false; // whether their distance is that of the nearest image
    // NonbondedForce leaves out the nearest image of an excluded pair from the direct sum, and subtracts the long-range
    // part at the distance of the exception. That is the same distance unless a molecule is cut by the box; then the
    // result depends on the split.
    std::shared_ptr<const CoulombSplit> exceptionSplit = std::make_shared<GaussianCoulombSplit>(1.0);
};

/**
 * The plain Ewald sum, in double and without a mesh, converged to about 1e-10: what meshes are measured with. P. P.
 * Ewald, Ann. Phys. 369, 253 (1921); as in D. Frenkel and B. Smit, Understanding Molecular Simulation (2002), section
 * 12.1, with a neutralizing background. Time grows as the number of particles times (a few thousand waves + the
 * particles that forces are asked for).
 */
class EwaldSum {
public:
    explicit EwaldSum(const ChargedSystem& system);
    /** Compute the forces on some particles, kJ/mol/nm. */
    std::vector<OpenMM::Vec3> computeForces(const std::vector<int>& particles) const;
    /** Compute the energy, kJ/mol. */
    double computeEnergy() const;

private:
    /** The waves with the same components along two of the axes: (x, y, z) for z from -numZ to numZ. */
    struct Column {
        int x, y;
    };
    void findColumns();
    void computeStructureFactor();
    /** Get the phases of some particles for the multiples -largest to largest, [2 largest + 1][particles]. */
    std::vector<std::complex<double> > makePhaseTable(int begin, int end, int axis, int largest) const;
    void addBlock(int begin, int end, std::vector<std::complex<double> >& sums) const;
    OpenMM::Vec3 computeMeshlessForce(int particle) const;
    void addPairForces(int particle, OpenMM::Vec3& force) const;
    void addExceptionForces(const std::vector<int>& indexOfParticle, std::vector<OpenMM::Vec3>& forces) const;
    double computePairEnergy(int particle) const;
    double computeExceptionEnergy() const;
    OpenMM::Vec3 minimumImage(OpenMM::Vec3 delta) const;
    OpenMM::Vec3 getWave(int x, int y, int z) const;
    double getTransform(const OpenMM::Vec3& wave) const;
    /** Get exp(i b.r) for the reciprocal vector of an axis. */
    std::complex<double> getPhase(int particle, int axis, int multiple) const;
    ChargedSystem system;
    OpenMM::Vec3 reciprocal[3]; // times 2 pi
    double volume, cutoff, alpha, largestWave;
    int numX, numY, numZ; // largest component of a wave along each axis
    std::vector<Column> columns;
    std::vector<std::complex<double> > structureFactor; // [column][2 numZ + 1]
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_EWALDSUM_H_*/
