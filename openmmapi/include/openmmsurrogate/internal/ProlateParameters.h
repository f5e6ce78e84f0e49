// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PROLATEPARAMETERS_H_
#define OPENMM_SURROGATE_PROLATEPARAMETERS_H_

#include <openmm/Vec3.h>
#include <array>
#include <vector>

namespace SurrogatePlugin {

/** Parameters of a prolate Ewald sum that go together, in units of the cutoff. */
struct ProlateParameters {
    double tolerance;   // of the force: root mean square error over root mean square
    int order;          // grid points that the window spans along an axis
    double spacing;     // of grid points, over the cutoff
    double bandwidth;   // c, of the split
    double windowWidth; // of makeProlateWindow()
    int directTerms;    // of D in single precision: ProlateDirectSpace
};

/**
 * Get the rows of parameters, from loose to strict. They were found by scanning; in docs/theory/prolate.md are the errors
 * measured with them.
 */
const std::vector<ProlateParameters>& getProlateRows();

/** Get the tolerances of the rows, from loose to strict. */
std::vector<double> getProlateTolerances();

/**
 * Choose the loosest row for a tolerance.
 *
 * @param tolerance  root mean square error of the electrostatic force over its root mean square
 * @throws OpenMM::OpenMMException if it is stricter than all rows
 */
const ProlateParameters& chooseProlateRow(double tolerance);

/**
 * Choose the grid: the next size that FFTs like for the row's spacing, measured along the box vectors. (OpenMM's rule for
 * triclinic boxes takes the diagonal of the box instead, which is too coarse here.)
 *
 * @param box  nm
 */
std::array<int, 3> chooseProlateGrid(const ProlateParameters& row, const OpenMM::Vec3 box[3], double cutoff);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PROLATEPARAMETERS_H_*/
