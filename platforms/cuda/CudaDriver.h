// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CUDADRIVER_H_
#define OPENMM_SURROGATE_CUDADRIVER_H_

#include <cuda.h>
#include <openmm/OpenMMException.h>
#include <openmm/cuda/CudaContext.h>
#include <string>

namespace SurrogatePlugin {

/** @throws OpenMM::OpenMMException with what was attempted and CUDA's name of the error, if it is one */
inline void checkCuda(CUresult result, const std::string& what) {
    if (result == CUDA_SUCCESS)
        return;
    const char* name = nullptr;
    cuGetErrorName(result, &name);
    throw OpenMM::OpenMMException("openmm-surrogate: CUDA error while " + what + ": " +
                                  (name == nullptr ? std::to_string(result) : name));
}

/**
 * Launch a kernel on the Context's stream. (CudaContext::executeKernel() caps the grid at four blocks per multiprocessor, which leaves
 * most of the GPU idle where each thread has little to do.)
 *
 * @param arguments    addresses of the kernel's arguments
 * @param sharedBytes  of dynamic shared memory
 */
inline void launchKernel(OpenMM::CudaContext& context, CUfunction kernel, void** arguments, int numBlocks,
                         int blockSize, int sharedBytes = 0) {
    checkCuda(cuLaunchKernel(kernel, numBlocks, 1, 1, blockSize, 1, 1, sharedBytes, context.getCurrentStream(),
                             arguments, nullptr),
              "launching a kernel");
}

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CUDADRIVER_H_*/
