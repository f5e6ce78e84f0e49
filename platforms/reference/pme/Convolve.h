// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CONVOLVE_H_
#define OPENMM_SURROGATE_CONVOLVE_H_

#include "Parallel.h"
#include "StageGrid.h"
#include "openmmsurrogate/internal/EwaldSplit.h"
#include <openmm/Vec3.h>

namespace SurrogatePlugin {

/**
 * Compute what each wave is multiplied by: the split's transform over the volume, divided by the squared transform of
 * the window.
 *
 * @param squaredTransform  of the window along each axis: computeSquaredTransform()
 * @param[out] influence    [numWaves] kJ/mol per squared charge
 */
void computeInfluence(const GridShape& shape, const OpenMM::Vec3 box[3], const EwaldSplit& split,
                      const std::array<std::vector<double>, 3>& squaredTransform, OpenMM::ThreadPool& threads,
                      std::vector<double>& influence);

/**
 * Stage 3: multiply each wave by the influence function.
 *
 * @param influence      [numWaves], rounded to the stage's format
 * @param[in,out] waves  [numWaves] of the charges, then of the potential
 */
template <class T>
void convolve(const std::vector<double>& influence, OpenMM::ThreadPool& threads, int numPlanes,
              std::vector<std::complex<T> >& waves);

/** Get the mesh energy, half the sum of influence times |wave|^2 over all waves, kJ/mol. It is added in double. */
template <class T>
double computeMeshEnergy(const GridShape& shape, const std::vector<double>& influence, OpenMM::ThreadPool& threads,
                         const std::vector<std::complex<T> >& waves);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CONVOLVE_H_*/
