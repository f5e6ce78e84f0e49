// SPDX-License-Identifier: MIT
#include "TableRows.h"
#include <openmm/OpenMMException.h>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>

using namespace SurrogatePlugin;
using std::vector;

namespace {

// Rows of half a cell: single precision has but 12 bits for their curvature.
constexpr int RowsPerCell = 2;
// Up to this number, single precision finds the row of a distance to a sixteenth of it.
constexpr int MostRowsInSingle = 1 << 20;

/** A table among those of PackedTables. */
struct PackedTable {
    double scale, shift; // scale x + shift counts cells
    int firstCell, numCells;
    double widthOfRow() const { return 1 / (RowsPerCell * scale); }
};

/** Find the tables, in their order in memory. A cell of zeros follows each, and one is before the first. */
vector<PackedTable> findTables(const PackedTables<double>& packed) {
    std::map<int, PackedTable> found;
    for (size_t pair = 0; pair < packed.grids.size(); pair += 4) {
        const double* grid = &packed.grids[pair];
        if (grid[0] != 0)
            found[(int) grid[2]] = {grid[0], grid[1], (int) grid[2], 0};
    }
    vector<PackedTable> tables;
    for (const auto& entry : found)
        tables.push_back(entry.second);
    for (size_t k = 0; k < tables.size(); k++)
        tables[k].numCells =
            (k + 1 < tables.size() ? tables[k + 1].firstCell : packed.getNumCells()) - 1 - tables[k].firstCell;
    return tables;
}

/** Add the row of a force a0 + t (a1 + t a2). */
void addForceRow(vector<double>& rows, double a0, double a1, double a2) {
    rows.insert(rows.end(), {a0, a1, a2, 0});
}

/** The same in single precision. The bits that a1 shares with a2 are taken account of, and what a2 loses is made up for in the mean. */
void addForceRow(vector<float>& rows, double a0, double a1, double a2) {
    const float curvature = (float) a2, slope = (float) a1;
    uint32_t bits, word, best = 0;
    std::memcpy(&bits, &curvature, sizeof(bits));
    bits = (bits + (1u << 19)) >> 20; // its highest 12 bits, rounded
    std::memcpy(&word, &slope, sizeof(word));
    float taken = INFINITY;
    for (int step = -1; step <= 1; step++) {
        const uint32_t candidate = ((word >> 12) + step) << 12 | bits;
        float value;
        std::memcpy(&value, &candidate, sizeof(value));
        if (std::fabs(value - a1) < std::fabs(taken - a1)) {
            taken = value;
            best = candidate;
        }
    }
    bits = best << 20;
    std::memcpy(&taken, &bits, sizeof(taken));
    float packed;
    std::memcpy(&packed, &best, sizeof(packed));
    rows.insert(rows.end(), {(float) (a0 + (a2 - taken) / 8), packed});
}

} // namespace

template <class Real>
TableRows<Real>::TableRows(const PairInteractions& interactions) {
    const PackedTables<double> packed(interactions);
    const vector<PackedTable> tables = findTables(packed);
    double widest = 0;
    for (const PackedTable& table : tables)
        widest = std::max(widest, table.widthOfRow());
    end = Real(interactions.getCutoff() * interactions.getCutoff() + widest);
    addZeros(1);                // of types that do not interact
    std::map<int, Real> shifts; // of the table that begins with a cell
    for (const PackedTable& table : tables) {
        const Real scale = Real(RowsPerCell * table.scale),
                   shift = Real(RowsPerCell * table.shift - 0.5 + getNumRows());
        shifts[table.firstCell] = shift;
        for (int k = 0, first = getNumRows(); k < RowsPerCell * table.numCells; k++) {
            const int cell = k / RowsPerCell;
            const double middle =
                (first + k - (double) shift) / scale; // x at t = 0, with the numbers that kernels take
            addRow(&packed.coefficients[4 * (table.firstCell + cell)], table.scale * middle + table.shift - cell,
                   table.scale / scale, scale);
        }
        addZeros(2 + (int) std::ceil(widest / table.widthOfRow()));
    }
    if (sizeof(Real) == sizeof(float) && getNumRows() > MostRowsInSingle)
        throw OpenMM::OpenMMException("SurrogateForce: the tables of all pairs of types have " +
                                      std::to_string(getNumRows()) + " rows in sum, more than the " +
                                      std::to_string(MostRowsInSingle) +
                                      " that single and mixed precision can tell apart on platform CUDA. Use a larger "
                                      "table tolerance or precision double.");
    for (size_t pair = 0; pair < packed.grids.size(); pair += 4) {
        const double* grid = &packed.grids[pair];
        grids.push_back(Real(RowsPerCell * grid[0]));
        grids.push_back(grid[0] == 0 ? Real(0) : shifts.at((int) grid[2]));
    }
}

/**
 * Add the row of a part of a cell.
 *
 * @param c       energy of the cell in powers of y from 0 to 1, kJ/mol
 * @param middle  y at t = 0
 * @param slope   dy/dt
 * @param scale   dt/dx, 1/nm^2
 */
template <class Real>
void TableRows<Real>::addRow(const double* c, double middle, double slope, double scale) {
    const double e0 = c[0] + middle * (c[1] + middle * (c[2] + middle * c[3])),
                 e1 = (c[1] + middle * (2 * c[2] + middle * 3 * c[3])) * slope,
                 e2 = (c[2] + 3 * middle * c[3]) * slope * slope, e3 = c[3] * slope * slope * slope;
    energies.insert(energies.end(), {Real(e0), Real(e1), Real(e2), Real(e3)});
    addForceRow(forces, -2 * scale * e1, -4 * scale * e2, -6 * scale * e3);
}

template <class Real>
void TableRows<Real>::addZeros(int num) {
    forces.resize(forces.size() + ForceWidth * num, Real(0));
    energies.resize(energies.size() + 4 * num, Real(0));
}

namespace SurrogatePlugin {
template struct TableRows<float>;
template struct TableRows<double>;
} // namespace SurrogatePlugin
