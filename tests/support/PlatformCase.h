// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PLATFORMCASE_H_
#define OPENMM_SURROGATE_PLATFORMCASE_H_

#include "openmmsurrogate/SurrogateForce.h"
#include <gtest/gtest.h>
#include <openmm/Platform.h>
#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace SurrogateTest {

/** A way to compute a SurrogateForce: one test body runs for all of them. */
struct PlatformCase {
    std::string platform;
    SurrogatePlugin::SurrogateForce::EvaluationMethod method;
    SurrogatePlugin::SurrogateForce::Precision precision;
    /** The Precision of platform CUDA: "single", "mixed" or "double". Empty for the others, which have no such property. */
    std::string contextPrecision = "";
    /** Whether to ask platform CUDA for DeterministicForces. */
    bool deterministic = false;
    /** Get a name for the test case, such as "CPU_Table_single". */
    std::string getName() const;
    /** Get why the case cannot run on this machine; empty if it can. */
    std::string getReasonToSkip() const;
    OpenMM::Platform& getPlatform() const { return OpenMM::Platform::getPlatform(platform); }
    /** Get the properties to create a Context with. */
    std::map<std::string, std::string> getProperties() const;
    bool usesTable() const { return method != SurrogatePlugin::SurrogateForce::Network; }
    /** Get whether pair forces are computed and added in single precision. */
    bool isSingleArithmetic() const {
        if (platform == "CUDA")
            return contextPrecision != "double";
        return platform == "CPU" && usesTable() && precision != SurrogatePlugin::SurrogateForce::Double;
    }
    /** Get whether the Context itself holds positions in single precision. */
    bool hasSinglePositions() const { return platform == "CUDA" && isSingleArithmetic(); }
};

/** A test that runs once for each case, and is skipped, with the reason, where the case cannot run. */
class PlatformTest : public testing::TestWithParam<PlatformCase> {
protected:
    void SetUp() override {
        const std::string reason = GetParam().getReasonToSkip();
        if (!reason.empty())
            GTEST_SKIP() << reason;
    }
};

/**
 * Load OpenMM's plugins and ours, once, from where the build left them; or, for programs that were copied to another machine, from the
 * folders in the environment variables OPENMM_PLUGIN_DIR and OPENMM_SURROGATE_PLUGIN_DIR.
 */
void loadPlugins();

/** Get all combinations of platform, method and precision that are tested; plugins are loaded first. */
const std::vector<PlatformCase>& getPlatformCases();

inline std::ostream& operator<<(std::ostream& stream, const PlatformCase& platformCase) {
    return stream << platformCase.getName();
}

/** For INSTANTIATE_TEST_SUITE_P. */
struct PlatformCaseName {
    template <class Info>
    std::string operator()(const Info& info) const {
        return info.param.getName();
    }
};

} // namespace SurrogateTest

#endif /*OPENMM_SURROGATE_PLATFORMCASE_H_*/
