// SPDX-License-Identifier: MIT
// Memory of the device, which is the host's, and pinned memory.
#include "Ledger.h"
#include <cstring>

using namespace SurrogateTest;

namespace {

CUresult allocate(Ledger& ledger, Ledger::Kind kind, void* address, size_t size) {
    if (size == 0)
        return CUDA_ERROR_INVALID_VALUE;
    const uintptr_t found = ledger.allocate(kind, size);
    *static_cast<uintptr_t*>(address) = found;
    return found == 0 ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
}

/** Copy between the host and the device. */
CUresult copy(Ledger& ledger, const char* function, uintptr_t target, uintptr_t source, size_t size) {
    for (uintptr_t address : {target, source})
        if (ledger.isOurs(address) && !ledger.isAllocated(address, size)) {
            ledger.report(std::string(function) + " beyond allocated memory");
            return CUDA_ERROR_INVALID_VALUE;
        }
    std::memcpy(reinterpret_cast<void*>(target), reinterpret_cast<const void*>(source), size);
    return CUDA_SUCCESS;
}

uintptr_t toNumber(const void* pointer) {
    return reinterpret_cast<uintptr_t>(pointer);
}

} // namespace

DRIVER_FUNCTION CUresult cuMemAlloc_v2(CUdeviceptr* address, size_t size) {
    ENTER_OR_RETURN();
    return allocate(ledger, Ledger::Memory, address, size);
}

DRIVER_FUNCTION CUresult cuMemFree_v2(CUdeviceptr address) {
    const Turn turn;
    Ledger::get().remove(__func__, Ledger::Memory, address);
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuMemHostAlloc(void** address, size_t size, unsigned int) {
    ENTER_OR_RETURN();
    return allocate(ledger, Ledger::HostMemory, address, size);
}

DRIVER_FUNCTION CUresult cuMemFreeHost(void* address) {
    const Turn turn;
    Ledger::get().remove(__func__, Ledger::HostMemory, toNumber(address));
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr* device, void* address, unsigned int) {
    ENTER_OR_RETURN();
    ledger.expect(__func__, Ledger::HostMemory, toNumber(address));
    *device = toNumber(address);
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuMemcpyHtoD_v2(CUdeviceptr target, const void* source, size_t size) {
    ENTER_OR_RETURN();
    return copy(ledger, __func__, target, toNumber(source), size);
}

DRIVER_FUNCTION CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr target, const void* source, size_t size, CUstream) {
    ENTER_OR_RETURN();
    return copy(ledger, __func__, target, toNumber(source), size);
}

DRIVER_FUNCTION CUresult cuMemcpyDtoH_v2(void* target, CUdeviceptr source, size_t size) {
    ENTER_OR_RETURN();
    return copy(ledger, __func__, toNumber(target), source, size);
}

DRIVER_FUNCTION CUresult cuMemcpyDtoHAsync_v2(void* target, CUdeviceptr source, size_t size, CUstream) {
    ENTER_OR_RETURN();
    return copy(ledger, __func__, toNumber(target), source, size);
}

DRIVER_FUNCTION CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr target, CUdeviceptr source, size_t size, CUstream) {
    ENTER_OR_RETURN();
    return copy(ledger, __func__, target, source, size);
}

DRIVER_FUNCTION CUresult cuMemcpyAsync(CUdeviceptr target, CUdeviceptr source, size_t size, CUstream) {
    ENTER_OR_RETURN();
    return copy(ledger, __func__, target, source, size);
}

DRIVER_FUNCTION CUresult cuMemsetD2D32Async(CUdeviceptr target, size_t pitch, unsigned int value, size_t width,
                                            size_t height, CUstream) {
    ENTER_OR_RETURN();
    if (!ledger.isAllocated(target, (height - 1) * pitch + 4 * width)) {
        ledger.report("cuMemsetD2D32Async beyond allocated memory");
        return CUDA_ERROR_INVALID_VALUE;
    }
    for (size_t row = 0; row < height; row++)
        for (size_t column = 0; column < width; column++)
            std::memcpy(reinterpret_cast<void*>(target + row * pitch + 4 * column), &value, 4);
    return CUDA_SUCCESS;
}
