// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_SURROGATEFORCE_H_
#define OPENMM_SURROGATE_SURROGATEFORCE_H_

#include "openmmsurrogate/NumericFormat.h"
#include "openmmsurrogate/SurrogateModel.h"
#include <openmm/Context.h>
#include <openmm/Force.h>
#include <string>
#include <utility>
#include <vector>

namespace SurrogatePlugin {

/**
 * A pair force given by the networks of a SurrogateModel.
 *
 * The energy is the sum over pairs of particles closer than the model's cutoff of U(r), which is zero at the cutoff,
 * plus the model's energy offset of each particle. Particles have a type of the model, or none (-1), and then take no
 * part. Excluded pairs do not interact.
 *
 * To use it, create a SurrogateForce for a model, call addParticle() once for each particle of the System (in their
 * order), and add the Force to the System:
 *
 * \code
 * SurrogateForce* force = new SurrogateForce(SurrogateModel::load("argon.safetensors"));
 * for (int i = 0; i < numAtoms; i++)
 *     force->addParticle("Ar");
 * system.addForce(force);
 * \endcode
 *
 * What is evaluated has two settings. The precision chooses the function: each numeric format defines one w(r), and the
 * energy is its integral. The evaluation method chooses how: Network evaluates that function pair by pair; Table
 * (what Automatic means) replaces it by a piecewise cubic energy in r^2 whose error is bounded by
 * setTableTolerance(), and whose derivative is the force. They mean the same on every platform, and
 * docs/reference/platforms.md says which platform supports which.
 *
 * Below the smallest distance seen in training the force goes over smoothly into a repulsive core, so that the network is
 * never extrapolated; it is strictly repulsive for networks that are so there. See PairNetwork::setCore().
 */
class SurrogateForce : public OpenMM::Force {
public:
    using Precision = NumericFormat::Type;
    static constexpr Precision Default = NumericFormat::Default;
    static constexpr Precision Double = NumericFormat::Double;
    static constexpr Precision Single = NumericFormat::Single;
    static constexpr Precision TF32 = NumericFormat::TF32;
    static constexpr Precision BFloat16 = NumericFormat::BFloat16;
    static constexpr Precision Float16 = NumericFormat::Float16;
    static constexpr Precision Float8 = NumericFormat::Float8;
    static constexpr Precision Int8 = NumericFormat::Int8;
    static constexpr Precision Int4 = NumericFormat::Int4;
    enum EvaluationMethod {
        /** The fastest method that keeps the table tolerance: Table. */
        Automatic = 0,
        /** Evaluate the network for each pair. */
        Network = 1,
        /** Evaluate a table made from the network when the Context is created. */
        Table = 2
    };
    /** Create a force without particles. The model is copied. */
    explicit SurrogateForce(const SurrogateModel& model);
    const SurrogateModel& getModel() const { return model; }
    /**
     * Replace the model. Particle types keep their indices.
     *
     * @throws OpenMM::OpenMMException if a particle has a type that the new model lacks
     */
    void setModel(const SurrogateModel& model);
    /** Get the cutoff distance, which is the model's, nm. */
    double getCutoffDistance() const { return model.getCutoff(); }
    int getNumParticles() const { return (int) types.size(); }
    /**
     * Add a particle. Call this once for each particle of the System; particle i here is particle i there.
     *
     * @param type  index of a type of the model, or -1 for a particle that takes no part
     * @return the index of the particle
     */
    int addParticle(int type);
    /** Add a particle with a type given by name. */
    int addParticle(const std::string& typeName);
    /** Get the type index of a particle, -1 if it takes no part. */
    int getParticleType(int index) const;
    void setParticleType(int index, int type);
    void setParticleType(int index, const std::string& typeName);
    int getNumExclusions() const { return (int) exclusions.size(); }
    /**
     * Exclude the interaction of two particles.
     *
     * @return the index of the exclusion
     */
    int addExclusion(int particle1, int particle2);
    /**
     * Get the particles of an exclusion.
     *
     * @param index            the index of the exclusion
     * @param[out] particle1   the index of one particle
     * @param[out] particle2   the index of the other
     */
    void getExclusionParticles(int index, int& particle1, int& particle2) const;
    void setExclusionParticles(int index, int particle1, int particle2);
    /**
     * Exclude all pairs of particles that are linked by few bonds.
     *
     * Exclusions that exist already are kept and not repeated.
     *
     * @param bonds       pairs of particle indices
     * @param bondCutoff  pairs linked by this many bonds or fewer are excluded
     */
    void createExclusionsFromBonds(const std::vector<std::pair<int, int> >& bonds, int bondCutoff);
    /** Get whether distances are those of the nearest periodic image. Default true. */
    bool usesPeriodicBoundaryConditions() const override { return periodic; }
    void setUsesPeriodicBoundaryConditions(bool periodic);
    /** Get the numeric format that defines the function evaluated. */
    Precision getPrecision() const { return precision; }
    /**
     * Set the numeric format that defines the function evaluated.
     *
     * @param precision  a format, or Default: the model's own format; where it has none, Double on
     *                   platform Reference and Single elsewhere
     */
    void setPrecision(Precision precision);
    EvaluationMethod getEvaluationMethod() const { return method; }
    void setEvaluationMethod(EvaluationMethod method);
    /** Get the largest error of the table, relative to max(|w(r)|, force scale). Default 1e-5. */
    double getTableTolerance() const { return tableTolerance; }
    /**
     * Set the largest error of the table, relative to max(|w(r)|, force scale). It holds in double; precisions single and mixed add their rounding: some
     * 1e-6, and in places up to 1e-5 on platform CUDA.
     *
     * @param tolerance  between 1e-9 and 0.1
     */
    void setTableTolerance(double tolerance);
    /**
     * Get the bound on the error of the table that a Context uses, relative to max(|w(r)|, force scale): at most the
     * tolerance for a function in Double. In other precisions the steps of their rounding, which no table can follow, come on top.
     *
     * @return the bound; 0 when the Context evaluates networks
     */
    double getTableErrorInContext(OpenMM::Context& context) const;
    /**
     * Copy particle types and the model from this object to a Context. The cutoff, the number of particles, the
     * exclusions, the periodicity, the precision and the method cannot be changed this way: reinitialize the Context.
     */
    void updateParametersInContext(OpenMM::Context& context);

protected:
    OpenMM::ForceImpl* createImpl() const override;

private:
    void checkType(const SurrogateModel& model, int type) const;
    void checkParticle(int index) const;
    void checkExclusion(int index) const;
    SurrogateModel model;
    std::vector<int> types;
    std::vector<std::pair<int, int> > exclusions;
    bool periodic;
    Precision precision;
    EvaluationMethod method;
    double tableTolerance;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_SURROGATEFORCE_H_*/
