// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/PairInteractions.h"
#include <algorithm>

using namespace std;

namespace SurrogatePlugin {

PairInteractions::PairInteractions(const SurrogateForce& force, const KernelSettings& settings)
    : numTypes(force.getModel().getNumTypes()), cutoff(force.getCutoffDistance()),
      forceScale(force.getModel().getForceScale()) {
    const SurrogateModel& model = force.getModel();
    functions.resize(model.getNumNetworks());
    tables.resize(model.getNumNetworks());
    for (int type1 = 0; type1 < numTypes; type1++)
        for (int type2 = 0; type2 < numTypes; type2++) {
            const int network = model.getPairNetwork(type1, type2);
            networks.push_back(network);
            if (network < 0 || functions[network])
                continue;
            functions[network] = model.getPairFunction(network, settings.precision);
            if (settings.useTable)
                tables[network] =
                    make_shared<const PairTable>(*functions[network], force.getTableTolerance(), model.getForceScale());
        }
}

bool PairInteractions::noneInteract() const {
    return all_of(networks.begin(), networks.end(), [](int network) { return network < 0; });
}

bool PairInteractions::allInteract() const {
    return all_of(networks.begin(), networks.end(), [](int network) { return network >= 0; });
}

double PairInteractions::getTableError() const {
    double error = 0;
    for (auto& table : tables)
        if (table)
            error = max(error, table->getErrorBound());
    return error;
}

} // namespace SurrogatePlugin
