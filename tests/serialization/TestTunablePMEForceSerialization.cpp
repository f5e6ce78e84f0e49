// SPDX-License-Identifier: MIT
#include "TestModels.h"
#include "openmmsurrogate/TunablePMEForce.h"
#include <gtest/gtest.h>
#include <openmm/System.h>
#include <openmm/serialization/XmlSerializer.h>
#include <memory>
#include <sstream>

using namespace SurrogatePlugin;
using namespace SurrogateTest;
using namespace OpenMM;
using std::string;

namespace {

/** Make a force in which everything differs from its default. */
std::unique_ptr<TunablePMEForce> makeForce() {
    auto force = std::make_unique<TunablePMEForce>();
    force->setName("a name");
    force->setForceGroup(3);
    force->setReciprocalSpaceForceGroup(5);
    force->setNonbondedMethod(NonbondedForce::LJPME);
    force->setCutoffDistance(0.85);
    force->setUseSwitchingFunction(true);
    force->setSwitchingDistance(0.7);
    force->setEwaldErrorTolerance(1e-5);
    force->setPMEParameters(3.1, 20, 21, 22);
    force->setLJPMEParameters(3.2, 23, 24, 25);
    force->setUseDispersionCorrection(false);
    force->setIncludeDirectSpace(false);
    force->setExceptionsUsePeriodicBoundaryConditions(true);
    force->addParticle(0.1, 0.2, 0.3);
    force->addParticle(1.0 / 3, 0.5, 0.6);
    force->addException(0, 1, 0.7, 0.8, 0.9);
    force->addGlobalParameter("lambda", 0.25);
    force->addParticleParameterOffset("lambda", 1, 1.1, 1.2, 1.3);
    force->addExceptionParameterOffset("lambda", 0, 1.4, 1.5, 1.6);
    force->setKSpaceMethod(TunablePMEForce::ESP);
    force->setSplineOrder(7);
    force->setSpreadingPrecision(TunablePMEForce::Single);
    force->setFFTPrecision(TunablePMEForce::Double);
    force->setConvolutionPrecision(TunablePMEForce::BFloat16);
    force->setInterpolationPrecision(TunablePMEForce::Float16);
    force->setForceErrorTolerance(1.0 / 3);
    return force;
}

string toXml(const TunablePMEForce& force) {
    std::stringstream stream;
    XmlSerializer::serialize<Force>(&force, "Force", stream);
    return stream.str();
}

std::unique_ptr<Force> fromXml(const string& xml) {
    std::stringstream stream(xml);
    return std::unique_ptr<Force>(XmlSerializer::deserialize<Force>(stream));
}

void expectSameSettings(const TunablePMEForce& a, const TunablePMEForce& b) {
    EXPECT_EQ(a.getKSpaceMethod(), b.getKSpaceMethod());
    EXPECT_EQ(a.getSplineOrder(), b.getSplineOrder());
    EXPECT_EQ(a.getSpreadingPrecision(), b.getSpreadingPrecision());
    EXPECT_EQ(a.getFFTPrecision(), b.getFFTPrecision());
    EXPECT_EQ(a.getConvolutionPrecision(), b.getConvolutionPrecision());
    EXPECT_EQ(a.getInterpolationPrecision(), b.getInterpolationPrecision());
    EXPECT_EQ(a.getForceErrorTolerance(), b.getForceErrorTolerance());
}

} // namespace

TEST(TunablePMEForceSerialization, roundTripKeepsEverything) {
    const auto force = makeForce();
    const string xml = toXml(*force);
    const auto copy = fromXml(xml);
    const auto* tunable = dynamic_cast<const TunablePMEForce*>(copy.get());
    ASSERT_NE(tunable, nullptr);
    expectSameSettings(*force, *tunable);
    // The rest is OpenMM's: equal if its text is.
    EXPECT_EQ(toXml(*tunable), xml);
    EXPECT_EQ(tunable->getName(), "a name");
    EXPECT_EQ(tunable->getNumExceptionParameterOffsets(), 1);
}

/** Version 1 was written before there was ESP, and computes what it did. */
TEST(TunablePMEForceSerialization, oldVersionIsRead) {
    const string xml = replaceOnce(replaceOnce(toXml(*makeForce()), " kSpaceMethod=\"esp\"", ""),
                                   "TunablePMEForce\" version=\"2\"", "TunablePMEForce\" version=\"1\"");
    const auto copy = fromXml(xml);
    const auto& force = dynamic_cast<const TunablePMEForce&>(*copy);
    EXPECT_EQ(force.getKSpaceMethod(), TunablePMEForce::SPME);
    EXPECT_EQ(force.getSplineOrder(), 7);
}

TEST(TunablePMEForceSerialization, systemKeepsTheClass) {
    System system;
    system.addParticle(1);
    system.addParticle(1);
    system.addForce(makeForce().release());
    const std::unique_ptr<System> copy(XmlSerializer::clone(system));
    EXPECT_NE(dynamic_cast<TunablePMEForce*>(&copy->getForce(0)), nullptr);
}

TEST(TunablePMEForceSerialization, conversionKeepsEverything) {
    const auto force = makeForce();
    expectSameSettings(TunablePMEForce(*force), *force);
    EXPECT_EQ(toXml(TunablePMEForce(*force)), toXml(*force));
    const NonbondedForce plain(*force);
    TunablePMEForce converted(plain);
    expectSameSettings(converted, TunablePMEForce());
    std::stringstream expected, found;
    XmlSerializer::serialize<Force>(&plain, "Force", expected);
    const NonbondedForce back(converted);
    XmlSerializer::serialize<Force>(&back, "Force", found);
    EXPECT_EQ(found.str(), expected.str());
}

TEST(TunablePMEForceSerialization, damagedXmlIsRefused) {
    const string xml = toXml(*makeForce());
    const auto readWith = [&](const string& from, const string& to) {
        return [=] { fromXml(replaceOnce(xml, from, to)); };
    };
    expectException(readWith(" splineOrder=\"7\"", " splineOrder=\"9\""), "spline order must be 4 to 8; got 9");
    expectException(readWith(" splineOrder=\"7\"", " splineOrder=\"x\""), "splineOrder");
    expectException(readWith(" splineOrder=\"7\"", ""), "splineOrder");
    expectException(readWith("\"bfloat16\"", "\"int8\""), "setConvolutionPrecision");
    expectException(readWith("\"bfloat16\"", "\"half\""), "half");
    expectException(readWith("forceErrorTolerance=\"", "forceErrorTolerance=\"-"), "tolerance must be positive");
    expectException(readWith("kSpaceMethod=\"esp\"", "kSpaceMethod=\"pppm\""), "automatic, spme or esp; got 'pppm'");
    expectException(readWith("TunablePMEForce\" version=\"2\"", "TunablePMEForce\" version=\"3\""),
                    "update openmm-surrogate");
}
