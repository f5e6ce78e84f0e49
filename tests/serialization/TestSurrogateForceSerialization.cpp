// SPDX-License-Identifier: MIT
#include "TestModels.h"
#include "openmmsurrogate/SurrogateForce.h"
#include <OpenMM.h>
#include <gtest/gtest.h>
#include <openmm/OpenMMException.h>
#include <openmm/serialization/SerializationNode.h>
#include <openmm/serialization/SerializationProxy.h>
#include <openmm/serialization/XmlSerializer.h>
#include <clocale>
#include <memory>
#include <sstream>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using OpenMM::SerializationNode;
using OpenMM::XmlSerializer;
using std::string;
using std::unique_ptr;

namespace {

/** A force in which every property differs from its default. */
SurrogateForce makeForce() {
    SurrogateForce force(makeFullModel());
    for (int type : {0, 1, -1, 2, 0})
        force.addParticle(type);
    force.addExclusion(0, 1);
    force.addExclusion(4, 2);
    force.setForceGroup(7);
    force.setName("short \"range\" <of> ions & more");
    force.setUsesPeriodicBoundaryConditions(false);
    force.setPrecision(SurrogateForce::BFloat16);
    force.setEvaluationMethod(SurrogateForce::Network);
    force.setTableTolerance(1.0 / 3e7);
    return force;
}

string toXml(const SurrogateForce& force) {
    std::stringstream stream;
    XmlSerializer::serialize(&force, "Force", stream);
    return stream.str();
}

unique_ptr<SurrogateForce> fromXml(const string& xml) {
    std::stringstream stream(xml);
    return unique_ptr<SurrogateForce>(XmlSerializer::deserialize<SurrogateForce>(stream));
}

void expectSameForce(const SurrogateForce& a, const SurrogateForce& b) {
    EXPECT_EQ(a.getForceGroup(), b.getForceGroup());
    EXPECT_EQ(a.getName(), b.getName());
    EXPECT_EQ(a.usesPeriodicBoundaryConditions(), b.usesPeriodicBoundaryConditions());
    EXPECT_EQ(a.getPrecision(), b.getPrecision());
    EXPECT_EQ(a.getEvaluationMethod(), b.getEvaluationMethod());
    EXPECT_EQ(a.getTableTolerance(), b.getTableTolerance());
    ASSERT_EQ(a.getNumParticles(), b.getNumParticles());
    for (int i = 0; i < a.getNumParticles(); i++)
        EXPECT_EQ(a.getParticleType(i), b.getParticleType(i)) << "particle " << i;
    ASSERT_EQ(a.getNumExclusions(), b.getNumExclusions());
    for (int i = 0; i < a.getNumExclusions(); i++) {
        int a1, a2, b1, b2;
        a.getExclusionParticles(i, a1, a2);
        b.getExclusionParticles(i, b1, b2);
        EXPECT_EQ(a1, b1);
        EXPECT_EQ(a2, b2);
    }
    expectSameModel(a.getModel(), b.getModel());
}

void expectXmlRefused(const string& from, const string& to, const string& message) {
    const string xml = replaceOnce(toXml(makeForce()), from, to);
    expectException([&] { fromXml(xml); }, message);
}

/** Expect that an XML in which a node has another name is refused. */
void expectNodeMissed(const string& name) {
    string xml = toXml(makeForce());
    for (const string& tag : {"<" + name + " ", "<" + name + ">", "</" + name + ">"})
        if (xml.find(tag) != string::npos)
            xml = replaceOnce(xml, tag, replaceOnce(tag, name, "Other"));
    expectException([&] { fromXml(xml); }, name);
}

/** Expect that an XML with one value of a property replaced is refused. */
void expectPropertyRefused(const string& property, const string& value, const string& message) {
    const string xml = toXml(makeForce());
    const size_t begin =
        xml.find(" " + property + "=\"", xml.find("<Force")); // behind the XML declaration's own version
    ASSERT_NE(begin, string::npos) << property;
    const size_t end = xml.find('"', begin + property.size() + 3) + 1;
    expectException([&] { fromXml(string(xml).replace(begin, end - begin, " " + property + "=\"" + value + "\"")); },
                    message);
    expectException([&] { fromXml(string(xml).erase(begin, end - begin)); }, property);
}

/** Copy a tree of nodes without one of its parts, which are its properties and nodes. Counts the parts seen. */
void copyWithout(const SerializationNode& from, SerializationNode& to, int skipped, int& numParts) {
    for (const auto& property : from.getProperties())
        if (numParts++ != skipped)
            to.setStringProperty(property.first, property.second);
    for (const SerializationNode& child : from.getChildren())
        if (numParts++ != skipped)
            copyWithout(child, to.createChildNode(child.getName()), skipped, numParts);
}

} // namespace

TEST(SurrogateForceSerialization, keepsEverything) {
    const SurrogateForce force = makeForce();
    const string xml = toXml(force);
    const unique_ptr<SurrogateForce> copy = fromXml(xml);
    expectSameForce(force, *copy);
    EXPECT_EQ(xml, toXml(*copy));
}

TEST(SurrogateForceSerialization, keepsDefaultsAndEmptiness) {
    const SurrogateForce force(makeSimpleModel());
    expectSameForce(force, *fromXml(toXml(force)));
}

TEST(SurrogateForceSerialization, livesInASystem) {
    OpenMM::System system;
    for (int i = 0; i < 5; i++)
        system.addParticle(1.0);
    system.addForce(new SurrogateForce(makeForce()));
    std::stringstream stream;
    XmlSerializer::serialize(&system, "System", stream);
    const unique_ptr<OpenMM::System> copy(XmlSerializer::deserialize<OpenMM::System>(stream));
    ASSERT_EQ(copy->getNumForces(), 1);
    expectSameForce(makeForce(), dynamic_cast<const SurrogateForce&>(copy->getForce(0)));
    const unique_ptr<OpenMM::System> clone(XmlSerializer::clone(system));
    expectSameForce(makeForce(), dynamic_cast<const SurrogateForce&>(clone->getForce(0)));
}

TEST(SurrogateForceSerialization, isRegisteredUnderANameThatTellsWhatToImport) {
    const OpenMM::SerializationProxy& proxy = OpenMM::SerializationProxy::getProxy(typeid(SurrogateForce));
    EXPECT_EQ(proxy.getTypeName(), "openmmsurrogate.SurrogateForce");
    EXPECT_EQ(&OpenMM::SerializationProxy::getProxy("openmmsurrogate.SurrogateForce"), &proxy);
}

TEST(SurrogateForceSerialization, storesAMillionParticlesInFewBytes) {
    SurrogateForce force(makeSimpleModel());
    const int numParticles = 1000000;
    for (int i = 0; i < numParticles; i++)
        force.addParticle(i % 10 == 0 ? -1 : 0);
    const string xml = toXml(force);
    EXPECT_LT(xml.size(), 3 * (size_t) numParticles);
    expectSameForce(force, *fromXml(xml));
}

TEST(SurrogateForceSerialization, doesNotDependOnTheLocale) {
    const SurrogateForce force = makeForce();
    const string xml = toXml(force);
    const string before = std::setlocale(LC_ALL, nullptr);
    if (std::setlocale(LC_ALL, "de_DE.UTF-8") == nullptr)
        GTEST_SKIP() << "the locale de_DE.UTF-8, which has a decimal comma, is not installed";
    const string other = toXml(force);
    const unique_ptr<SurrogateForce> copy = fromXml(xml);
    std::setlocale(LC_ALL, before.c_str());
    EXPECT_EQ(xml, other);
    expectSameForce(force, *copy);
}

TEST(SurrogateForceSerialization, refusesNewerVersions) {
    const string where = "the XML of an openmmsurrogate.SurrogateForce: ";
    expectXmlRefused(" version=\"1\"", " version=\"2\"",
                     where + "it has version 2, this build reads up to 1: update openmm-surrogate");
    expectXmlRefused("&quot;version&quot;:1", "&quot;version&quot;:3",
                     where + "it has format version 3, this build reads up to 1");
    expectXmlRefused(" version=\"1\"", " version=\"0\"", "property 'version' must be at least 1");
}

TEST(SurrogateForceSerialization, refusesBadProperties) {
    expectPropertyRefused("version", "one", "property 'version' is not a number of the expected kind: 'one'");
    expectPropertyRefused("forceGroup", "32", "group");
    expectPropertyRefused("forceGroup", "99999999999", "property 'forceGroup' is not a number of the expected kind");
    expectPropertyRefused("forceGroup", "7x", "property 'forceGroup' is not a number of the expected kind: '7x'");
    expectPropertyRefused("forceGroup", "7 8", "property 'forceGroup' must be one number");
    expectPropertyRefused("periodic", "2", "property 'periodic' must be 0 or 1; got 2");
    expectPropertyRefused("precision", "quadruple", "quadruple");
    expectPropertyRefused("method", "magic", "property 'method' is 'magic'; it must be automatic, network or table");
    expectPropertyRefused("tableTolerance", "nan", "tolerance");
    expectPropertyRefused("tableTolerance", "1e-5x", "property 'tableTolerance' is not a number");
    expectPropertyRefused("tableTolerance", "-1", "tolerance");
}

TEST(SurrogateForceSerialization, refusesBadParticlesAndExclusions) {
    expectPropertyRefused("types", "0 1 3 0 0", "3");
    expectPropertyRefused("types", "0 1 -2 0 0", "-2");
    expectPropertyRefused("types", "0 Na", "a particle type is not a number of the expected kind: 'Na'");
    expectPropertyRefused("p1", "x", "property 'p1' is not a number");
    expectPropertyRefused("types", "0 1", "node 'Particles' must hold 5 entries; it holds 2");
    expectXmlRefused("<Exclusions count=\"2\"", "<Exclusions count=\"4\"",
                     "node 'Exclusions' must hold 4 entries; it holds 2");
    expectNodeMissed("Exclusions");
    expectNodeMissed("Particles");
}

// OpenMM's XML parser accepts a file that ends between two nodes, and crashes on one that ends within a tag. What the
// parser delivers of a shortened file is a tree that lacks something, and this is about such trees.
TEST(SurrogateForceSerialization, noticesEveryMissingPart) {
    const SurrogateForce force = makeForce();
    const OpenMM::SerializationProxy& proxy = OpenMM::SerializationProxy::getProxy(typeid(SurrogateForce));
    SerializationNode whole, copy;
    proxy.serialize(&force, whole);
    int numParts = 0;
    copyWithout(whole, copy, -1, numParts);
    ASSERT_GT(numParts, 80); // 16 tensors with four properties each, and more
    expectSameForce(force, *unique_ptr<SurrogateForce>((SurrogateForce*) proxy.deserialize(copy)));
    for (int part = 0; part < numParts; part++) {
        SerializationNode damaged;
        int counter = 0;
        copyWithout(whole, damaged, part, counter);
        EXPECT_THROW(proxy.deserialize(damaged), OpenMM::OpenMMException) << "part " << part;
    }
}

TEST(SurrogateForceSerialization, refusesDamagedModels) {
    expectPropertyRefused("crc32", "00000000", "its checksum is '00000000'");
    expectPropertyRefused("metadata", "{}", "field 'version' is missing");
    const string tensor = "tensor 'network.0.layer.0.weight': ";
    expectPropertyRefused("dtype", "F16\x7f", tensor + "the element type must be F32, F64 or I32; got 'F16?'");
    expectPropertyRefused("shape", "4 -1", tensor + "property 'shape' is not a number of the expected kind: '-1'");
    expectPropertyRefused("shape", "4 2", tensor + "shape [4, 2] has more elements than there is data");
    expectPropertyRefused("shape", "3", tensor + "it has shape [3] but 4 values");
    expectPropertyRefused("values", "1 2 3 nan", "tensor 'network.0.layer.0.weight' is not finite at element 3");
    expectPropertyRefused("values", "1 2 3 4e99",
                          tensor + "property 'values' is not a number of the expected kind: '4e99'");
    expectPropertyRefused("values", "1 2 3 \x7f",
                          tensor + "property 'values' is not a number of the expected kind: '?'");
    expectPropertyRefused("values", "1 2 3 4", "its checksum is");
    expectXmlRefused("&quot;cutoff&quot;:0.85", "&quot;cutoff&quot;:0.86", "its checksum is");
    expectNodeMissed("Model");
}
