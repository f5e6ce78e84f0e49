// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/PackedTables.h"
#include <openmm/OpenMMException.h>
#include <string>

using namespace SurrogatePlugin;
using std::vector;

// Up to this number, single precision represents every cell.
static constexpr int MostCells = 1 << 24;

template <class Real>
PackedTables<Real>::PackedTables(const PairInteractions& interactions)
    : numTypes(interactions.getNumTypes()), cutoff2(Real(interactions.getCutoff() * interactions.getCutoff())),
      coefficients(4, Real(0)), grids(4 * numTypes * numTypes, Real(0)) {
    vector<int> firstCellOfNetwork(interactions.getNumNetworks(), 0);
    for (int network = 0; network < interactions.getNumNetworks(); network++)
        if (const PairTable* table = interactions.getTable(network)) {
            firstCellOfNetwork[network] = getNumCells();
            coefficients.insert(coefficients.end(), table->getCoefficients().begin(), table->getCoefficients().end());
            coefficients.insert(coefficients.end(), 4, Real(0));
        }
    if (getNumCells() > MostCells)
        throw OpenMM::OpenMMException("SurrogateForce: the tables of all pairs of types have " +
                                      std::to_string(getNumCells()) + " cells in sum, more than " +
                                      std::to_string(MostCells) + ". Use a larger table tolerance.");
    for (int type1 = 0; type1 < numTypes; type1++)
        for (int type2 = 0; type2 < numTypes; type2++) {
            if (!interactions.interact(type1, type2))
                continue;
            const int network = interactions.getNetwork(type1, type2);
            const PairTable& table = *interactions.getTable(network);
            Real* grid = &grids[4 * (type1 * numTypes + type2)];
            grid[0] = Real(1 / table.getSpacing());
            grid[1] = Real(-table.getOrigin() / table.getSpacing());
            grid[2] = Real(firstCellOfNetwork[network]);
        }
}

namespace SurrogatePlugin {
template struct PackedTables<float>;
template struct PackedTables<double>;
} // namespace SurrogatePlugin
