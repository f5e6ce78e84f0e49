// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_KERNELSETTINGS_H_
#define OPENMM_SURROGATE_KERNELSETTINGS_H_

#include "openmmsurrogate/SurrogateForce.h"
#include <string>

namespace SurrogatePlugin {

/** What the settings of a SurrogateForce mean on a platform: the only place that decides it, for all platforms. */
struct KernelSettings {
    /**
     * @param force         the force
     * @param platformName  what Platform::getName() returns
     */
    KernelSettings(const SurrogateForce& force, const std::string& platformName);
    /** The format that defines the function evaluated. Never Default. */
    NumericFormat::Type precision;
    /** Whether tables are evaluated, else networks. */
    bool useTable;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_KERNELSETTINGS_H_*/
