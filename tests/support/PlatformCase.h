// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_PLATFORMCASE_H_
#define OPENMM_SURROGATE_PLATFORMCASE_H_

#include "openmmsurrogate/SurrogateForce.h"
#include <openmm/Platform.h>
#include <ostream>
#include <string>
#include <vector>

namespace SurrogateTest {

/** A way to compute a SurrogateForce: one test body runs for all of them. */
struct PlatformCase {
    std::string platform;
    SurrogatePlugin::SurrogateForce::EvaluationMethod method;
    SurrogatePlugin::SurrogateForce::Precision precision;
    /** Get a name for the test case, such as "CPU_Table_single". */
    std::string getName() const;
    OpenMM::Platform& getPlatform() const { return OpenMM::Platform::getPlatform(platform); }
    bool usesTable() const { return method != SurrogatePlugin::SurrogateForce::Network; }
    /** Get whether pair forces are computed and added in single precision. */
    bool isSingleArithmetic() const {
        return platform == "CPU" && usesTable() && precision != SurrogatePlugin::SurrogateForce::Double;
    }
};

/** Load OpenMM's plugins and ours, once. */
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
