// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_TABLEROWS_H_
#define OPENMM_SURROGATE_TABLEROWS_H_

#include "openmmsurrogate/internal/PackedTables.h"
#include <vector>

namespace SurrogatePlugin {

/**
 * The tables of PackedTables in the form of the CUDA kernel: forces and energies apart, because most steps need forces only, and polynomials
 * in the distance from the middle of a cell, t from -1/2 to 1/2, because the GPU rounds to the nearest integer faster than down.
 */
template <class Real>
struct TableRows {
    explicit TableRows(const PairInteractions& interactions);
    int getNumRows() const { return (int) forces.size() / 4; }
    std::vector<Real> forces; // [numRows][4], -2 dU/dx = a0 + t (a1 + t a2), kJ/mol/nm^2; and see TableSet in table.cu
    std::vector<Real> energies; // [numRows][4], U = a0 + t (a1 + t (a2 + t a3)), kJ/mol
    std::vector<Real> grids;    // [numTypes][numTypes][4], see TableSet in table.cu
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_TABLEROWS_H_*/
