// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PAIRTABLE_H_
#define OPENMM_SURROGATE_PAIRTABLE_H_

#include "openmmsurrogate/internal/PairFunction.h"
#include <vector>

namespace SurrogatePlugin {

/**
 * A PairFunction compiled to a table: the energy as a piecewise cubic polynomial in x = r^2 on a uniform grid, with
 * continuous first derivative, from x <= 0 to cutoff^2. The force is the derivative of that very polynomial:
 *
 *   u = (x-origin)/spacing, cell = floor(u), t = u-cell
 *   U = c0 + t (c1 + t (c2 + t c3)),   force on i from j = -2 dU/dx (x_i-x_j),   dU/dx = (c1 + t (2 c2 + 3 t c3))/spacing
 *
 * so a kernel needs neither a square root nor a division. The repulsive core is cubic in x and part of the table.
 * The error bound and its proof are in docs/theory/table.md.
 */
class PairTable {
public:
    /**
     * @param function    the function to compile
     * @param tolerance   largest error of w, relative to max(|w(r)|, forceScale)
     * @param forceScale  kJ/mol/nm, positive
     * @throws OpenMM::OpenMMException if no table of at most getMaxCells() cells keeps the tolerance
     */
    PairTable(const PairFunction& function, double tolerance, double forceScale);
    static int getMaxCells() { return 1 << 17; }
    int getNumCells() const { return (int) coefficients.size() / 4; }
    /** Get the x of the first cell's lower end, nm^2. Zero or less. */
    double getOrigin() const { return origin; }
    /** Get the width of a cell, nm^2. The last cell ends at cutoff^2. */
    double getSpacing() const { return spacing; }
    /** Get the coefficients {c0, c1, c2, c3} of each cell, [numCells][4], kJ/mol. */
    const std::vector<double>& getCoefficients() const { return coefficients; }
    /**
     * Get the bound on |w_table(r)-w(r)| / max(|w(r)|, forceScale), for all r from 0 to the cutoff, at most the tolerance. Formats other than
     * Double give w steps that no table follows; the largest deviation found on 2^15 points is then part of the value.
     */
    double getErrorBound() const { return errorBound; }
    /** Evaluate the table in double: -dU/dr in kJ/mol/nm, 0 at and beyond the cutoff. */
    double computeForce(double r) const;
    /** Evaluate the table in double: U in kJ/mol, 0 at and beyond the cutoff. */
    double computeEnergy(double r) const;

private:
    void build(const PairFunction& function, int numCells);
    double meanSlope(const PairFunction::Implementation& impl, double x) const;
    const double* findCell(double r, double& t) const;
    double findDeviation(const PairFunction& function, double forceScale) const;
    double origin, spacing, cutoff, errorBound;
    std::vector<double> coefficients;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PAIRTABLE_H_*/
