// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_SURROGATEMODEL_H_
#define OPENMM_SURROGATE_SURROGATEMODEL_H_

#include "openmmsurrogate/NumericFormat.h"
#include "openmmsurrogate/PairNetwork.h"
#include <memory>
#include <string>
#include <vector>

namespace SurrogatePlugin {

class ModelDocument;
class PairFunction;

/**
 * A set of particle types and, for each unordered pair of types, a PairNetwork (or the statement that the pair does
 * not interact). It knows nothing of particles or platforms: it is a value that can be copied, saved and loaded.
 *
 * All quantities are in OpenMM's units: nm, kJ/mol, kJ/mol/nm. Energies are zero at the cutoff.
 *
 * The file is described in docs/reference/model-file.md: safetensors, with float32 tensors and JSON metadata.
 */
class SurrogateModel {
public:
    /** Values that getPairNetwork() returns for pairs without a network. */
    enum PairStatus { Undefined = -1, NonInteracting = -2 };
    /**
     * Create a model without networks.
     *
     * @param typeNames  the names of the particle types, in UTF-8; 1 to getMaxTypes(), none empty, no duplicates
     * @param cutoff     the distance beyond which no two particles interact, nm; positive and finite
     */
    SurrogateModel(const std::vector<std::string>& typeNames, double cutoff);
    static int getMaxTypes() { return 256; }
    /**
     * Load a model from a .safetensors file.
     *
     * @throws OpenMM::OpenMMException that names the file and the field if the file cannot be read, is not a model,
     *         is damaged, or was written by a newer version
     */
    static SurrogateModel load(const std::string& filename);
    /**
     * Save the model as a .safetensors file. The file is written beside its final name and then renamed, so that an
     * interruption leaves the old file or the new one, never a part.
     *
     * @throws OpenMM::OpenMMException if the file cannot be written
     */
    void save(const std::string& filename) const;
    double getCutoff() const { return cutoff; }
    int getNumTypes() const { return (int) typeNames.size(); }
    const std::vector<std::string>& getTypeNames() const { return typeNames; }
    /** Get the index of the type with a name. @throws OpenMM::OpenMMException if there is none; lists the names */
    int getTypeIndex(const std::string& name) const;
    /**
     * Add a network.
     *
     * @return its index
     * @throws OpenMM::OpenMMException if its minimum distance is not below the cutoff
     */
    int addNetwork(const PairNetwork& network);
    /**
     * Replace a network, for all pairs of types that use it.
     *
     * @param index    its index
     * @param network  what takes its place
     * @throws OpenMM::OpenMMException if there is no such network, or as addNetwork() does
     */
    void setNetwork(int index, const PairNetwork& network);
    int getNumNetworks() const { return (int) networks.size(); }
    const PairNetwork& getNetwork(int index) const;
    /**
     * Choose the network of a pair of types. Several pairs may share one network.
     *
     * @param type1    index of one type
     * @param type2    index of the other; the order does not matter
     * @param network  index of a network, or NonInteracting
     */
    void setPairNetwork(int type1, int type2, int network);
    /** Get the index of the network of a pair of types, or Undefined, or NonInteracting. */
    int getPairNetwork(int type1, int type2) const;
    /**
     * Get the force that counts as large, to which tolerances are relative, kJ/mol/nm. See setForceScale().
     *
     * @throws OpenMM::OpenMMException if it is unset and cannot be found: there is no network, or all are zero there
     */
    double getForceScale() const;
    /**
     * Set the force scale. When unset (0) it is the largest |w(r)| of any network in the outer half of its range, from
     * (rmin+rc)/2 to rc.
     *
     * @param scale  kJ/mol/nm; positive, or 0 to unset
     */
    void setForceScale(double scale);
    /** Get the energy that each particle of a type adds to the potential energy, kJ/mol. Default 0. */
    double getEnergyOffset(int type) const;
    void setEnergyOffset(int type, double offset);
    /** Get the numeric format in which the model was made to run, or NumericFormat::Default. */
    NumericFormat::Type getFormat() const { return format; }
    void setFormat(NumericFormat::Type format);
    /**
     * Get whether the first and the last layer of each network stay in single precision in reduced formats. Default
     * true.
     */
    bool getEndLayersSingle() const { return endLayersSingle; }
    void setEndLayersSingle(bool single);
    /** Get how many inputs share one Int4 weight scale. Default 16. */
    int getWeightGroupSize() const { return weightGroupSize; }
    void setWeightGroupSize(int size);
    /** Get where the model comes from: a JSON object as text, "{}" when nothing is known. */
    const std::string& getProvenance() const { return provenance; }
    /**
     * Set where the model comes from. The text is kept in normal form: keys sorted, no white space, pure ASCII.
     *
     * @throws OpenMM::OpenMMException if the text is not a JSON object
     */
    void setProvenance(const std::string& json);
    /**
     * Compute the force weight w = -dU/dr of two particles.
     *
     * Zero at and beyond the cutoff, and for a pair that does not interact; the repulsive core below the network's
     * minimum distance.
     *
     * @param type1   index of one type
     * @param type2   index of the other
     * @param r       distance, nm; finite and not negative
     * @param format  the numeric format to emulate; Default means Double, that is the float32 weights in
     *                double arithmetic
     * @return the force weight, kJ/mol/nm; positive is repulsive
     * @throws OpenMM::OpenMMException if the pair is undefined or an argument is out of range
     */
    double computeForce(int type1, int type2, double r, NumericFormat::Type format = NumericFormat::Default) const;
    /**
     * Compute the energy of two particles: the integral of computeForce() from r to the cutoff.
     *
     * @return the energy, kJ/mol. Arguments and errors are those of computeForce().
     */
    double computeEnergy(int type1, int type2, double r, NumericFormat::Type format = NumericFormat::Default) const;
    /**
     * Get the function that computeForce() and computeEnergy() evaluate. It is made once per network and format and
     * shared between copies of the model. (For kernels; ordinary users call computeForce().)
     */
    std::shared_ptr<const PairFunction> getPairFunction(int network, NumericFormat::Type format) const;

private:
    friend class ModelDocument; // tells a force scale that was set from one that was found
    struct FunctionCache;
    void checkNetwork(const PairNetwork& network) const;
    void checkType(int type) const;
    void checkPair(int type1, int type2, double r) const;
    int pairIndex(int type1, int type2) const;
    std::vector<std::string> typeNames;
    double cutoff, forceScale;
    std::vector<PairNetwork> networks;
    std::vector<int> pairNetworks; // [numTypes][numTypes], symmetric
    std::vector<double> energyOffsets;
    NumericFormat::Type format;
    bool endLayersSingle;
    int weightGroupSize;
    std::string provenance;
    std::shared_ptr<FunctionCache> functions; // replaced, never changed, when what it depends on changes
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_SURROGATEMODEL_H_*/
