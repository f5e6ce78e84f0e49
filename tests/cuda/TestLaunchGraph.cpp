// SPDX-License-Identifier: MIT
// What is recorded, launched and forgotten, with functions in the place of CUDA's driver that can fail. Needs no GPU.
#include "kspace/LaunchGraph.h"
#include <gtest/gtest.h>
#include <openmm/OpenMMException.h>
#include <string>
#include <vector>

using namespace SurrogatePlugin;
using OpenMM::OpenMMException;
using std::string;
using std::vector;

namespace {

/** What the functions below have been called for, and which one fails. */
struct Driver {
    vector<string> calls;
    string failing; // the name of a function
    bool isCapturing = false;
    int numGraphs = 0, numExecutables = 0; // that live
    CUresult call(const string& name) {
        calls.push_back(name);
        return name == failing ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
    }
};

Driver driver;
int anything; // that handles can point to

/** A graph of two launches, with a stream that no driver looks at. */
class LaunchGraphs : public ::testing::Test {
protected:
    void SetUp() override { driver = Driver(); }
    /** Launch under a key, and get what that called. */
    vector<string> launch(int keyValue) {
        driver.calls.clear();
        LaunchGraph::Key key;
        key.add(keyValue);
        graph.launch(reinterpret_cast<CUstream>(&anything), key, [&] {
            driver.call("first");
            if (fails)
                throw OpenMMException("a launch failed");
            driver.call("second");
        });
        return driver.calls;
    }
    LaunchGraph graph;
    bool fails = false;
    const vector<string> plain = {"first", "second"}, again = {"launch"},
                         recording = {"begin", "first", "second", "end", "instantiate", "launch"};
};

} // namespace

extern "C" {
CUresult cuStreamBeginCapture(CUstream, CUstreamCaptureMode) {
    const CUresult result = driver.call("begin");
    driver.isCapturing = result == CUDA_SUCCESS;
    return result;
}

CUresult cuStreamEndCapture(CUstream, CUgraph* graph) {
    driver.isCapturing = false; // whatever it returns
    const CUresult result = driver.call("end");
    if (result == CUDA_SUCCESS) {
        *graph = reinterpret_cast<CUgraph>(&anything);
        driver.numGraphs++;
    }
    return result;
}

CUresult cuGraphInstantiate(CUgraphExec* executable, CUgraph, unsigned long long) {
    *executable = reinterpret_cast<CUgraphExec>(&anything); // also where it fails: nobody may use it then
    const CUresult result = driver.call("instantiate");
    if (result == CUDA_SUCCESS)
        driver.numExecutables++;
    return result;
}

CUresult cuGraphLaunch(CUgraphExec, CUstream) {
    return driver.call("launch");
}

CUresult cuGraphDestroy(CUgraph) {
    driver.numGraphs--;
    return CUDA_SUCCESS;
}

CUresult cuGraphExecDestroy(CUgraphExec) {
    driver.numExecutables--;
    return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult, const char** name) {
    *name = "SOME_ERROR";
    return CUDA_SUCCESS;
}
}

TEST_F(LaunchGraphs, AreRecordedTheSecondTime) {
    EXPECT_EQ(plain, launch(1));
    EXPECT_EQ(recording, launch(1));
    EXPECT_EQ(again, launch(1));
    EXPECT_EQ(plain, launch(2)); // the arguments have changed
    EXPECT_EQ(0, driver.numExecutables);
    EXPECT_EQ(recording, launch(2));
    EXPECT_EQ(0, driver.numGraphs);
    EXPECT_EQ(1, driver.numExecutables);
    graph.clear();
    EXPECT_EQ(0, driver.numExecutables);
    EXPECT_EQ(recording, launch(2));
}

TEST_F(LaunchGraphs, AreRecordedAgainAfterALaunchThatFailed) {
    launch(1);
    fails = true;
    EXPECT_THROW(launch(1), OpenMMException);
    EXPECT_FALSE(driver.isCapturing); // or the stream would be of no more use
    EXPECT_EQ(0, driver.numGraphs);
    fails = false;
    EXPECT_EQ(recording, launch(1));
}

TEST_F(LaunchGraphs, AreRecordedAgainAfterTheDriverFailed) {
    for (const char* function : {"begin", "end", "instantiate"}) {
        launch(1);
        driver.failing = function;
        EXPECT_THROW(launch(1), OpenMMException) << function;
        EXPECT_FALSE(driver.isCapturing) << function;
        EXPECT_EQ(0, driver.numGraphs) << function;
        EXPECT_EQ(0, driver.numExecutables) << function;
        driver.failing = "";
        EXPECT_EQ(recording, launch(1)) << function;
        graph.clear();
        launch(2);
    }
}

TEST_F(LaunchGraphs, AreKeptWhereTheirLaunchFailed) {
    launch(1);
    launch(1);
    driver.failing = "launch";
    EXPECT_THROW(launch(1), OpenMMException);
    driver.failing = "";
    EXPECT_EQ(again, launch(1));
}
