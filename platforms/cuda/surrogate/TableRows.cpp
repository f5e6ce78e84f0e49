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

// Up to this number, single precision finds the row of a distance to a sixteenth of it.
constexpr int MostRowsInSingle = 1 << 20;
// What rows may lose of a force by being packed, over max(|w|, force scale): the default tolerance of tables. Where a cell of the
// table is too wide for that it becomes several rows.
constexpr double LargestLoss = 1e-5;
constexpr int MostRowsPerCell = 64; // none of the shipped models comes near it

/** Add the row of a force a0 + t (a1 + t a2). */
void addForceRow(vector<double>& rows, double a0, double a1, double a2) {
    rows.insert(rows.end(), {a0, a1, a2, 0});
}

uint32_t getBits(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    return bits;
}

float fromBits(uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
}

/** The same in eight bytes. The bits that a1 shares with a2 are taken account of, and what a2 loses is made up for in the mean. */
void addForceRow(vector<float>& rows, double a0, double a1, double a2) {
    const uint32_t shared = (getBits((float) a2) + (1u << 19)) >> 20, first = getBits((float) a1) >> 12;
    float packed = fromBits(first << 12 | shared);
    for (uint32_t near : {first - 1, first + 1}) {
        const float other = fromBits(near << 12 | shared);
        if (std::fabs(other - a1) < std::fabs(packed - a1))
            packed = other;
    }
    rows.insert(rows.end(), {(float) (a0 + (a2 - fromBits(shared << 20)) / 8), packed});
}

double evaluateForceRow(const double* row, double t) {
    return row[0] + t * (row[1] + t * row[2]);
}

double evaluateForceRow(const float* row, double t) {
    return row[0] + t * (row[1] + t * (double) fromBits(getBits(row[1]) << 20));
}

/** A table among those of PackedTables. */
struct PackedTable {
    double scale, shift; // scale x + shift counts cells
    int firstCell, numCells;
    const double* coefficients; // of its first cell
    int rowsPerCell = 1;
    double widthOfRow() const { return 1 / (rowsPerCell * scale); }
};

/** Polynomials of a row: U = e0 + t (e1 + t (e2 + t e3)), and -2 dU/dx from a0 on. */
struct Row {
    double e0, e1, e2, e3, a0, a1, a2;
    /**
     * @param c       energy of a cell in powers of y from 0 to 1, kJ/mol
     * @param middle  y at t = 0
     * @param slope   dy/dt
     * @param scale   dt/dx, 1/nm^2
     */
    Row(const double* c, double middle, double slope, double scale)
        : e0(c[0] + middle * (c[1] + middle * (c[2] + middle * c[3]))),
          e1((c[1] + middle * (2 * c[2] + middle * 3 * c[3])) * slope), e2((c[2] + 3 * middle * c[3]) * slope * slope),
          e3(c[3] * slope * slope * slope), a0(-2 * scale * e1), a1(-4 * scale * e2), a2(-6 * scale * e3) {}
};

/** Find the largest part of a force that the rows of a table lose by being packed. */
template <class Real>
double findLoss(const PackedTable& table, double forceScale) {
    double largest = 0;
    for (int k = 0; k < table.rowsPerCell * table.numCells; k++) {
        const int cell = k / table.rowsPerCell;
        const double middle = (k + 0.5) / table.rowsPerCell, x = (middle - table.shift) / table.scale;
        const Row row(table.coefficients + 4 * cell, middle - cell, 1.0 / table.rowsPerCell, 1 / table.widthOfRow());
        vector<Real> packed;
        addForceRow(packed, row.a0, row.a1, row.a2);
        for (double t = -0.5; t <= 0.5; t += 0.125) {
            const double r = std::sqrt(std::max(0.0, x + t * table.widthOfRow()));
            const double force = row.a0 + t * (row.a1 + t * row.a2), lost = evaluateForceRow(packed.data(), t) - force;
            largest = std::max(largest, std::fabs(r * lost) / std::max(forceScale, std::fabs(r * force)));
        }
    }
    return largest;
}

/** Find the tables, in their order in memory. A cell of zeros follows each, and one is before the first. */
template <class Real>
vector<PackedTable> findTables(const PackedTables<double>& packed, double forceScale) {
    std::map<int, PackedTable> found;
    for (size_t pair = 0; pair < packed.grids.size(); pair += 4) {
        const double* grid = &packed.grids[pair];
        const int first = (int) grid[2];
        if (grid[0] != 0)
            found[first] = {grid[0], grid[1], first, 0, &packed.coefficients[4 * first]};
    }
    vector<PackedTable> tables;
    for (const auto& entry : found)
        tables.push_back(entry.second);
    for (size_t k = 0; k < tables.size(); k++) {
        PackedTable& table = tables[k];
        const int next = k + 1 < tables.size() ? tables[k + 1].firstCell : packed.getNumCells();
        table.numCells = next - 1 - table.firstCell;
        while (table.rowsPerCell < MostRowsPerCell && findLoss<Real>(table, forceScale) > LargestLoss)
            table.rowsPerCell++;
    }
    return tables;
}

} // namespace

template <class Real>
TableRows<Real>::TableRows(const PairInteractions& interactions) {
    const PackedTables<double> packed(interactions);
    const vector<PackedTable> tables = findTables<Real>(packed, interactions.getForceScale());
    double widest = 0;
    for (const PackedTable& table : tables)
        widest = std::max(widest, table.widthOfRow());
    end = Real(interactions.getCutoff() * interactions.getCutoff() + widest);
    addZeros(1);                                       // of types that do not interact
    std::map<int, std::pair<Real, Real> > gridOfTable; // by its first cell
    for (const PackedTable& table : tables) {
        const int first = getNumRows();
        const Real scale = Real(table.rowsPerCell * table.scale),
                   shift = Real(table.rowsPerCell * table.shift - 0.5 + first);
        gridOfTable[table.firstCell] = {scale, shift};
        for (int k = 0; k < table.rowsPerCell * table.numCells; k++) {
            const int cell = k / table.rowsPerCell;
            const double x = (first + k - (double) shift) / scale; // at t = 0, with the numbers that kernels take
            const Row row(table.coefficients + 4 * cell, table.scale * x + table.shift - cell, table.scale / scale,
                          scale);
            energies.insert(energies.end(), {Real(row.e0), Real(row.e1), Real(row.e2), Real(row.e3)});
            addForceRow(forces, row.a0, row.a1, row.a2);
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
        const std::pair<Real, Real> values = grid[0] == 0 ? std::pair<Real, Real>(0, 0) : gridOfTable.at((int) grid[2]);
        grids.insert(grids.end(), {values.first, values.second});
    }
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
