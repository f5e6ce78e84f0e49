// SPDX-License-Identifier: MIT
// What is left behind when a call of CUDA's driver fails, another one in each run: driver/FailingDriver.h is in the place of the driver. Needs OpenMM's CUDA
// library and NVRTC, not a GPU.
#include "ArgonLikeModel.h"
#include "IonicSystems.h"
#include "OpenMMSurrogate.h"
#include "PlatformCase.h"
#include "TestSystems.h"
#include "driver/FailingDriver.h"
#include <gtest/gtest.h>
#include <openmm/Context.h>
#include <openmm/OpenMMException.h>
#include <openmm/Platform.h>
#include <openmm/System.h>
#include <openmm/VerletIntegrator.h>
#include <cstdlib>
#include <dlfcn.h>
#include <fstream>
#include <functional>
#include <memory>

using namespace SurrogateTest;
using namespace SurrogatePlugin;
using namespace OpenMM;
using std::string;
using std::vector;

namespace {

// One of so many calls fails, another one in each run; and each that allocates memory, which is what a GPU can be short of, once there is a Context.
constexpr long Interval = 11;

/** A System to run on the GPU that is none. */
struct Sample {
    System system;
    vector<Vec3> positions;
    std::function<void(Context&)> update; // parameters of the force
};

std::unique_ptr<Sample> makeIons() {
    std::unique_ptr<Sample> sample(new Sample());
    const Vec3 box[3] = {Vec3(2.4, 0, 0), Vec3(0, 2.4, 0), Vec3(0, 0, 2.4)};
    const ChargedSystem salt = makeSalt(box, 0.28, 0.02);
    sample->system.setDefaultPeriodicBoxVectors(box[0], box[1], box[2]);
    sample->positions = salt.positions;
    TunablePMEForce* force = new TunablePMEForce();
    force->setNonbondedMethod(NonbondedForce::PME);
    force->setKSpaceMethod(TunablePMEForce::ESP);
    for (double charge : salt.charges) {
        sample->system.addParticle(30);
        force->addParticle(charge, 0.3, 0.1);
    }
    force->addException(0, 1, 0, 0.3, 0);
    sample->system.addForce(force);
    sample->update = [force](Context& context) {
        force->setParticleParameters(3, 0.5, 0.2, 0.1);
        force->updateParametersInContext(context);
    };
    return sample;
}

std::unique_ptr<Sample> makeMixture(SurrogateForce::EvaluationMethod method) {
    std::unique_ptr<Sample> sample(new Sample());
    const Box box = makeArgonBox(500);
    sample->system.setDefaultPeriodicBoxVectors(box.a, box.b, box.c);
    sample->positions = makeFluid(box, 0.37);
    SurrogateForce* force = new SurrogateForce(makeMixtureModel());
    force->setEvaluationMethod(method);
    for (int type : makeTypes((int) sample->positions.size(), 3)) {
        sample->system.addParticle(30);
        force->addParticle(type);
    }
    sample->system.addForce(force);
    sample->update = [force](Context& context) {
        force->setParticleType(3, (force->getParticleType(3) + 1) % 3);
        force->updateParametersInContext(context);
    };
    return sample;
}

std::unique_ptr<Sample> makeSample(const string& kind) {
    if (kind == "ESP")
        return makeIons();
    return makeMixture(kind == "Table" ? SurrogateForce::Table : SurrogateForce::Network);
}

} // namespace

class CudaFailures : public ::testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        // Without programs that OpenMM has kept for real GPUs, and without a thread for each of many Contexts that it does not delete.
        setenv("OPENMM_CACHE_DIR", FAILING_DRIVER_PROGRAMS, 1);
        setenv("OPENMM_CPU_THREADS", "1", 1);
        static const string reason = load();
        if (!reason.empty() && getenv("CI") != nullptr) // where the test must not be left out unnoticed
            FAIL() << reason;
        if (!reason.empty())
            GTEST_SKIP() << reason;
    }
    /** Run all that a script may do, whatever fails on the way. */
    void run() {
        const std::unique_ptr<Sample> sample = makeSample(GetParam());
        vector<std::unique_ptr<VerletIntegrator> > integrators; // one for each attempt, since OpenMM binds them
        std::unique_ptr<Context> context;
        long living = 0;
        attempt("creating a Context", [&] {
            living = driver->countLiving(); // OpenMM does not delete a Context whose creation has failed
            integrators.emplace_back(new VerletIntegrator(0.001));
            context.reset(new Context(sample->system, *integrators.back(), Platform::getPlatform("CUDA")));
        });
        if (context == nullptr)
            return;
        numCallsOfCreation = driver->getNumCalls();
        auto step = [&] { context->getIntegrator().step(1); };
        auto evaluate = [&] { context->getState(State::Forces | State::Energy); };
        attempt("setting positions", [&] { context->setPositions(sample->positions); });
        attempt("the first evaluation", evaluate);
        for (int k = 0; k < 5; k++)
            attempt("a step", step);
        attempt("updating parameters", [&] { sample->update(*context); });
        attempt("an evaluation with new parameters", evaluate);
        attempt("setting the box", [&] {
            Vec3 box[3];
            sample->system.getDefaultPeriodicBoxVectors(box[0], box[1], box[2]);
            context->setPeriodicBoxVectors(1.2 * box[0], 1.2 * box[1], 1.2 * box[2]);
        });
        for (int k = 0; k < 3; k++)
            attempt("a step in another box", step);
        attempt("the last evaluation", evaluate);
        context.reset();
        EXPECT_EQ(living, driver->countLiving()) << driver->getFailed();
    }
    static const FailingDriver* driver;
    long numCallsOfCreation = 0; // of a Context, in the last run that came so far

private:
    /** Load the driver and what goes on it. Returns what is missing. */
    static string load();
    /** Do something; again after an exception, which is to be the only one. */
    void attempt(const string& what, const std::function<void()>& action) {
        try {
            action();
        } catch (const OpenMMException& first) {
            EXPECT_STRNE("", driver->getFailed()) << what << ": " << first.what();
            try {
                action();
            } catch (const std::exception& second) {
                ADD_FAILURE() << what << " failed for good when " << driver->getFailed()
                              << " had failed: " << first.what() << ", then " << second.what();
            }
        }
    }
};

const FailingDriver* CudaFailures::driver = nullptr;

string CudaFailures::load() {
    const string openmm = OPENMM_CUDA_LIBRARY;
    if (!std::ifstream(openmm))
        return "OpenMM's CUDA library is not where the build looked for it; ./dev test installs it beside the build";
    void* library = nullptr;
    // Whatever asks for libraries of these names later gets these.
    for (const char* path : {SURROGATE_NVRTC_LIBRARY, FAILING_TRANSFORMS, FAILING_DRIVER}) {
        library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
        if (library == nullptr)
            return string("cannot be loaded: ") + dlerror();
    }
    driver = reinterpret_cast<GetFailingDriver>(dlsym(library, "getFailingDriver"))();
    Platform::loadPluginLibrary(openmm);
    loadPlugins();
    return "";
}

TEST_P(CudaFailures, LeaveNothingBehind) {
    driver->failAt(0);
    run(); // compiles programs, which later runs find
    driver->failAt(0);
    run();
    const long numCalls = driver->getNumCalls();
    ASSERT_STREQ("", driver->takeFaults());
    vector<long> failing;
    for (long call = 1; call <= numCalls; call++)
        if (call % Interval == 0 ||
            (call > numCallsOfCreation && string(driver->getName(call)).find("Alloc") != string::npos))
            failing.push_back(call);
    for (long call : failing) {
        driver->failAt(call);
        run();
        ASSERT_STRNE("", driver->getFailed());
        EXPECT_STREQ("", driver->takeFaults()) << "call " << call;
    }
}

INSTANTIATE_TEST_SUITE_P(Forces, CudaFailures, ::testing::Values("ESP", "Table", "Network"),
                         [](const auto& info) { return string(info.param); });
