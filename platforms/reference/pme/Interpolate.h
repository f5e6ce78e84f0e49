// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_INTERPOLATE_H_
#define OPENMM_SURROGATE_INTERPOLATE_H_

#include "Place.h"

namespace SurrogatePlugin {

/**
 * Stage 4: add the force on each particle, minus its charge times the gradient of the potential, interpolated with the
 * window's derivative.
 *
 * @param grid            [numPoints] potential, kJ/mol/e
 * @param[in,out] forces  [numParticles] kJ/mol/nm
 */
template <class T>
void interpolateForces(const ParticlePlaces& places, const std::vector<double>& charges, const MeshWindow& window,
                       const GridShape& shape, const OpenMM::Vec3 box[3], const std::vector<T>& grid,
                       OpenMM::ThreadPool& threads, std::vector<OpenMM::Vec3>& forces);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_INTERPOLATE_H_*/
