// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_DIRECTLAYOUT_H_
#define OPENMM_SURROGATE_DIRECTLAYOUT_H_

#include <cuda.h>

namespace SurrogatePlugin {

/** Argument of the kernels of excluded pairs; ExceptionSet of exceptions.cu, which explains it. */
struct ExceptionSetView {
    CUdeviceptr charge;
    int numAtoms, numParticles;
    CUdeviceptr particle, start, partner, own, parameters, slot;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_DIRECTLAYOUT_H_*/
