// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_CUDADRIVER_H_
#define OPENMM_SURROGATE_CUDADRIVER_H_

#include <cuda.h>
#include <openmm/OpenMMException.h>
#include <openmm/cuda/CudaContext.h>
#include <algorithm>
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

/** Launch a kernel whose blocks wait for each other. They must all fit on the GPU: see countResidentBlocks(). */
inline void launchCooperatively(OpenMM::CudaContext& context, CUfunction kernel, void** arguments, int numBlocks,
                                int blockSize) {
    checkCuda(
        cuLaunchCooperativeKernel(kernel, numBlocks, 1, 1, blockSize, 1, 1, 0, context.getCurrentStream(), arguments),
        "launching a cooperative kernel");
}

inline int getAttribute(OpenMM::CudaContext& context, CUdevice_attribute attribute) {
    int value;
    checkCuda(cuDeviceGetAttribute(&value, attribute, context.getDevice()), "asking for an attribute of the GPU");
    return value;
}

/** Get how many blocks of a kernel the GPU can hold at once. Allows the kernel so much dynamic shared memory. */
inline int countResidentBlocks(OpenMM::CudaContext& context, CUfunction kernel, int blockSize, int sharedBytes = 0) {
    if (sharedBytes > 0)
        checkCuda(cuFuncSetAttribute(kernel, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, sharedBytes),
                  "asking for shared memory");
    int perProcessor;
    checkCuda(cuOccupancyMaxActiveBlocksPerMultiprocessor(&perProcessor, kernel, blockSize, sharedBytes),
              "counting resident blocks");
    return std::max(1, perProcessor) * getAttribute(context, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
}

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CUDADRIVER_H_*/
