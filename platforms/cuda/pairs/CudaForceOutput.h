// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CUDAFORCEOUTPUT_H_
#define OPENMM_SURROGATE_CUDAFORCEOUTPUT_H_

#include "PairListLayout.h"
#include <openmm/cuda/CudaArray.h>
#include <openmm/cuda/CudaContext.h>

namespace SurrogatePlugin {

/** Where the kernels of a force leave their results: the buffers of the Context, and what they sum an energy in. */
class CudaForceOutput {
public:
    /** @param context  a reference is kept; must be current */
    explicit CudaForceOutput(OpenMM::CudaContext& context);
    /** Get the argument that kernels take, which add to the forces in the Context. */
    ForceOutputView getView() { return getView(context.getForce().getDevicePointer()); }
    /** Get the argument that kernels take, which add to forces at a device address, laid out as those of the Context. */
    ForceOutputView getView(CUdeviceptr forces);

private:
    OpenMM::CudaContext& context;
    OpenMM::CudaArray energySum, energyTicket;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CUDAFORCEOUTPUT_H_*/
