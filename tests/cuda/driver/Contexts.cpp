// SPDX-License-Identifier: MIT
// The device, contexts, streams and events.
#include "Ledger.h"
#include <cstdio>

using namespace SurrogateTest;

namespace {

template <class Handle>
uintptr_t toNumber(Handle handle) {
    return reinterpret_cast<uintptr_t>(handle);
}

CUresult addTo(Ledger& ledger, Ledger::Kind kind, void* handle) {
    *static_cast<uintptr_t*>(handle) = ledger.add(kind);
    return CUDA_SUCCESS;
}

void expectStream(Ledger& ledger, const char* function, CUstream stream) {
    if (stream != nullptr)
        ledger.expect(function, Ledger::Stream, toNumber(stream));
}

/** An H200, as far as anybody asks. */
int findAttribute(CUdevice_attribute attribute) {
    switch (attribute) {
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
        return 9;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
        return 0;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
        return 132;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:
        return 228 * 1024;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
        return 48 * 1024;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
        return 227 * 1024;
    default:
        return 1024;
    }
}

} // namespace

DRIVER_FUNCTION CUresult cuInit(unsigned int) {
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuDriverGetVersion(int* version) {
    *version = 13000;
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuDeviceGetCount(int* count) {
    *count = 1;
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuDeviceGet(CUdevice* device, int) {
    *device = 0;
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuDeviceGetName(char* name, int length, CUdevice) {
    snprintf(name, length, "no GPU");
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice) {
    *value = findAttribute(attribute);
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuDeviceCanAccessPeer(int* can, CUdevice, CUdevice) {
    *can = 0;
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuGetErrorName(CUresult, const char** name) {
    *name = "CUDA_ERROR_ON_PURPOSE";
    return CUDA_SUCCESS;
}

/** NVRTC looks for this in a driver, and gets along without. */
DRIVER_FUNCTION CUresult cuGetExportTable(const void** table, const CUuuid*) {
    *table = nullptr;
    return CUDA_ERROR_NOT_FOUND;
}

DRIVER_FUNCTION CUresult cuProfilerStop() {
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuCtxCreate_v4(CUcontext* context, CUctxCreateParams*, unsigned int, CUdevice) {
    const Turn turn;
    Ledger& ledger = Ledger::get();
    if (const CUresult result = ledger.enterWithoutContext(__func__))
        return result;
    addTo(ledger, Ledger::Context, context);
    Ledger::getStack().push_back(toNumber(*context));
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuCtxDestroy_v2(CUcontext context) {
    const Turn turn;
    Ledger::get().remove(__func__, Ledger::Context, toNumber(context));
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuCtxPushCurrent_v2(CUcontext context) {
    const Turn turn;
    Ledger::get().expect(__func__, Ledger::Context, toNumber(context));
    Ledger::getStack().push_back(toNumber(context));
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuCtxPopCurrent_v2(CUcontext* context) {
    const Turn turn;
    if (Ledger::getStack().empty()) {
        Ledger::get().report("cuCtxPopCurrent without a current context");
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    *context = reinterpret_cast<CUcontext>(Ledger::getStack().back());
    Ledger::getStack().pop_back();
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuCtxSetCurrent(CUcontext context) {
    if (!Ledger::getStack().empty())
        Ledger::getStack().pop_back();
    if (context != nullptr)
        Ledger::getStack().push_back(toNumber(context));
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuCtxSetCacheConfig(CUfunc_cache) {
    ENTER_OR_RETURN();
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuCtxEnablePeerAccess(CUcontext, unsigned int) {
    ENTER_OR_RETURN();
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuCtxSynchronize() {
    ENTER_OR_RETURN();
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuCtxGetStreamPriorityRange(int* lowest, int* highest) {
    ENTER_OR_RETURN();
    *lowest = 0;
    *highest = -5;
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuStreamCreate(CUstream* stream, unsigned int) {
    ENTER_OR_RETURN();
    return addTo(ledger, Ledger::Stream, stream);
}

DRIVER_FUNCTION CUresult cuStreamCreateWithPriority(CUstream* stream, unsigned int, int) {
    ENTER_OR_RETURN();
    return addTo(ledger, Ledger::Stream, stream);
}

DRIVER_FUNCTION CUresult cuStreamDestroy_v2(CUstream stream) {
    const Turn turn;
    Ledger::get().remove(__func__, Ledger::Stream, toNumber(stream));
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuStreamSynchronize(CUstream stream) {
    ENTER_OR_RETURN();
    expectStream(ledger, __func__, stream);
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned int) {
    ENTER_OR_RETURN();
    expectStream(ledger, __func__, stream);
    ledger.expect(__func__, Ledger::Event, toNumber(event));
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuEventCreate(CUevent* event, unsigned int) {
    ENTER_OR_RETURN();
    return addTo(ledger, Ledger::Event, event);
}

DRIVER_FUNCTION CUresult cuEventDestroy_v2(CUevent event) {
    const Turn turn;
    Ledger::get().remove(__func__, Ledger::Event, toNumber(event));
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuEventRecord(CUevent event, CUstream stream) {
    ENTER_OR_RETURN();
    expectStream(ledger, __func__, stream);
    ledger.expect(__func__, Ledger::Event, toNumber(event));
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuEventSynchronize(CUevent event) {
    ENTER_OR_RETURN();
    ledger.expect(__func__, Ledger::Event, toNumber(event));
    return CUDA_SUCCESS;
}
