// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_SURROGATEFORCEPROXY_H_
#define OPENMM_SURROGATE_SURROGATEFORCEPROXY_H_

#include <openmm/serialization/SerializationProxy.h>

namespace SurrogatePlugin {

/** Stores a SurrogateForce, with the whole model, in the XML of a System. docs/reference/model-file.md describes it. */
class SurrogateForceProxy : public OpenMM::SerializationProxy {
public:
    SurrogateForceProxy();
    void serialize(const void* object, OpenMM::SerializationNode& node) const override;
    void* deserialize(const OpenMM::SerializationNode& node) const override;
};

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_SURROGATEFORCEPROXY_H_*/
