// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PAIRINTERACTIONS_H_
#define OPENMM_SURROGATE_PAIRINTERACTIONS_H_

#include "openmmsurrogate/internal/KernelSettings.h"
#include "openmmsurrogate/internal/PairFunction.h"
#include "openmmsurrogate/internal/PairTable.h"
#include <memory>
#include <vector>

namespace SurrogatePlugin {

/** The functions, or the tables made from them, of all pairs of types of a SurrogateForce. Immutable. */
class PairInteractions {
public:
    /**
     * @param force     its model, and the tolerance of the tables
     * @param settings  the format, and whether to make tables
     * @throws OpenMM::OpenMMException if a table cannot be made
     */
    PairInteractions(const SurrogateForce& force, const KernelSettings& settings);
    int getNumTypes() const { return numTypes; }
    double getCutoff() const { return cutoff; }
    /** Get the force, kJ/mol/nm, that tolerances of tables are relative to where forces are smaller. */
    double getForceScale() const { return forceScale; }
    /** Get whether two types interact. Pairs without a network do not; the Impl has refused those that should have one. */
    bool interact(int type1, int type2) const { return getNetwork(type1, type2) >= 0; }
    /** Get whether no pair of types interacts. */
    bool noneInteract() const;
    /** Get whether all pairs of types interact. */
    bool allInteract() const;
    /** Get the index of the network of two types, negative if they do not interact. */
    int getNetwork(int type1, int type2) const { return networks[type1 * numTypes + type2]; }
    int getNumNetworks() const { return (int) functions.size(); }
    /** Get the function of a network; null if no two types use it. */
    const PairFunction* getFunction(int network) const { return functions[network].get(); }
    /** Get the table of a network; null if no two types use it, or no tables are made. */
    const PairTable* getTable(int network) const { return tables[network].get(); }
    /** Get -dU/dr in kJ/mol/nm for a network in use and r >= 0 in nm: from the table if there is one. */
    double computeForce(int network, double r) const {
        return tables[network] ? tables[network]->computeForce(r) : functions[network]->computeForce(r);
    }
    /** Get U in kJ/mol, like computeForce(). */
    double computeEnergy(int network, double r) const {
        return tables[network] ? tables[network]->computeEnergy(r) : functions[network]->computeEnergy(r);
    }
    /** Get the largest error bound of the tables, relative to max(|w|, force scale); 0 without tables. */
    double getTableError() const;

private:
    int numTypes;
    double cutoff, forceScale;
    std::vector<int> networks;                                   // [numTypes][numTypes]
    std::vector<std::shared_ptr<const PairFunction> > functions; // [numNetworks], null if not in use
    std::vector<std::shared_ptr<const PairTable> > tables;       // [numNetworks]
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PAIRINTERACTIONS_H_*/
