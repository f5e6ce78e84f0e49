// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_MESHERRORCONTROL_H_
#define OPENMM_SURROGATE_MESHERRORCONTROL_H_

#include "openmmsurrogate/internal/DirectSpaceKernel.h"
#include "openmmsurrogate/internal/ReciprocalSpaceKernel.h"

namespace SurrogatePlugin {

struct MeshError {
    double absolute; // root mean square, over particles, of the norm of the error, kJ/mol/nm
    double relative; // over the root mean square of the force, or a quarter of the typical force if that is more
};

/**
 * Keeps the parameters of ESP good enough for a Context. At the first evaluation the error of the mesh is measured, and
 * stricter parameters are taken until it is below the tolerance: the table they come from is made for liquids, crystals
 * and solutions, while dilute and uncorrelated charges, which do not screen each other, need stricter ones. When the box
 * has grown the grid is chosen and the error measured anew; when charges have changed the error is measured anew.
 */
class MeshErrorControl {
public:
    /** The box may grow by this factor along a vector before the grid is chosen anew. */
    static constexpr double MostGrowth = 1.03;
    /**
     * The charges may change by this before the error is measured anew: root mean square of the differences from those
     * that it was measured with, over that of those.
     */
    static constexpr double MostChargeChange = 0.1;
    /**
     * Look after the parameters, before an evaluation. If they change, both kernels are told.
     *
     * @throws OpenMM::OpenMMException if the tolerance is absolute and the strictest parameters do not meet it
     */
    void update(OpenMM::ContextImpl& context, PMESettings& settings, CalcReciprocalSpaceKernel& reciprocal,
                CalcDirectSpaceKernel& direct);
    /** Get the error that was measured. @throws OpenMM::OpenMMException if none was */
    MeshError getError() const;

private:
    /** Go over to a row of parameters, and the grid that it needs in a box. */
    void setParameters(const ProlateParameters& row, const OpenMM::Vec3 box[3], PMESettings& settings,
                       CalcReciprocalSpaceKernel& reciprocal, CalcDirectSpaceKernel& direct);
    void measureAndCorrect(OpenMM::ContextImpl& context, const OpenMM::Vec3 box[3], PMESettings& settings,
                           CalcReciprocalSpaceKernel& reciprocal, CalcDirectSpaceKernel& direct);
    bool isStarted = false, isMeasured = false;
    bool areParametersTold = true; // to both kernels; not if one has thrown
    std::vector<double> measuredCharges;
    MeshError error = {0, 0};
};

/**
 * Estimate the error of mesh forces from those of a finer mesh: the difference, and what the waves would add that even the
 * finer mesh does not have, for uncorrelated charges. docs/theory/prolate.md has the formula.
 *
 * @param forces   [numParticles] of the mesh, kJ/mol/nm
 * @param finer    [numParticles] of the finer one
 * @param charges  [numParticles] e
 * @param box      nm
 * @param settings those of the finer mesh
 * @return root mean square, over particles, of the norm of the error, kJ/mol/nm
 */
double estimateMeshError(const std::vector<OpenMM::Vec3>& forces, const std::vector<OpenMM::Vec3>& finer,
                         const std::vector<double>& charges, const OpenMM::Vec3 box[3], const PMESettings& settings);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_MESHERRORCONTROL_H_*/
