// SPDX-License-Identifier: MIT
#include "TunablePMEForceProxy.h"
#include "NodeProperties.h"
#include "openmmsurrogate/TunablePMEForce.h"
#include <openmm/OpenMMException.h>
#include <openmm/serialization/SerializationNode.h>
#include <memory>
#include <typeinfo>

using namespace SurrogatePlugin;
using namespace OpenMM;
using std::string;
using std::unique_ptr;

namespace {

const char* const forceTypeName = "openmmsurrogate.TunablePMEForce";
const char* const childName = "NonbondedForce";
const int newestVersion = 1;

NumericFormat::Type readPrecision(const SerializationNode& node, const string& property) {
    return NumericFormat::parse(node.getStringProperty(property));
}

unique_ptr<TunablePMEForce> readForce(const SerializationNode& node) {
    checkVersion(node, newestVersion);
    const SerializationProxy& proxy = SerializationProxy::getProxy(typeid(NonbondedForce));
    const unique_ptr<NonbondedForce> base(
        static_cast<NonbondedForce*>(proxy.deserialize(node.getChildNode(childName))));
    auto force = std::make_unique<TunablePMEForce>(*base);
    force->setSplineOrder(readNumber<int>(node, "splineOrder"));
    force->setSpreadingPrecision(readPrecision(node, "spreadingPrecision"));
    force->setFFTPrecision(readPrecision(node, "fftPrecision"));
    force->setConvolutionPrecision(readPrecision(node, "convolutionPrecision"));
    force->setInterpolationPrecision(readPrecision(node, "interpolationPrecision"));
    force->setForceErrorTolerance(readNumber<double>(node, "forceErrorTolerance"));
    return force;
}

} // namespace

TunablePMEForceProxy::TunablePMEForceProxy() : SerializationProxy(forceTypeName) {}

void TunablePMEForceProxy::serialize(const void* object, SerializationNode& node) const {
    const TunablePMEForce& force = *reinterpret_cast<const TunablePMEForce*>(object);
    node.setIntProperty("version", newestVersion);
    node.setIntProperty("splineOrder", force.getSplineOrder());
    node.setStringProperty("spreadingPrecision", NumericFormat::getName(force.getSpreadingPrecision()));
    node.setStringProperty("fftPrecision", NumericFormat::getName(force.getFFTPrecision()));
    node.setStringProperty("convolutionPrecision", NumericFormat::getName(force.getConvolutionPrecision()));
    node.setStringProperty("interpolationPrecision", NumericFormat::getName(force.getInterpolationPrecision()));
    writeNumber(node, "forceErrorTolerance", force.getForceErrorTolerance());
    const NonbondedForce& base = force;
    SerializationProxy::getProxy(typeid(NonbondedForce)).serialize(&base, node.createChildNode(childName));
}

void* TunablePMEForceProxy::deserialize(const SerializationNode& node) const {
    try {
        return readForce(node).release();
    } catch (const OpenMMException& error) {
        throw OpenMMException(string("the XML of a ") + forceTypeName + ": " + error.what());
    }
}
