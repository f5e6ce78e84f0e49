// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_SPREAD_H_
#define OPENMM_SURROGATE_SPREAD_H_

#include "Place.h"

namespace SurrogatePlugin {

/**
 * Stage 1: spread charges over the grid. Each plane adds its particles in a fixed order, so that the result does not
 * depend on the number of threads.
 *
 * @param charges    [numParticles] e
 * @param[out] grid  [numPoints] e
 */
template <class T>
void spreadCharges(const ParticlePlaces& places, const std::vector<double>& charges, const MeshWindow& window,
                   const GridShape& shape, OpenMM::ThreadPool& threads, std::vector<T>& grid);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_SPREAD_H_*/
