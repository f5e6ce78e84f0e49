// SPDX-License-Identifier: MIT
// Modules, kernels and graphs.
#include "Launches.h"
#include <fstream>
#include <sstream>

using namespace SurrogateTest;
using std::map;
using std::string;
using std::vector;

namespace {

struct KernelOfModule {
    string name;
    vector<int> argumentSizes;
};

map<uintptr_t, map<string, vector<int> > > modules;
map<uintptr_t, KernelOfModule> kernels;
map<uintptr_t, vector<Launch> > graphs;    // recorded ones, and what can be launched of them
map<CUstream, vector<Launch> > recordings; // of streams that are being recorded

template <class Handle>
uintptr_t toNumber(Handle handle) {
    return reinterpret_cast<uintptr_t>(handle);
}

CUresult loadModule(Ledger& ledger, CUmodule* module, const string& ptx) {
    static map<string, map<string, vector<int> > > read; // the same programs come again and again
    auto found = read.find(ptx);
    if (found == read.end())
        found = read.emplace(ptx, readArgumentSizes(ptx)).first;
    const uintptr_t handle = ledger.add(Ledger::Module);
    modules[handle] = found->second;
    *module = reinterpret_cast<CUmodule>(handle);
    return CUDA_SUCCESS;
}

CUresult launch(Ledger& ledger, CUfunction function, unsigned int numBlocks, unsigned int blockSize, CUstream stream,
                void** arguments) {
    if (!ledger.expect("the launch of a kernel", Ledger::Kernel, toNumber(function)))
        return CUDA_ERROR_INVALID_HANDLE;
    const KernelOfModule& kernel = kernels[toNumber(function)];
    if (numBlocks == 0 || blockSize == 0 || blockSize > 1024) {
        ledger.report(kernel.name + " with " + std::to_string(numBlocks) + " blocks of " + std::to_string(blockSize));
        return CUDA_ERROR_INVALID_VALUE;
    }
    Launch made = {kernel.name, {}};
    for (size_t k = 0; k < kernel.argumentSizes.size(); k++) {
        const char* first = static_cast<const char*>(arguments[k]);
        made.arguments.emplace_back(first, first + kernel.argumentSizes[k]);
    }
    launchOrRecord(ledger, stream, made);
    return CUDA_SUCCESS;
}

} // namespace

void SurrogateTest::launchOrRecord(Ledger& ledger, CUstream stream, const Launch& launch) {
    if (stream != nullptr)
        ledger.expect(launch.name.c_str(), Ledger::Stream, toNumber(stream));
    const auto recording = recordings.find(stream);
    if (recording != recordings.end())
        recording->second.push_back(launch);
    else
        checkLaunch(ledger, launch);
}

DRIVER_FUNCTION CUresult cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned int, CUjit_option*, void**) {
    ENTER_OR_RETURN();
    return loadModule(ledger, module, static_cast<const char*>(image));
}

DRIVER_FUNCTION CUresult cuModuleLoad(CUmodule* module, const char* path) {
    ENTER_OR_RETURN();
    std::ifstream file(path);
    if (!file)
        return CUDA_ERROR_FILE_NOT_FOUND;
    std::stringstream text;
    text << file.rdbuf();
    return loadModule(ledger, module, text.str());
}

DRIVER_FUNCTION CUresult cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
    ENTER_OR_RETURN();
    if (!ledger.expect(__func__, Ledger::Module, toNumber(module)))
        return CUDA_ERROR_INVALID_HANDLE;
    const auto& ofModule = modules[toNumber(module)];
    const auto found = ofModule.find(name);
    if (found == ofModule.end())
        return CUDA_ERROR_NOT_FOUND;
    const uintptr_t handle = ledger.add(Ledger::Kernel);
    kernels[handle] = {name, found->second};
    *function = reinterpret_cast<CUfunction>(handle);
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuFuncGetAttribute(int* value, CUfunction_attribute attribute, CUfunction function) {
    ENTER_OR_RETURN();
    ledger.expect(__func__, Ledger::Kernel, toNumber(function));
    *value = attribute == CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK ? 1024 : 64;
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute, int) {
    ENTER_OR_RETURN();
    ledger.expect(__func__, Ledger::Kernel, toNumber(function));
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* count, CUfunction function, int, size_t) {
    ENTER_OR_RETURN();
    ledger.expect(__func__, Ledger::Kernel, toNumber(function));
    *count = 2;
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuLaunchKernel(CUfunction function, unsigned int gridX, unsigned int gridY, unsigned int gridZ,
                                        unsigned int blockX, unsigned int blockY, unsigned int blockZ, unsigned int,
                                        CUstream stream, void** arguments, void**) {
    ENTER_OR_RETURN();
    return launch(ledger, function, gridX * gridY * gridZ, blockX * blockY * blockZ, stream, arguments);
}

DRIVER_FUNCTION CUresult cuLaunchCooperativeKernel(CUfunction function, unsigned int gridX, unsigned int gridY,
                                                   unsigned int gridZ, unsigned int blockX, unsigned int blockY,
                                                   unsigned int blockZ, unsigned int, CUstream stream,
                                                   void** arguments) {
    ENTER_OR_RETURN();
    return launch(ledger, function, gridX * gridY * gridZ, blockX * blockY * blockZ, stream, arguments);
}

DRIVER_FUNCTION CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode) {
    ENTER_OR_RETURN();
    ledger.expect(__func__, Ledger::Stream, toNumber(stream));
    if (!recordings.emplace(stream, vector<Launch>()).second)
        ledger.report("cuStreamBeginCapture on a stream that is being recorded");
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuStreamEndCapture(CUstream stream, CUgraph* graph) {
    const Turn turn;
    Ledger& ledger = Ledger::get();
    const CUresult result = ledger.enter(__func__);
    const auto recording = recordings.find(stream);
    if (recording == recordings.end()) {
        ledger.report("cuStreamEndCapture on a stream that is not being recorded");
        return CUDA_ERROR_ILLEGAL_STATE;
    }
    if (result == CUDA_SUCCESS) {
        const uintptr_t handle = ledger.add(Ledger::Graph);
        graphs[handle] = recording->second;
        *graph = reinterpret_cast<CUgraph>(handle);
    }
    recordings.erase(recording); // whether that has failed or not
    return result;
}

DRIVER_FUNCTION CUresult cuGraphInstantiateWithFlags(CUgraphExec* executable, CUgraph graph, unsigned long long) {
    ENTER_OR_RETURN();
    if (!ledger.expect(__func__, Ledger::Graph, toNumber(graph)))
        return CUDA_ERROR_INVALID_HANDLE;
    const uintptr_t handle = ledger.add(Ledger::Executable);
    graphs[handle] = graphs[toNumber(graph)];
    *executable = reinterpret_cast<CUgraphExec>(handle);
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuGraphDestroy(CUgraph graph) {
    const Turn turn;
    Ledger::get().remove(__func__, Ledger::Graph, toNumber(graph));
    graphs.erase(toNumber(graph));
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuGraphExecDestroy(CUgraphExec executable) {
    const Turn turn;
    Ledger::get().remove(__func__, Ledger::Executable, toNumber(executable));
    graphs.erase(toNumber(executable));
    return CUDA_SUCCESS;
}

DRIVER_FUNCTION CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) {
    ENTER_OR_RETURN();
    ledger.expect(__func__, Ledger::Stream, toNumber(stream));
    if (!ledger.expect(__func__, Ledger::Executable, toNumber(executable)))
        return CUDA_ERROR_INVALID_HANDLE;
    for (const Launch& launch : graphs[toNumber(executable)])
        checkLaunch(ledger, launch);
    return CUDA_SUCCESS;
}
