// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_TABLEROWS_H_
#define OPENMM_SURROGATE_TABLEROWS_H_

#include "openmmsurrogate/internal/PackedTables.h"
#include <vector>

namespace SurrogatePlugin {

/**
 * The tables of PackedTables in the form of the CUDA kernel: forces and energies apart, because most steps need forces only, and polynomials
 * in the distance from the middle of a row, t from -1/2 to 1/2, because the GPU rounds to the nearest integer faster than down. The numbers
 * of all tables' rows go on from each other's; see TableSet in table.cu.
 */
template <class Real>
struct TableRows {
    /** Numbers of a row of forces. */
    static constexpr int ForceWidth = sizeof(Real) == sizeof(float) ? 2 : 4;
    /** @throws OpenMM::OpenMMException if there are more rows than Real can number */
    explicit TableRows(const PairInteractions& interactions);
    int getNumRows() const { return (int) energies.size() / 4; }
    std::vector<Real> forces;   // [numRows][ForceWidth]
    std::vector<Real> energies; // [numRows][4]
    std::vector<Real> grids;    // [numTypes][numTypes][2]
    Real end;                   // nm^2

private:
    void addZeros(int num);
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_TABLEROWS_H_*/
