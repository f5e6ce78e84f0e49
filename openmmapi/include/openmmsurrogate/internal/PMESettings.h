// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PMESETTINGS_H_
#define OPENMM_SURROGATE_PMESETTINGS_H_

#include "openmmsurrogate/TunablePMEForce.h"
#include "openmmsurrogate/internal/EwaldSplit.h"
#include "openmmsurrogate/internal/MeshWindow.h"
#include "openmmsurrogate/internal/ProlateParameters.h"
#include <openmm/System.h>
#include <array>
#include <memory>
#include <string>
#include <vector>

namespace SurrogatePlugin {

/** Splitting parameter and grid of a mesh Ewald sum. */
struct MeshParameters {
    double alpha = 0;                      // nm^-1; with ESP that of the Gaussian split with the same second moment
    std::array<int, 3> grid = {{0, 0, 0}}; // points along each box vector
};

/** What a platform has for a force. */
struct PMEPlatform {
    NumericFormat::Type defaultPrecision; // what Default means
    std::string prolateObstacle;          // why it cannot run ESP; empty if it can
    int mostProlateOrder;                 // the largest order of ESP's window
};

/** Everything that a TunablePMEForce runs with in a Context: nothing is left as "default" or "automatic". */
struct PMESettings {
    /**
     * Resolve the settings of a force.
     *
     * @throws OpenMM::OpenMMException if parameters are missing, contradictory, or cannot be run
     */
    PMESettings(const OpenMM::System& system, const TunablePMEForce& force, const PMEPlatform& platform);
    /**
     * Give a force the settings of a Context, to be used as they are in another Context on the same platform.
     */
    static void fix(TunablePMEForce& force, const PMESettings& settings);
    bool isProlate() const { return method == TunablePMEForce::ESP; }
    /** With ESP: go over to another row of parameters, and the grid that it needs in a box. */
    void setProlate(const ProlateParameters& row, const OpenMM::Vec3 box[3]);
    /** With ESP: take a typical force for charges in a box. */
    void setTypicalForce(const std::vector<double>& charges, const OpenMM::Vec3 box[3]);
    /** With ESP: get settings for a mesh so much finer that the error of this one can be measured with it. */
    PMESettings makeFiner() const;
    /** Make the split of Coulomb's potential. */
    std::unique_ptr<CoulombSplit> makeCoulombSplit() const;
    /**
     * Make the window of the mesh: a prolate one with ESP, else a B-spline.
     *
     * @param doublePrecision  whether it has to be accurate to double precision, which needs polynomials of higher degree
     */
    MeshWindow makeWindow(bool doublePrecision) const;
    TunablePMEForce::KSpaceMethod method; // SPME or ESP
    double cutoff;                        // nm
    int splineOrder;                      // with ESP that of the window
    NumericFormat::Type spreading, fft, convolution, interpolation;
    MeshParameters coulomb;
    bool hasDispersion; // LJPME
    MeshParameters dispersion;
    // Of ESP:
    ProlateParameters prolate;
    OpenMM::Vec3 prolateBox[3]; // that the grid was chosen for, nm
    double relativeTolerance;   // of the force; 0 if it is absolute
    double absoluteTolerance;   // kJ/mol/nm; 0 if it is relative
    double typicalForce;        // k <q^2> (N/V)^(2/3), kJ/mol/nm; of the System until the error is measured
    bool isFixed = false;       // the parameters must stay as they are

private:
    /** Choose the parameters of ESP. @return whether it is used */
    bool chooseProlate(const OpenMM::System& system, const TunablePMEForce& force, const PMEPlatform& platform);
};

/**
 * Get the smallest number of grid points that FFTs are fast for. From 36 to 256 these are the sizes for which cuFFT on an
 * H200 has no larger one that is a tenth faster (in place, cubes, single precision); elsewhere even numbers with the prime
 * factors 2, 3, 5 and at most one 7.
 *
 * @param minimum  the least acceptable number
 */
int findFFTSize(int minimum);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PMESETTINGS_H_*/
