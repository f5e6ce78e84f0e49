// SPDX-License-Identifier: MIT
#include "CpuTableKernel.h"
#include "ReferenceSurrogateKernel.h"
#include <openmm/OpenMMException.h>
#include <openmm/internal/ContextImpl.h>
#include <atomic>

using namespace OpenMM;
using namespace std;

namespace SurrogatePlugin {

// Up to this number, single precision represents every cell.
static const size_t MAX_CELLS = 1 << 24;

template <class Real>
void CpuTableKernel<Real>::initialize(const System& system, const SurrogateForce& force) {
    settings.reset(new KernelSettings(force, getPlatform().getName()));
    periodic = force.usesPeriodicBoundaryConditions();
    interactions.reset(new PairInteractions(force, *settings));
    particles.reset(new ForceParticles(force));
    packTables();
}

template <class Real>
void CpuTableKernel<Real>::copyParametersToContext(ContextImpl& context, const SurrogateForce& force) {
    interactions.reset(new PairInteractions(force, *settings));
    particles->update(force);
    packTables();
    neighbors.invalidate();
}

template <class Real>
void CpuTableKernel<Real>::packTables() {
    const int numTypes = interactions->getNumTypes();
    // What pairs that do not interact, and pairs out of range, read: a cell of zeros.
    coefficients.assign(4, 0);
    vector<int> firstCellOfNetwork(interactions->getNumNetworks(), 0);
    for (int network = 0; network < interactions->getNumNetworks(); network++) {
        const PairTable* table = interactions->getTable(network);
        if (table == nullptr)
            continue;
        firstCellOfNetwork[network] = (int) coefficients.size() / 4;
        coefficients.insert(coefficients.end(), table->getCoefficients().begin(), table->getCoefficients().end());
        coefficients.insert(coefficients.end(), 4, 0); // r^2 just below cutoff^2 may be rounded up into this cell
    }
    if (coefficients.size() / 4 > MAX_CELLS)
        throw OpenMMException("SurrogateForce: the tables of all pairs of types have " +
                              to_string(coefficients.size() / 4) + " cells in sum, more than " + to_string(MAX_CELLS) +
                              ". Use a larger table tolerance.");
    grids.assign(4 * numTypes * numTypes, 0);
    for (int type1 = 0; type1 < numTypes; type1++)
        for (int type2 = 0; type2 < numTypes; type2++) {
            if (!interactions->interact(type1, type2))
                continue;
            const int network = interactions->getNetwork(type1, type2);
            const PairTable& table = *interactions->getTable(network);
            Real* grid = &grids[4 * (type1 * numTypes + type2)];
            grid[0] = Real(1 / table.getSpacing());
            grid[1] = Real(-table.getOrigin() / table.getSpacing());
            grid[2] = Real(firstCellOfNetwork[network]);
        }
    const double cutoff = interactions->getCutoff();
    tables = {numTypes, coefficients.data(), grids.data(), Real(cutoff * cutoff)};
}

template <class Real>
double CpuTableKernel<Real>::execute(ContextImpl& context, bool includeForces, bool includeEnergy) {
    ReferencePlatform::PlatformData& data = getReferenceData(context);
    const PeriodicBox box = getBox(data, periodic);
    neighbors.update(*data.positions, box, *particles, *interactions, data.threads);
    blockEnergies.assign(neighbors.getNumBlocks(), 0);
    atomic<int> next(0);
    atomic<bool> coincident(false);
    data.threads.execute([&](ThreadPool&, int) {
        for (int block = next++; block < neighbors.getNumBlocks(); block = next++)
            if (computeBlock(block, includeForces, includeEnergy, *data.forces) > 0)
                coincident = true;
    });
    data.threads.waitForThreads();
    if (coincident)
        checkCoincident(*data.positions, box);
    double energy = particles->getEnergyOffset();
    for (double blockEnergy : blockEnergies)
        energy += blockEnergy;
    return energy;
}

/** Compute a block of the list. @return how many of its pairs are at distance 0 */
template <class Real>
int CpuTableKernel<Real>::computeBlock(int index, bool includeForces, bool includeEnergy, vector<Vec3>& forces) {
    const NeighborBlock block = neighbors.getBlock(index);
    double blockForces[3 * VerletList<Real>::MaxBlockSize];
    const int numZero = getPairLoops<Real>().computeForces(neighbors.getParticles(), tables, block, blockForces,
                                                           includeEnergy ? &blockEnergies[index] : nullptr);
    if (includeForces)
        for (int k = 0; k < block.numParticles; k++)
            forces[neighbors.getOrder()[block.first + k]] +=
                Vec3(blockForces[3 * k], blockForces[3 * k + 1], blockForces[3 * k + 2]);
    return numZero - neighbors.getNumFillers(index);
}

/** Two particles had the same coordinates after rounding: raise an exception if their positions are the same, too. */
template <class Real>
void CpuTableKernel<Real>::checkCoincident(const vector<Vec3>& positions, const PeriodicBox& box) const {
    const vector<int>& order = neighbors.getOrder();
    for (int index = 0; index < neighbors.getNumBlocks(); index++) {
        const NeighborBlock block = neighbors.getBlock(index);
        for (int k = 0; k < block.numParticles; k++)
            for (int m = block.starts[k]; m < block.starts[k + 1]; m++) {
                const int i = order[block.first + k], j = order[block.neighbors[m]];
                if (i < j && box.minimumImage(positions[i] - positions[j]) == Vec3())
                    throwCoincident(i, j);
            }
    }
}

template class CpuTableKernel<float>;
template class CpuTableKernel<double>;

} // namespace SurrogatePlugin
