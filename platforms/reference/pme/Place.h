// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PLACE_H_
#define OPENMM_SURROGATE_PLACE_H_

#include "Parallel.h"
#include "StageGrid.h"
#include "openmmsurrogate/internal/MeshWindow.h"
#include <openmm/Vec3.h>

namespace SurrogatePlugin {

/**
 * Where the particles are on a grid, sorted by the plane of the first axis, so that planes can be filled independently.
 */
struct ParticlePlaces {
    std::vector<int> particles;                    // [numParticles] indices, sorted by plane, and then as they were
    std::vector<int> planeBegin;                   // [points[0]+1] where each plane begins in the arrays here
    std::vector<std::array<int, 3> > cells;        // [numParticles] grid point below the particle
    std::vector<std::array<double, 3> > fractions; // [numParticles] 0 <= f < 1 of the way to the next point
};

/** Stage 0: find the places of all particles. Positions may lie outside the box. */
void placeParticles(const std::vector<OpenMM::Vec3>& positions, const OpenMM::Vec3 box[3], const GridShape& shape,
                    OpenMM::ThreadPool& threads, ParticlePlaces& places);

/** Evaluate the window, or its derivative, for a fraction of a grid spacing. @param[out] weights  [order] */
template <class T>
inline void evaluateWindow(const MeshWindow& window, double fraction, T* weights, bool derivative = false) {
    const int order = window.getOrder(), degree = window.getDegree();
    const double* coefficient = window.getHornerCoefficients().data();
    const T t = (T) (fraction - 0.5);
    for (int j = 0; j < order; j++)
        weights[j] = 0;
    for (int power = degree; power >= (derivative ? 1 : 0); power--, coefficient += order)
        for (int j = 0; j < order; j++)
            weights[j] = weights[j] * t + (T) (derivative ? power * coefficient[j] : coefficient[j]);
}

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_PLACE_H_*/
