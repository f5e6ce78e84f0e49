// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PACKEDTABLES_H_
#define OPENMM_SURROGATE_PACKEDTABLES_H_

#include "openmmsurrogate/internal/PairInteractions.h"
#include <vector>

namespace SurrogatePlugin {

/** The tables of all pairs of types as the two arrays that kernels read, in the arithmetic Real. */
template <class Real>
struct PackedTables {
    /** @throws OpenMM::OpenMMException if there are more cells than single precision can number */
    explicit PackedTables(const PairInteractions& interactions);
    int getNumCells() const { return (int) coefficients.size() / 4; }
    int numTypes;
    Real cutoff2; // nm^2
    /**
     * [numCells][4], kJ/mol. The first cell is zero: pairs that do not interact read it. A cell of zeros ends each table, because an
     * r^2 just below cutoff^2 may be rounded up into it.
     */
    std::vector<Real> coefficients;
    /** [numTypes][numTypes][4]: 1/spacing in 1/nm^2, -origin/spacing, number of the first cell, 0. All 0 for no interaction. */
    std::vector<Real> grids;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PACKEDTABLES_H_*/
