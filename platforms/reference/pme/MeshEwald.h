// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_MESHEWALD_H_
#define OPENMM_SURROGATE_MESHEWALD_H_

#include "Place.h"
#include "StageGrid.h"
#include "openmmsurrogate/internal/EwaldSplit.h"
#include "openmmsurrogate/internal/MeshWindow.h"
#include "openmmsurrogate/internal/PMESettings.h"
#include <memory>

namespace SurrogatePlugin {

/**
 * The reciprocal space of one potential, as the stages in this folder: place, spread, transform, convolve, transform
 * back, interpolate.
 */
class MeshEwald {
public:
    /**
     * @param settings  window and precisions
     * @param split     the potential
     * @param grid      points along each box vector
     */
    MeshEwald(const PMESettings& settings, std::unique_ptr<EwaldSplit> split, const std::array<int, 3>& grid);
    /**
     * Add the forces of the mesh to those of the particles.
     *
     * @param positions       [numParticles] nm
     * @param charges         [numParticles] in what the split's potential is proportional to
     * @param box             nm, in reduced form
     * @param[in,out] forces  [numParticles] kJ/mol/nm; null if they are not asked for
     * @return the energy of mesh, self interaction and background, kJ/mol; 0 if not includeEnergy
     */
    double compute(const std::vector<OpenMM::Vec3>& positions, const std::vector<double>& charges,
                   const OpenMM::Vec3 box[3], OpenMM::ThreadPool& threads, std::vector<OpenMM::Vec3>* forces,
                   bool includeEnergy);

private:
    void updateInfluence(const OpenMM::Vec3 box[3], OpenMM::ThreadPool& threads);
    double computeConstantEnergy(const std::vector<double>& charges, const OpenMM::Vec3 box[3]) const;
    PMESettings settings;
    std::unique_ptr<EwaldSplit> split;
    MeshWindow window;
    GridShape shape;
    std::array<std::vector<double>, 3> squaredTransform;
    ParticlePlaces places;
    RealGrid grid;
    ComplexGrid waves;
    std::vector<double> influence;
    OpenMM::Vec3 influenceBox[3]; // the box that it was computed for
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_MESHEWALD_H_*/
