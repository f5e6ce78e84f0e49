// SPDX-License-Identifier: MIT
#include "PlatformCase.h"
#include <openmm/Context.h>
#include <openmm/System.h>
#include <openmm/VerletIntegrator.h>
#include <cstdlib>

using namespace SurrogatePlugin;
using OpenMM::Platform;

namespace SurrogateTest {

namespace {

/** Get the path of a plugin library: where it was built, or its namesake in the folder that the environment names. */
std::string locate(const std::string& built) {
    const char* folder = std::getenv("OPENMM_SURROGATE_PLUGIN_DIR");
    return folder == nullptr ? built : folder + built.substr(built.rfind('/'));
}

bool hasPlatform(const std::string& name) {
    for (int i = 0; i < Platform::getNumPlatforms(); i++)
        if (Platform::getPlatform(i).getName() == name)
            return true;
    return false;
}

/**
 * Keep a Context on the GPU for as long as the program runs. CUDA takes down its state of a process with the last Context, and setting it up
 * again takes longer than most tests.
 */
void keepDevice() {
    static const OpenMM::Context* const kept = [] {
        OpenMM::System* system = new OpenMM::System(); // never deleted: plugins might be gone by then
        system->addParticle(1);
        return new OpenMM::Context(*system, *new OpenMM::VerletIntegrator(0.001), Platform::getPlatform("CUDA"));
    }();
    (void) kept;
}

} // namespace

std::string PlatformCase::getName() const {
    const std::string arithmetic = contextPrecision.empty() ? "" : "_" + contextPrecision;
    return platform + arithmetic + (usesTable() ? "_Table_" : "_Network_") + NumericFormat::getName(precision);
}

std::string PlatformCase::getReasonToSkip() const {
    loadPlugins();
    if (!hasPlatform(platform))
        return "OpenMM has no platform " + platform + " here: it needs a GPU and OpenMM's plugin for it";
    if (platform == "CUDA")
        keepDevice();
    return "";
}

std::map<std::string, std::string> PlatformCase::getProperties() const {
    if (contextPrecision.empty())
        return {};
    return {{"Precision", contextPrecision}, {"DeterministicForces", deterministic ? "true" : "false"}};
}

void loadPlugins() {
    static const bool loaded = [] {
        const char* folder = std::getenv("OPENMM_PLUGIN_DIR");
        Platform::loadPluginsFromDirectory(folder == nullptr ? OPENMM_PLUGIN_DIR : folder);
        Platform::loadPluginLibrary(locate(SURROGATE_REFERENCE_PLUGIN));
        Platform::loadPluginLibrary(locate(SURROGATE_CPU_PLUGIN));
        if (hasPlatform("CUDA"))
            Platform::loadPluginLibrary(locate(SURROGATE_CUDA_PLUGIN));
        return true;
    }();
    (void) loaded;
}

const std::vector<PlatformCase>& getPlatformCases() {
    loadPlugins();
    static const std::vector<PlatformCase> cases = {
        {"Reference", SurrogateForce::Network, SurrogateForce::Double},
        {"Reference", SurrogateForce::Table, SurrogateForce::Double},
        {"CPU", SurrogateForce::Network, SurrogateForce::Single},
        {"CPU", SurrogateForce::Table, SurrogateForce::Single},
        {"CPU", SurrogateForce::Table, SurrogateForce::Double},
        {"CUDA", SurrogateForce::Table, SurrogateForce::Single, "single"},
        {"CUDA", SurrogateForce::Table, SurrogateForce::Single, "mixed"},
        {"CUDA", SurrogateForce::Table, SurrogateForce::Double, "double"},
        {"CUDA", SurrogateForce::Network, SurrogateForce::Single, "single"},
        {"CUDA", SurrogateForce::Network, SurrogateForce::Single, "mixed"},
        {"CUDA", SurrogateForce::Network, SurrogateForce::Double, "double"},
    };
    return cases;
}

} // namespace SurrogateTest
