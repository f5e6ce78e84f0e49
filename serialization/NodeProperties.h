// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_NODEPROPERTIES_H_
#define OPENMM_SURROGATE_NODEPROPERTIES_H_

#include "TextNumbers.h"
#include <openmm/OpenMMException.h>
#include <openmm/serialization/SerializationNode.h>
#include <array>
#include <string>
#include <vector>

namespace SurrogatePlugin {

/** Read a property that is one number. @throws OpenMM::OpenMMException if it is anything else */
template <class T>
T readNumber(const OpenMM::SerializationNode& node, const std::string& property) {
    const std::vector<T> numbers = readNumbers<T>(node.getStringProperty(property), "property '" + property + "'");
    if (numbers.size() != 1)
        throw OpenMM::OpenMMException("property '" + property + "' must be one number");
    return numbers[0];
}

/** Write a number so that reading gives it back exactly. */
inline void writeNumber(OpenMM::SerializationNode& node, const std::string& property, double value) {
    node.setStringProperty(property, writeNumbers<double>(std::array<double, 1>{value}));
}

/** Check the property 'version' of a force. @throws OpenMM::OpenMMException if this build cannot read it */
inline void checkVersion(const OpenMM::SerializationNode& node, int newest) {
    const int version = readNumber<int>(node, "version");
    if (version > newest)
        throw OpenMM::OpenMMException("it has version " + std::to_string(version) + ", this build reads up to " +
                                      std::to_string(newest) + ": update openmm-surrogate");
    if (version < 1)
        throw OpenMM::OpenMMException("property 'version' must be at least 1; got " + std::to_string(version));
}

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_NODEPROPERTIES_H_*/
