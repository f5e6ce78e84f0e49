// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_EWALDERROR_H_
#define OPENMM_SURROGATE_EWALDERROR_H_

#include "openmmsurrogate/internal/PMESettings.h"
#include <openmm/Vec3.h>

namespace SurrogatePlugin {

/** What the error of an Ewald sum depends on besides its parameters. */
struct ChargedBox {
    int numParticles = 0;
    double sumSquaredCharges = 0; // e^2
    OpenMM::Vec3 vectors[3];      // nm
    double getVolume() const { return vectors[0][0] * vectors[1][1] * vectors[2][2]; }
};

/**
 * Estimate the root mean square error of forces from cutting the direct sum: 2 k sum(q^2) exp(-(alpha rc)^2) / sqrt(N
 * rc V), where k is Coulomb's constant. J. Kolafa and J. W. Perram, Mol. Simul. 9, 351 (1992), equation 18.
 *
 * @param cutoff  rc, nm
 * @return kJ/mol/nm
 */
double estimateDirectError(const ChargedBox& box, double cutoff, double alpha);

/**
 * Estimate the root mean square error of forces from the mesh, for B-splines and forces that are the derivative of the
 * mesh energy.
 *
 * This is the error functional of R. W. Hockney and J. W. Eastwood, Computer Simulation Using Particles (1988), chapter
 * 8, in the form for analytic differentiation of V. Ballenegger, J. J. Cerda and C. Holm, J. Chem. Theory Comput. 8,
 * 936 (2012); charges are taken to be uncorrelated. Liquids and crystals screen their charges over long distances; on
 * coarse grids their error is several times smaller. See docs/theory/pme.md.
 *
 * @param splineOrder  order of the B-spline
 * @return kJ/mol/nm
 */
double estimateMeshError(const ChargedBox& box, int splineOrder, const MeshParameters& parameters);

/**
 * Choose alpha and grid for an error of forces. Alpha gives the direct sum 0.9 of the tolerance, and the grid is the
 * coarsest that keeps the sum of both errors (of their squares) below it: the estimate for the direct sum is close in
 * all systems, while that for the mesh is too large in those that screen their charges.
 *
 * @param tolerance  kJ/mol/nm
 * @throws OpenMM::OpenMMException if no grid that can be run is fine enough
 */
MeshParameters chooseMeshParameters(const ChargedBox& box, double cutoff, int splineOrder, double tolerance);

/**
 * Choose alpha and grid so that direct sum and mesh together have no larger error than the direct sum alone at another
 * alpha: OpenMM's rule leaves nearly all of the error to the direct sum, and its grid is finer than that needs.
 *
 * @param alpha  that of OpenMM's rule
 * @throws OpenMM::OpenMMException if no grid that can be run is fine enough
 */
MeshParameters matchDirectError(const ChargedBox& box, double cutoff, int splineOrder, double alpha);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_EWALDERROR_H_*/
