// SPDX-License-Identifier: MIT
#include "LaunchGraph.h"
#include "../CudaDriver.h"

using namespace SurrogatePlugin;

void LaunchGraph::clear() {
    if (graph != nullptr)
        cuGraphExecDestroy(graph);
    graph = nullptr;
}

void LaunchGraph::launch(CUstream stream, const Key& newKey, const std::function<void()>& sequence) {
    if (!(newKey == key)) {
        clear();
        key = newKey;
        sequence();
        return;
    }
    if (graph == nullptr)
        record(stream, sequence);
    checkCuda(cuGraphLaunch(graph, stream), "launching a graph");
}

void LaunchGraph::record(CUstream stream, const std::function<void()>& sequence) {
    checkCuda(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), "recording a graph");
    CUgraph recorded = nullptr;
    try {
        sequence();
    } catch (...) {
        cuStreamEndCapture(stream, &recorded);
        if (recorded != nullptr)
            cuGraphDestroy(recorded);
        throw;
    }
    checkCuda(cuStreamEndCapture(stream, &recorded), "recording a graph");
    CUgraphExec made = nullptr;
    const CUresult result = cuGraphInstantiate(&made, recorded, 0);
    cuGraphDestroy(recorded);
    checkCuda(result, "making a graph");
    graph = made;
}
