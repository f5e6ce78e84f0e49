// SPDX-License-Identifier: MIT
#include "TestModels.h"
#include "openmmsurrogate/internal/OpenMMVersion.h"
#include <gtest/gtest.h>
#include <openmm/Platform.h>

using namespace SurrogatePlugin;
using namespace SurrogateTest;

TEST(OpenMMVersion, AcceptsTheOneBuiltFor) {
    checkOpenMMVersion(OpenMM::Platform::getOpenMMVersion());
    checkOpenMMVersion("8.6");
    checkOpenMMVersion("8.6.1.dev-b399af4");
}

TEST(OpenMMVersion, RefusesOthersAndSaysWhatToInstall) {
    expectException([] { checkOpenMMVersion("8.5.2"); }, "8.5.2 is too old");
    expectException([] { checkOpenMMVersion("7.9"); }, "too old");
    expectException([] { checkOpenMMVersion("8.7"); }, "too new");
    expectException([] { checkOpenMMVersion("10.1"); }, "Install OpenMM 8.6.1");
}
