// SPDX-License-Identifier: MIT
// The functions of cuFFT that OpenMM and we use. They transform nothing.
#include "Launches.h"

using namespace SurrogateTest;

namespace {

constexpr int OutOfMemory = 2, Failed = 6; // of cuFFT

std::map<int, CUstream> streams; // of plans

int execute(const char* function, int plan, void* grid) {
    const Turn turn;
    Ledger& ledger = Ledger::get();
    if (ledger.enter(function) != CUDA_SUCCESS || !ledger.expect(function, Ledger::Plan, plan))
        return Failed;
    const char* bytes = reinterpret_cast<const char*>(&grid);
    launchOrRecord(ledger, streams[plan], {function, {{bytes, bytes + sizeof(grid)}}});
    return 0;
}

} // namespace

DRIVER_FUNCTION int cufftPlan3d(int* plan, int, int, int, int) {
    const Turn turn;
    Ledger& ledger = Ledger::get();
    if (ledger.enter(__func__) != CUDA_SUCCESS)
        return OutOfMemory;
    *plan = (int) ledger.add(Ledger::Plan);
    return 0;
}

DRIVER_FUNCTION int cufftDestroy(int plan) {
    const Turn turn;
    Ledger::get().remove(__func__, Ledger::Plan, plan);
    return 0;
}

DRIVER_FUNCTION int cufftSetStream(int plan, CUstream stream) {
    const Turn turn;
    Ledger::get().expect(__func__, Ledger::Plan, plan);
    streams[plan] = stream;
    return 0;
}

DRIVER_FUNCTION int cufftExecR2C(int plan, void* in, void*) {
    return execute(__func__, plan, in);
}

DRIVER_FUNCTION int cufftExecC2R(int plan, void* in, void*) {
    return execute(__func__, plan, in);
}

DRIVER_FUNCTION int cufftExecD2Z(int plan, void* in, void*) {
    return execute(__func__, plan, in);
}

DRIVER_FUNCTION int cufftExecZ2D(int plan, void* in, void*) {
    return execute(__func__, plan, in);
}

DRIVER_FUNCTION int cufftExecC2C(int plan, void* in, void*, int) {
    return execute(__func__, plan, in);
}

DRIVER_FUNCTION int cufftExecZ2Z(int plan, void* in, void*, int) {
    return execute(__func__, plan, in);
}
