// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_TRANSFORM_H_
#define OPENMM_SURROGATE_TRANSFORM_H_

#include "StageGrid.h"

namespace SurrogatePlugin {

/**
 * Stage 2: Fourier transform of the charge grid, with exp(-2 pi i m j / n), and no factor.
 *
 * @param grid        [numPoints]
 * @param[out] waves  [numWaves]
 */
template <class T>
void transformForward(const GridShape& shape, int numThreads, const std::vector<T>& grid,
                      std::vector<std::complex<T> >& waves);

/** Stage 2, second part: back to real space, with exp(+2 pi i m j / n), and no factor. */
template <class T>
void transformBack(const GridShape& shape, int numThreads, const std::vector<std::complex<T> >& waves,
                   std::vector<T>& grid);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_TRANSFORM_H_*/
