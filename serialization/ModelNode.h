// SPDX-License-Identifier: MIT
#ifndef OPENMM_SURROGATE_MODELNODE_H_
#define OPENMM_SURROGATE_MODELNODE_H_

#include "openmmsurrogate/SurrogateModel.h"
#include <openmm/serialization/SerializationNode.h>

namespace SurrogatePlugin {

/** Store a whole model in a node: the metadata as a text, and a child node for each array. */
void writeModel(const SurrogateModel& model, OpenMM::SerializationNode& node);

/** Get the model that is stored in a node. @throws OpenMM::OpenMMException if it is damaged or from a newer version */
SurrogateModel readModel(const OpenMM::SerializationNode& node);

} // namespace SurrogatePlugin

#endif /*OPENMM_SURROGATE_MODELNODE_H_*/
