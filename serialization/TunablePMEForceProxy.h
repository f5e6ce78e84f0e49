// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_TUNABLEPMEFORCEPROXY_H_
#define OPENMM_SURROGATE_TUNABLEPMEFORCEPROXY_H_

#include <openmm/serialization/SerializationProxy.h>

namespace SurrogatePlugin {

/**
 * Stores a TunablePMEForce in the XML of a System: the settings of its own, and a child node "NonbondedForce" that
 * OpenMM's proxy writes and reads.
 */
class TunablePMEForceProxy : public OpenMM::SerializationProxy {
public:
    TunablePMEForceProxy();
    void serialize(const void* object, OpenMM::SerializationNode& node) const override;
    void* deserialize(const OpenMM::SerializationNode& node) const override;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_TUNABLEPMEFORCEPROXY_H_*/
