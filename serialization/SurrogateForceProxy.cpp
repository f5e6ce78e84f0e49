// SPDX-License-Identifier: MIT
#include "SurrogateForceProxy.h"
#include "ModelNode.h"
#include "NodeProperties.h"
#include "openmmsurrogate/SurrogateForce.h"
#include <openmm/OpenMMException.h>
#include <openmm/serialization/SerializationNode.h>
#include <array>
#include <memory>

using namespace SurrogatePlugin;
using namespace OpenMM;
using std::string;
using std::vector;

namespace {

// The prefix is there for who reads such a file without the package: OpenMM's message then names what to import.
const char* const forceTypeName = "openmmsurrogate.SurrogateForce";
const int newestVersion = 1;
// In the order of SurrogateForce::EvaluationMethod.
const std::array<string, 3> methodNames = {"automatic", "network", "table"};

bool readFlag(const SerializationNode& node, const string& property) {
    const int value = readNumber<int>(node, property);
    if (value != 0 && value != 1)
        throw OpenMMException("property '" + property + "' must be 0 or 1; got " + std::to_string(value));
    return value == 1;
}

SurrogateForce::EvaluationMethod parseMethod(const string& name) {
    for (size_t i = 0; i < methodNames.size(); i++)
        if (name == methodNames[i])
            return (SurrogateForce::EvaluationMethod) i;
    throw OpenMMException("property 'method' is '" + name + "'; it must be automatic, network or table");
}

void writeParticlesAndExclusions(const SurrogateForce& force, SerializationNode& node) {
    vector<int> types;
    for (int i = 0; i < force.getNumParticles(); i++)
        types.push_back(force.getParticleType(i));
    // One number each, not one node: a million particles then cost two megabytes.
    node.createChildNode("Particles")
        .setStringProperty("types", writeNumbers<int>(types))
        .setIntProperty("count", (int) types.size());
    SerializationNode& exclusions =
        node.createChildNode("Exclusions").setIntProperty("count", force.getNumExclusions());
    for (int i = 0; i < force.getNumExclusions(); i++) {
        int particle1, particle2;
        force.getExclusionParticles(i, particle1, particle2);
        exclusions.createChildNode("Exclusion").setIntProperty("p1", particle1).setIntProperty("p2", particle2);
    }
}

/** Compare a list with its stated length: OpenMM's XML parser lets a file pass that ends between two entries. */
void checkCount(const SerializationNode& list, size_t found) {
    const int count = readNumber<int>(list, "count");
    if (count < 0 || (size_t) count != found)
        throw OpenMMException("node '" + list.getName() + "' must hold " + std::to_string(count) +
                              " entries; it holds " + std::to_string(found));
}

void readParticles(const SerializationNode& node, SurrogateForce& force) {
    const SerializationNode& particles = node.getChildNode("Particles");
    const vector<int> types = readNumbers<int>(particles.getStringProperty("types"), "a particle type");
    checkCount(particles, types.size());
    for (int type : types)
        force.addParticle(type);
}

void readExclusions(const SerializationNode& node, SurrogateForce& force) {
    const SerializationNode& exclusions = node.getChildNode("Exclusions");
    checkCount(exclusions, exclusions.getChildren().size());
    for (const SerializationNode& exclusion : exclusions.getChildren()) {
        const int particle1 = readNumber<int>(exclusion, "p1");
        force.addExclusion(particle1, readNumber<int>(exclusion, "p2"));
    }
}

std::unique_ptr<SurrogateForce> readForce(const SerializationNode& node) {
    checkVersion(node, newestVersion);
    auto force = std::make_unique<SurrogateForce>(readModel(node.getChildNode("Model")));
    force->setForceGroup(readNumber<int>(node, "forceGroup"));
    force->setName(node.getStringProperty("name"));
    force->setUsesPeriodicBoundaryConditions(readFlag(node, "periodic"));
    force->setPrecision(NumericFormat::parse(node.getStringProperty("precision")));
    force->setEvaluationMethod(parseMethod(node.getStringProperty("method")));
    force->setTableTolerance(readNumber<double>(node, "tableTolerance"));
    readParticles(node, *force);
    readExclusions(node, *force);
    return force;
}

} // namespace

SurrogateForceProxy::SurrogateForceProxy() : SerializationProxy(forceTypeName) {}

void SurrogateForceProxy::serialize(const void* object, SerializationNode& node) const {
    const SurrogateForce& force = *reinterpret_cast<const SurrogateForce*>(object);
    node.setIntProperty("version", newestVersion);
    node.setIntProperty("forceGroup", force.getForceGroup());
    node.setStringProperty("name", force.getName());
    node.setIntProperty("periodic", force.usesPeriodicBoundaryConditions() ? 1 : 0);
    node.setStringProperty("precision", NumericFormat::getName(force.getPrecision()));
    node.setStringProperty("method", methodNames.at(force.getEvaluationMethod()));
    writeNumber(node, "tableTolerance", force.getTableTolerance());
    writeModel(force.getModel(), node.createChildNode("Model"));
    writeParticlesAndExclusions(force, node);
}

void* SurrogateForceProxy::deserialize(const SerializationNode& node) const {
    try {
        return readForce(node).release();
    } catch (const OpenMMException& error) {
        throw OpenMMException(string("the XML of an ") + forceTypeName + ": " + error.what());
    }
}
