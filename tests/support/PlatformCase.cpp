// SPDX-License-Identifier: MIT
#include "PlatformCase.h"

using namespace SurrogatePlugin;
using OpenMM::Platform;

namespace SurrogateTest {

std::string PlatformCase::getName() const {
    return platform + (usesTable() ? "_Table_" : "_Network_") + NumericFormat::getName(precision);
}

void loadPlugins() {
    static const bool loaded = [] {
        Platform::loadPluginsFromDirectory(OPENMM_PLUGIN_DIR);
        Platform::loadPluginLibrary(SURROGATE_REFERENCE_PLUGIN);
        Platform::loadPluginLibrary(SURROGATE_CPU_PLUGIN);
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
    };
    return cases;
}

} // namespace SurrogateTest
