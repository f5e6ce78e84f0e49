// SPDX-License-Identifier: MIT
#include "TableRows.h"
#include <algorithm>

using namespace SurrogatePlugin;
using std::vector;

template <class Real>
TableRows<Real>::TableRows(const PairInteractions& interactions) {
    const PackedTables<double> packed(interactions);
    const int numRows = packed.getNumCells();
    // Tables follow one another from row 1 on; each has a spacing of its own and ends with a row of zeros.
    vector<double> inverseSpacing(numRows, 0.0);
    vector<int> end(numRows, numRows); // first row of the next table
    vector<int> first;
    for (size_t pair = 0; pair < packed.grids.size(); pair += 4)
        if (packed.grids[pair] != 0)
            first.push_back((int) packed.grids[pair + 2]);
    std::sort(first.begin(), first.end());
    first.erase(std::unique(first.begin(), first.end()), first.end());
    for (size_t pair = 0; pair < packed.grids.size(); pair += 4) {
        const double* grid = &packed.grids[pair];
        if (grid[0] == 0) { // no interaction: row 0
            grids.insert(grids.end(), 4, Real(0));
            continue;
        }
        const auto next = std::upper_bound(first.begin(), first.end(), (int) grid[2]);
        const int tableEnd = next == first.end() ? numRows : *next;
        std::fill(inverseSpacing.begin() + (int) grid[2], inverseSpacing.begin() + tableEnd, grid[0]);
        // One table needs no number of its first row: that is in the shift. Many tables do, as single precision has no digits to spare.
        const double folded = packed.numTypes == 1 ? grid[2] : 0, last = tableEnd - 1 - grid[2];
        grids.insert(grids.end(),
                     {Real(grid[0]), Real(grid[1] - 0.5 + folded), Real(grid[2] - folded), Real(last + folded)});
    }
    for (int row = 0; row < numRows; row++) {
        const double* c = &packed.coefficients[4 * row];
        // The same polynomial around the middle: t_cell = t + 1/2.
        const double e[4] = {c[0] + c[1] / 2 + c[2] / 4 + c[3] / 8, c[1] + c[2] + 0.75 * c[3], c[2] + 1.5 * c[3], c[3]};
        const double scale = -2 * inverseSpacing[row];
        energies.insert(energies.end(), {Real(e[0]), Real(e[1]), Real(e[2]), Real(e[3])});
        const auto next = std::upper_bound(first.begin(), first.end(), row);
        const int start = packed.numTypes == 1 || next == first.begin() ? 0 : *(next - 1);
        forces.insert(forces.end(),
                      {Real(scale * e[1]), Real(scale * 2 * e[2]), Real(scale * 3 * e[3]), Real(row - start)});
    }
}

namespace SurrogatePlugin {
template struct TableRows<float>;
template struct TableRows<double>;
} // namespace SurrogatePlugin
