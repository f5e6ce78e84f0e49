// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CUDAEXCEPTIONS_H_
#define OPENMM_SURROGATE_CUDAEXCEPTIONS_H_

#include "../pairs/PairListLayout.h"
#include "DirectLayout.h"
#include "openmmsurrogate/internal/NonbondedParameters.h"
#include <openmm/cuda/CudaArray.h>
#include <openmm/cuda/CudaContext.h>
#include <utility>
#include <vector>

namespace SurrogatePlugin {

/** The pairs that are excluded from the list, and their kernel: exceptions.cu. */
template <class Real>
class CudaExceptions {
public:
    /**
     * @param context       the object keeps a reference
     * @param numParticles  of the System
     * @param pairs         of original indices
     */
    CudaExceptions(OpenMM::CudaContext& context, int numParticles, const std::vector<std::pair<int, int> >& pairs);
    /** Set the parameters of particles and pairs, those of Lennard-Jones as they are or as zeros. */
    void setParameters(const std::vector<NonbondedParticle>& particles, const std::vector<NonbondedException>& pairs,
                       bool withLennardJones);
    /** Find the kernels in the module that was compiled with them. */
    void setModule(CUmodule& module);
    /** Launch the kernels. They read the positions in the Context and the box of the list. */
    void launch(PairListView<Real>& list, ForceOutputView& output, bool includeEnergy);

private:
    class ReorderListener;
    OpenMM::CudaContext& context;
    std::vector<int> exceptionOfPair; // [2 numPairs], index of each in the order of the device
    ExceptionSetView view;
    bool slotsChanged = true;
    OpenMM::CudaArray charge, particle, start, partner, own, parameters, slot;
    CUfunction findSlots = nullptr, computeExceptions = nullptr;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CUDAEXCEPTIONS_H_*/
