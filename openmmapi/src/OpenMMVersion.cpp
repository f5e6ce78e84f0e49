// SPDX-License-Identifier: MIT
#include "openmmsurrogate/internal/OpenMMVersion.h"
#include <openmm/OpenMMException.h>
#include <cstdio>

void SurrogatePlugin::checkOpenMMVersion(const std::string& version) {
    int major = 0, minor = 0;
    if (std::sscanf(version.c_str(), "%d.%d", &major, &minor) == 2 && major == 8 && minor == 6)
        return;
    const bool isOld = major < 8 || (major == 8 && minor < 6);
    throw OpenMM::OpenMMException(
        "openmm-surrogate: OpenMM " + version + " is too " + (isOld ? "old" : "new") +
        " for this plugin, which was built for OpenMM 8.6. Install OpenMM 8.6.1 or a later 8.6, or build the "
        "plugin again for this one.");
}
