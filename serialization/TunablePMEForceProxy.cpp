// SPDX-License-Identifier: MIT
#include "TunablePMEForceProxy.h"
#include "NodeProperties.h"
#include "openmmsurrogate/TunablePMEForce.h"
#include <openmm/OpenMMException.h>
#include <openmm/serialization/SerializationNode.h>
#include <map>
#include <memory>
#include <typeinfo>

using namespace SurrogatePlugin;
using namespace OpenMM;
using std::string;
using std::unique_ptr;

namespace {

const char* const forceTypeName = "openmmsurrogate.TunablePMEForce";
const char* const childName = "NonbondedForce";
const int newestVersion = 2; // 1 has no kSpaceMethod: it was always SPME

NumericFormat::Type readPrecision(const SerializationNode& node, const string& property) {
    return NumericFormat::parse(node.getStringProperty(property));
}

const std::map<string, TunablePMEForce::KSpaceMethod> methods = {
    {"automatic", TunablePMEForce::Automatic}, {"spme", TunablePMEForce::SPME}, {"esp", TunablePMEForce::ESP}};

string getMethodName(TunablePMEForce::KSpaceMethod method) {
    for (const auto& entry : methods)
        if (entry.second == method)
            return entry.first;
    throw OpenMMException("there is no k-space method " + std::to_string((int) method));
}

TunablePMEForce::KSpaceMethod readMethod(const SerializationNode& node) {
    if (readNumber<int>(node, "version") < 2)
        return TunablePMEForce::SPME;
    const string& name = node.getStringProperty("kSpaceMethod");
    const auto entry = methods.find(name);
    if (entry == methods.end())
        throw OpenMMException("property 'kSpaceMethod' must be automatic, spme or esp; got '" + name + "'");
    return entry->second;
}

unique_ptr<TunablePMEForce> readForce(const SerializationNode& node) {
    checkVersion(node, newestVersion);
    const SerializationProxy& proxy = SerializationProxy::getProxy(typeid(NonbondedForce));
    const unique_ptr<NonbondedForce> base(
        static_cast<NonbondedForce*>(proxy.deserialize(node.getChildNode(childName))));
    auto force = std::make_unique<TunablePMEForce>(*base);
    force->setKSpaceMethod(readMethod(node));
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
    node.setStringProperty("kSpaceMethod", getMethodName(force.getKSpaceMethod()));
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
