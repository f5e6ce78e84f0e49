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

/** Get how many blocks of a kernel a multiprocessor can hold at once. Allows the kernel so much dynamic shared memory. */
inline int countBlocksOfProcessor(CUfunction kernel, int blockSize, int sharedBytes = 0) {
    if (sharedBytes > 0)
        checkCuda(cuFuncSetAttribute(kernel, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, sharedBytes),
                  "asking for shared memory");
    int count;
    checkCuda(cuOccupancyMaxActiveBlocksPerMultiprocessor(&count, kernel, blockSize, sharedBytes),
              "counting resident blocks");
    return std::max(1, count);
}

/** Get how many blocks of a kernel the GPU can hold at once. Allows the kernel so much dynamic shared memory. */
inline int countResidentBlocks(OpenMM::CudaContext& context, CUfunction kernel, int blockSize, int sharedBytes = 0) {
    return countBlocksOfProcessor(kernel, blockSize, sharedBytes) *
           getAttribute(context, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
}

/**
 * Keep for the cache what the blocks of a kernel leave of the memory that is cache and shared memory; the driver would make nearly all of it
 * shared memory, whether the kernel uses that or not. Not for kernels that others are to run beside: a multiprocessor that is set up in another
 * way does not take them.
 */
inline void leaveMemoryToCache(OpenMM::CudaContext& context, CUfunction kernel, int blockSize, int sharedBytes) {
    int staticBytes;
    checkCuda(cuFuncGetAttribute(&staticBytes, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, kernel),
              "asking for the shared memory of a kernel");
    const int perBlock =
        sharedBytes + staticBytes + getAttribute(context, CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK);
    const long long used = (long long) countBlocksOfProcessor(kernel, blockSize, sharedBytes) * perBlock;
    const int all = getAttribute(context, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
    checkCuda(cuFuncSetAttribute(kernel, CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT,
                                 (int) std::min(100LL, (100 * used + all - 1) / all)),
              "asking for cache");
}

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_CUDADRIVER_H_*/
